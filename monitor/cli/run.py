"""The commands ``run``, ``replay`` and ``dashboard``: settings from the arguments, then the loop."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ecgmon.monitor.cli.display import SYSTEM_LIBRARIES, display_problem, qt_binding
from ecgmon.monitor.cli.headless import run_headless
from ecgmon.monitor.core.errors import MissingExtraError, UsageError
from ecgmon.monitor.headless.sharing import part_of, useful_workers
from ecgmon.monitor.headless.ward import run_ward
from ecgmon.monitor.outputs.annotations import AnnotationOutput
from ecgmon.monitor.outputs.base import Output
from ecgmon.monitor.outputs.build import build_outputs
from ecgmon.monitor.outputs.jsonl import JsonLinesOutput
from ecgmon.monitor.run.service_settings import ServiceSettings
from ecgmon.monitor.run.settings import MonitorSettings, load_settings

WINDOW_MODULE = "ecgmon.monitor.dashboard.app"
TERMINAL_MODULE = "ecgmon.monitor.cli.terminal"
"""Imported when shown, so that a headless run carries neither Qt nor rich."""

OutputMaker = Callable[[bool], list[Output]]
"""Makes the outputs of a run; True for one that follows another and must not replace what it wrote."""

WindowRunner = Callable[[MonitorSettings, OutputMaker], int]


def run(arguments: argparse.Namespace) -> int:
    """Run the sources that the arguments or the settings name."""
    read = partial(_service_settings, arguments)
    settings = read()
    if settings.service is not None and not settings.window and not arguments.tui:
        count = useful_workers(settings)
        if count > 1:
            return run_ward(settings, arguments.command_line, count)
    return run_loop(settings, tui=arguments.tui, reload=read if arguments.config is not None else None)


def replay(arguments: argparse.Namespace) -> int:
    """Run replays of the records named."""
    sources = [replay_address(record) for record in arguments.records]
    return run_loop(settings_from(arguments, sources), tui=arguments.tui)


def dashboard(arguments: argparse.Namespace) -> int:
    """Run with the window; without a source it waits for one to be chosen."""
    if arguments.window is None:
        arguments.window = True
    return run_loop(settings_from(arguments, arguments.source), tui=arguments.tui)


def replay_address(record: str) -> str:
    """Return the source address of a record."""
    return f"replay:{quote(record, safe='/~')}"


def settings_from(arguments: argparse.Namespace, sources: list[str] | None) -> MonitorSettings:
    """Return the settings of the file named, changed by the other arguments.

    Raises
    ------
    SettingsError
        The file or a value is refused.
    """
    console = "json" if arguments.json else "quiet" if arguments.quiet else None
    changes = {
        "sources": tuple(sources) if sources else None,
        "window": arguments.window,
        "duration_s": arguments.duration,
        "replay": {
            "speed": arguments.speed,
            "channel": arguments.channel,
            "chunk_samples": arguments.chunk,
            "data_dir": arguments.data_dir,
        },
        "pipeline": {"classifier": {"model": arguments.model}},
        "service": {"workers": getattr(arguments, "workers", None)},
        "outputs": {"events": arguments.events, "annotations": arguments.annotations, "console": console},
    }
    return load_settings(arguments.config, _given(changes))


def _service_settings(arguments: argparse.Namespace) -> MonitorSettings:
    """Return the settings of ``run``; those of its part if it is one worker of several."""
    settings = settings_from(arguments, arguments.source)
    if arguments.service and settings.service is None:
        settings = settings.model_copy(update={"service": ServiceSettings()})
    if arguments.worker is None:
        return settings
    place, _, count = arguments.worker.partition("/")
    return part_of(settings, int(place), int(count))


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
    outputs = build_outputs(settings.outputs, settings.names())
    if settings.outputs.annotations is not None:
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
    if qt_binding() is not None and (problem := display_problem()):
        raise MissingExtraError(
            f"The window cannot be opened: {problem}.",
            "Use a desktop session, or do without: --tui or --headless.",
        )
    try:
        runner: WindowRunner = importlib.import_module(WINDOW_MODULE).run_window
    except ImportError as error:
        # a shared object is named where Qt is there and a library of the system is not
        hint = SYSTEM_LIBRARIES if ".so" in str(error) else "Install it: pip install 'ecgmon[gui]'"
        raise MissingExtraError(
            f"The window cannot be opened ({error}).", f"{hint}; or do without."
        ) from error
    return runner


def _given(tree: dict[str, Any]) -> dict[str, Any]:
    """Return the tree without what was not given."""
    pruned = {key: _given(value) if isinstance(value, dict) else value for key, value in tree.items()}
    return {key: value for key, value in pruned.items() if value is not None and value != {}}
