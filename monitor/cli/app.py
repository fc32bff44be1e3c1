"""The words of the command line, and where each command is; none is imported before it is used."""

from __future__ import annotations

from collections.abc import Mapping

from cyclopts import App, Group, Parameter

from ecgmon.monitor.cli.options import OPTIONS
from ecgmon.monitor.core.version import __version__

_ABOUT = """\
Watch a heart: every beat of an ECG found, classified, explained and, where needed, alarmed, \
within a fraction of a second. This is not a medical device.

Three ways to begin:
  ecgmon demo                     see it work on a real record
  ecgmon replay 200 --speed 10    a record, ten times as fast as life
  ecgmon devices                  what is connected here, and how to read it
"""

_MORE = """\
examples:
  ecgmon replay 200 207 --window           two patients in the window
  ecgmon run --source replay:200           the same loop, by source address
  ecgmon run --config configs/replay.toml  settings from a file
  ecgmon help replay                       options and examples of a command

exit codes:
  0 done   2 command line   3 settings   4 missing extra   5 record   6 model
  7 source   8 output   9 plug-in   10 signal   11 another system
  70 internal fault   130 stopped by Ctrl-C
  20 unknown device   21 no port   22 port busy   23 port not permitted
  24 unreadable    25 broker refuses   26 certificate   27 no broker
  28 bridge's store   29 nothing heard
"""

_PLACE = "ecgmon.monitor.cli.commands"

_COMMANDS: Mapping[str, Mapping[str, str]] = {
    "Watch": {
        "demo": "See it work on a real record.",
        "replay": "Play records as if a device sent them (run --source replay:RECORD).",
        "run": "Run sources through the monitor until they end or Ctrl-C.",
        "dashboard": "Open the window (run --window).",
    },
    "Devices": {
        "devices": "List serial ports and the devices that can be read; listen at one.",
        "bridge": "Carry a serial device to an MQTT broker.",
        "simulate": "Pretend to be a device, or a crowd of them.",
    },
    "Service": {
        "events": "Look into stored events.",
        "status": "Show how a running service is doing.",
        "acknowledge": "Acknowledge alarms of a running service.",
        "silence": "Silence what sounds now.",
        "pause": "Pause alarm signals; new ones of high priority break through.",
        "resume": "End a pause and all silences.",
        "doctor": "Check what the monitor needs, and say how to mend it.",
        "install-service": "Install the monitor as a service of systemd.",
    },
    "Models": {
        "models": "List the beat classifiers.",
        "explain": "Show why one beat was named so: Grad-CAM, SHAP and a deletion mask.",
        "evaluate": "Score beats, rhythms, alarms or explanations of annotated records.",
        "train": "Train a shipped model again.",
    },
    "Help": {
        "plugins": "List the parts that other packages add.",
        "help": "Show the help of a command.",
        "completion": "Let the shell complete commands and options.",
    },
}
"""Group, name and line of help; the file of a command is called as it is."""


def build_app() -> App:
    """Return the command line with all its commands."""
    groups = {title: Group(title, sort_key=place) for place, title in enumerate(_COMMANDS)}
    app = App(
        name="ecgmon",
        help=_ABOUT,
        help_epilogue=_MORE,
        help_format="plaintext",
        version=f"ecgmon {__version__}",
        group_parameters=OPTIONS,
        default_parameter=Parameter(negative=(), allow_repeating=True),
        suppress_keyboard_interrupt=False,
        print_error=False,
        exit_on_error=False,
    )
    for title, commands in _COMMANDS.items():
        for place, (name, line) in enumerate(commands.items()):
            path = f"{_PLACE}.{name.replace('-', '_')}:app"
            app.command(path, name=name, help=line, group=groups[title], sort_key=place)
    app.command(
        "ecgmon.monitor.cli.debugged:debugged",
        name="--debug",
        help="Run a command; show the traceback of an internal fault.",
        group=groups["Help"],
        help_flags=[],
        version_flags=[],
    )
    for flag in ("--help", "--version"):
        app[flag].group = (groups["Help"],)
    return app
