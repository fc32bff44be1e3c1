"""The command ``demo``: a real record, with whatever display there is."""

from __future__ import annotations

import argparse
import importlib.util
import sys

from ecgmon.monitor.cli.display import display_named, qt_binding
from ecgmon.monitor.cli.headless import run_headless
from ecgmon.monitor.cli.run import window_runner
from ecgmon.monitor.cli.terminal import run_terminal
from ecgmon.monitor.core.errors import MissingExtraError
from ecgmon.monitor.run.settings import MonitorSettings, load_settings

RECORD = "200"
START_S = 96.0
"""Some seconds before a run of ventricular beats."""


def demo(arguments: argparse.Namespace) -> int:
    """Play record 200 in the window, else in the terminal, else as a log."""
    settings = demo_settings(arguments.speed, arguments.duration)
    if not arguments.headless and not arguments.tui and window_possible():
        try:
            show = window_runner()
        except MissingExtraError as error:
            sys.stderr.write(f"{error}\n")
        else:
            return show(settings, lambda _: [])
    if not arguments.headless and (arguments.tui or sys.stdout.isatty()):
        return run_terminal(settings, [])
    return run_headless(settings, [])


def demo_settings(speed: str | None = None, duration_s: float | None = None) -> MonitorSettings:
    """Return the settings of the demo."""
    replay = {"start_s": START_S, **({"speed": speed} if speed is not None else {})}
    limit = {"duration_s": duration_s} if duration_s is not None else {}
    return load_settings(None, {"sources": (f"replay:{RECORD}",), "replay": replay, **limit})


def window_possible() -> bool:
    """Tell whether Qt is installed and a display is named."""
    return importlib.util.find_spec("pyqtgraph") is not None and qt_binding() is not None and display_named()
