"""The command ``demo``: a real record, with whatever display there is."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from ecgmon.monitor.cli.display import display_named, qt_binding
from ecgmon.monitor.cli.options import OPTIONS, Flag, Seconds, Speed, command, one_of
from ecgmon.monitor.core.errors import MissingExtraError

if TYPE_CHECKING:
    from ecgmon.monitor.run.settings import MonitorSettings

RECORD = "200"
START_S = 96.0
"""Some seconds before a run of ventricular beats."""

_EXAMPLES = """\
Record 200 of the MIT-BIH Arrhythmia Database, at the speed of life, from where
something happens: in the window if there is a display, else in the terminal.
"""

_DISPLAY = Group(validator=one_of)

app = command("demo", _EXAMPLES)


@app.default
def demo(
    *,
    tui: Annotated[Flag, Parameter(group=(OPTIONS, _DISPLAY))] = False,
    headless: Annotated[Flag, Parameter(group=(OPTIONS, _DISPLAY))] = False,
    speed: Annotated[Speed, Parameter(show_default="1")] = None,
    duration: Seconds = None,
) -> int:
    """Play record 200 in the window, else in the terminal, else as a log.

    Parameters
    ----------
    tui : bool
        Draw in the terminal even if there is a display.
    headless : bool
        Only print the log.
    speed : str, optional
        Times the speed of life, or max.
    duration : float, optional
        Stop after S seconds of signal.
    """
    from ecgmon.monitor.cli.headless import run_headless
    from ecgmon.monitor.cli.loop import window_runner

    settings = demo_settings(speed, duration)
    if not headless and not tui and window_possible():
        try:
            show = window_runner()
        except MissingExtraError as error:
            sys.stderr.write(f"{error}\n")
        else:
            return show(settings, lambda _: [])
    if not headless and (tui or sys.stdout.isatty()):
        from ecgmon.monitor.cli.terminal import run_terminal

        return run_terminal(settings, [])
    return run_headless(settings, [])


def demo_settings(speed: str | None = None, duration_s: float | None = None) -> MonitorSettings:
    """Return the settings of the demo."""
    from ecgmon.monitor.run.settings import load_settings

    replay = {"start_s": START_S, **({"speed": speed} if speed is not None else {})}
    limit = {"duration_s": duration_s} if duration_s is not None else {}
    return load_settings(None, {"sources": (f"replay:{RECORD}",), "replay": replay, **limit})


def window_possible() -> bool:
    """Tell whether Qt is installed and a display is named."""
    return importlib.util.find_spec("pyqtgraph") is not None and qt_binding() is not None and display_named()
