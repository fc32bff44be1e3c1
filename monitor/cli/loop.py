"""What the commands that run the loop share: settings from their options, outputs, and where it is shown."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ecgmon.monitor.cli.headless import run_headless
from ecgmon.monitor.cli.options import LoopOptions
from ecgmon.monitor.core.errors import MissingExtraError, UsageError
from ecgmon.monitor.core.extras import install_command
from ecgmon.monitor.outputs.base import Output
from ecgmon.monitor.outputs.build import build_outputs
from ecgmon.monitor.outputs.jsonl import JsonLinesOutput
from ecgmon.monitor.run.settings import MonitorSettings, load_settings

WINDOW_MODULE = "ecgmon.monitor.dashboard.app"
TERMINAL_MODULE = "ecgmon.monitor.cli.terminal"
"""Imported when shown, so that a headless run carries neither Qt nor rich."""

OutputMaker = Callable[[bool], list[Output]]
"""Makes the outputs of a run; True for one that follows another and must not replace what it wrote."""

WindowRunner = Callable[[MonitorSettings, OutputMaker], int]


def settings_from(
    options: LoopOptions,
    sources: Sequence[str] = (),
    *,
    workers: int | None = None,
    window: bool | None = None,
) -> MonitorSettings:
    """Return the settings of the file named, changed by the other options.

    Parameters
    ----------
    options : LoopOptions
        What was given.
    sources : sequence of str
        Source addresses; those of the settings if there are none.
    workers : int, optional
        Processes of a service.
    window : bool, optional
        What is shown where the options do not say.

    Raises
    ------
    SettingsError
        The file or a value is refused.
    UsageError
        An option would have no effect.
    """
    changes = {
        "sources": tuple(sources) or None,
        "window": window if options.in_window is None else options.in_window,
        "duration_s": options.duration,
        "replay": {
            "speed": options.speed,
            "channel": options.channel,
            "chunk_samples": options.chunk,
            "data_dir": options.data_dir,
        },
        "pipeline": {"classifier": {"model": options.model}},
        "service": {"workers": workers},
        "outputs": {
            "events": options.events,
            "annotations": options.annotations,
            "console": options.console,
        },
    }
    settings = load_settings(options.config, _given(changes))
    if options.console is not None and (options.tui or settings.window):
        raise UsageError(
            f"--{options.console} is about the printed log, which {'--tui' if options.tui else 'the window'} "
            "replaces.",
            "Leave it out, or add --headless; --events FILE writes JSON lines anyway.",
        )
    return settings


def run_loop(
    settings: MonitorSettings, *, tui: bool = False, reload: Callable[[], MonitorSettings] | None = None
) -> int:
    """Run the monitor in the window, live in the terminal, or with a log.

    Parameters
    ----------
    settings : MonitorSettings
        What to run.
    tui : bool
        Draw in the terminal.
    reload : callable, optional
        Reads the settings anew, for a service.

    Raises
    ------
    EcgmonError
        It cannot run.
    """
    if settings.window and not tui:
        return window_runner()(settings, partial(stored, settings))
    if not settings.sources:
        raise UsageError(
            "No source is named.", "Give --source ADDRESS, such as replay:200, or --config FILE."
        )
    if tui:
        return int(importlib.import_module(TERMINAL_MODULE).run_terminal(settings, stored(settings)))
    return run_headless(settings, stored(settings), reload)


def stored(settings: MonitorSettings, follows: bool = False) -> list[Output]:
    """Return the outputs that keep events and those that announce them.

    Parameters
    ----------
    settings : MonitorSettings
        What is asked for.
    follows : bool
        Another run wrote before: add to its file of events.
    """
    service = settings.service
    outbox = service.state.with_suffix(".outbox") if service is not None else None
    outputs = build_outputs(settings.outputs, settings.names(), outbox)
    if settings.outputs.annotations is not None:
        from ecgmon.monitor.outputs.annotations import AnnotationOutput

        outputs.append(AnnotationOutput(settings.outputs.annotations))
    if settings.outputs.events is not None and settings.outputs.events != Path("-"):
        outputs.append(JsonLinesOutput(settings.outputs.events, append=follows))
    return outputs


def window_runner() -> WindowRunner:
    """Return the function that runs the window.

    Raises
    ------
    MissingExtraError
        Qt or pyqtgraph is not installed, or no display can be used.
    """
    from ecgmon.monitor.cli.display import SYSTEM_LIBRARIES, display_problem, qt_binding

    if qt_binding() is not None and (problem := display_problem()):
        raise MissingExtraError(
            f"The window cannot be opened: {problem}.",
            "Use a desktop session, or do without: --tui or --headless.",
        )
    try:
        runner: WindowRunner = importlib.import_module(WINDOW_MODULE).run_window
    except ImportError as error:
        # a shared object is named where Qt is there and a library of the system is not
        hint = SYSTEM_LIBRARIES if ".so" in str(error) else f"Install it: {install_command('gui')}"
        raise MissingExtraError(
            f"The window cannot be opened ({error}).", f"{hint}; or do without."
        ) from error
    return runner


def _given(tree: dict[str, Any]) -> dict[str, Any]:
    """Return the tree without what was not given."""
    pruned = {key: _given(value) if isinstance(value, dict) else value for key, value in tree.items()}
    return {key: value for key, value in pruned.items() if value is not None and value != {}}
