"""The words of the command line, and the help that teaches them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ecgmon.monitor.cli.device_parser import add_device_commands
from ecgmon.monitor.cli.evaluate_parser import add_evaluate
from ecgmon.monitor.cli.explain_parser import EXPLAIN_EXAMPLES, EXPLAIN_HELP, add_explain
from ecgmon.monitor.cli.service_parser import add_service_commands
from ecgmon.monitor.core.version import __version__

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_ABOUT = """\
Watch a heart: every beat of an ECG found, classified, explained and, where needed, alarmed,
within a fraction of a second. This is not a medical device.
"""

_EXAMPLES = """\
examples:
  ecgmon demo                              see it work on a real record
  ecgmon replay 200 --speed 10             ten times as fast as life
  ecgmon replay 200 207 --window           two patients in the window
  ecgmon run --source replay:200           the same loop, by source address
  ecgmon run --config configs/replay.toml  settings from a file

exit codes:
  0 done   2 command line   3 settings   4 missing extra   5 record   6 model
  7 source   8 output   9 plug-in   70 internal fault
  20 unknown device   21 no port   22 port busy   23 port not permitted   24 wrong speed
  25 broker refuses   26 certificate   27 no broker   28 bridge's store
"""

_SOURCES = """\
source addresses:
  replay:200                        record 200 of the MIT-BIH Arrhythmia Database
  replay:svdb/800?speed=max         another database, as fast as possible
  replay:./folder/rec?channel=V1    files of your own, lead by name
  serial:/dev/ttyUSB0?device=cyton  a device on a port; see 'ecgmon devices'
  mqtt://broker/ecg/+/raw           every device that publishes there (mqtts: with TLS)
"""

_RUN_EXAMPLES = f"""\
{_SOURCES}
examples:
  ecgmon run --source replay:200 --events events.jsonl
  ecgmon run --source 'replay:200?start_s=600' --source replay:207 --window
  ecgmon run --config configs/raspberry-pi.toml
"""

_TRAIN_EXAMPLES = """\
examples:
  ecgmon train adaptive                          train, or go on with a run that was stopped
  ecgmon train adaptive train --data-dir ~/ecg   with the folder that holds mitdb and svdb
  ecgmon train arrhythminet train --help         what can be chosen
ECGMON_DATA names the folder of the databases. Ctrl-C stops; the same command goes on.
"""

_REPLAY_EXAMPLES = """\
examples:
  ecgmon replay 200
  ecgmon replay 200 --speed max --annotations out --events out/200.jsonl
  ecgmon replay 100 --data-dir ~/physionet --channel 1 --duration 60
  ecgmon replay svdb/800 --json

A record is searched in --data-dir if given; else in the folder that ECGMON_DATA names, among the
bundled records (100, 200, 207, 232), in the cache, and at PhysioNet.
"""

_DASHBOARD_EXAMPLES = f"""\
{_SOURCES}
examples:
  ecgmon dashboard
  ecgmon dashboard --source replay:200 --source replay:207
  ecgmon dashboard --config configs/desktop.toml
"""

_DEMO_ABOUT = """\
Record 200 of the MIT-BIH Arrhythmia Database, at the speed of life, from where something happens:
in the window if there is a display, else drawn in the terminal.
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; it leaves in ``command`` what to call."""
    parser = argparse.ArgumentParser(
        prog="ecgmon",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"ecgmon {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an internal fault")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    _add_run(commands)
    _add_replay(commands)
    _add_dashboard(commands)
    _add_demo(commands)
    _add(commands, "models", "ecgmon.monitor.cli.models:models", "list the beat classifiers", "")
    _add_train(commands)
    add_evaluate(commands)
    add_explain(
        _add(commands, "explain", "ecgmon.monitor.cli.explain:explain_beat", EXPLAIN_HELP, EXPLAIN_EXAMPLES)
    )
    add_service_commands(commands, _add)
    add_device_commands(commands, _add)
    return parser


def _add_train(commands: Commands) -> None:
    train = _add(
        commands, "train", "ecgmon.monitor.cli.train:train", "train a shipped model again", _TRAIN_EXAMPLES
    )
    models = ("adaptive", "arrhythminet", "rpeak", "vf", "af", "quality")
    train.add_argument("what", choices=models, help="which model")
    train.add_argument("words", nargs=argparse.REMAINDER, help="a command of that training; 'train' without")


def _add(commands: Commands, name: str, command: str, help_line: str, epilog: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=help_line,
        description=f"{help_line[0].upper()}{help_line[1:]}.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(command=command)
    return parser


def _add_run(commands: Commands) -> None:
    line = "run sources through the monitor until they end or Ctrl-C"
    run = _add(commands, "run", "ecgmon.monitor.cli.run:run", line, _RUN_EXAMPLES)
    _add_source(run)
    run.add_argument("--service", action="store_true", help="as a service; see 'ecgmon install-service'")
    run.add_argument("--workers", type=int, metavar="N", help="as a service of N processes, for a ward")
    run.add_argument("--worker", help=argparse.SUPPRESS)
    _add_loop(run)


def _add_replay(commands: Commands) -> None:
    line = "play records as if a device sent them (run --source replay:RECORD)"
    replay = _add(commands, "replay", "ecgmon.monitor.cli.run:replay", line, _REPLAY_EXAMPLES)
    replay.add_argument("records", nargs="+", metavar="RECORD", help="such as 200, svdb/800 or ./folder/200")
    _add_loop(replay)


def _add_dashboard(commands: Commands) -> None:
    line = "open the window (run --window)"
    dashboard = _add(commands, "dashboard", "ecgmon.monitor.cli.run:dashboard", line, _DASHBOARD_EXAMPLES)
    _add_source(dashboard)
    _add_loop(dashboard)


def _add_demo(commands: Commands) -> None:
    demo = _add(commands, "demo", "ecgmon.monitor.cli.demo:demo", "see it work on a real record", _DEMO_ABOUT)
    how = demo.add_mutually_exclusive_group()
    how.add_argument("--tui", action="store_true", help="draw in the terminal even if there is a display")
    how.add_argument("--headless", action="store_true", help="only print the log")
    demo.add_argument("--speed", metavar="S", help="times the speed of life, or max")
    demo.add_argument("--duration", type=float, metavar="S", help="stop after S seconds of signal")


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source", action="append", metavar="ADDRESS", help="where samples come from; may be given again"
    )


def _add_loop(parser: argparse.ArgumentParser) -> None:
    """Add what every command that runs the loop understands; what is left out stays as in the settings."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML); options here win")
    parser.add_argument("--model", metavar="NAME|FILE", help="beat classifier; see 'ecgmon models'")
    parser.add_argument("--duration", type=float, metavar="S", help="stop after S seconds of signal")

    replay = parser.add_argument_group("replay")
    replay.add_argument("--speed", metavar="S", help="times the speed of life, or max")
    replay.add_argument("--channel", metavar="K", help="number (from 0) or name of the lead to analyse")
    replay.add_argument("--chunk", type=int, metavar="N", help="samples in a block")
    replay.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of the record or of databases")

    output = parser.add_argument_group("output")
    output.add_argument(
        "--annotations", type=Path, metavar="DIR", help="write WFDB annotations DIR/DEVICE.ecgmon"
    )
    output.add_argument("--events", type=Path, metavar="FILE", help="write JSON lines; - is standard output")
    shown = output.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="print JSON lines in place of the log")
    shown.add_argument("--quiet", action="store_true", help="print alarms and the summary only")
    where = output.add_mutually_exclusive_group()
    where.add_argument("--tui", action="store_true", help="show it live in the terminal")
    where.add_argument("--window", action="store_true", default=None, help="show it in the window")
    where.add_argument(
        "--headless",
        action="store_false",
        dest="window",
        help="no window (as is usual; wins over the settings)",
    )
