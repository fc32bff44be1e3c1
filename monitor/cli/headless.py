"""Runs the loop without a window: prints the log, ends cleanly, sums up."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Sequence
from typing import IO

from ecgmon.monitor.core.platform import on_signals, run_async
from ecgmon.monitor.ingest.base import Source
from ecgmon.monitor.ingest.registry import open_sources
from ecgmon.monitor.ingest.replay import ReplaySource
from ecgmon.monitor.outputs.base import Output
from ecgmon.monitor.outputs.console import ConsoleOutput
from ecgmon.monitor.outputs.jsonl import STANDARD_OUTPUT, JsonLinesOutput
from ecgmon.monitor.outputs.words import clock
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.service_settings import ServiceSettings
from ecgmon.monitor.run.settings import MonitorSettings

PROGRESS_PERIOD_S = 0.25


def run_headless(
    settings: MonitorSettings, outputs: Sequence[Output], reload: Callable[[], MonitorSettings] | None = None
) -> int:
    """Run until the sources end or somebody presses Ctrl-C; print a summary.

    Parameters
    ----------
    settings : MonitorSettings
        What to run.
    outputs : sequence of Output
        Outputs besides the console.
    reload : callable, optional
        Reads the settings anew, for a service.

    Raises
    ------
    EcgmonError
        It cannot run or cannot write.
    """
    sources = open_sources(settings.sources, settings)
    json = settings.outputs.console == "json" or settings.outputs.events == STANDARD_OUTPUT
    shown: Output = (
        JsonLinesOutput(STANDARD_OUTPUT) if json else ConsoleOutput(quiet=settings.outputs.console == "quiet")
    )
    monitor = Monitor(settings, sources, [*outputs, shown], duration_s=settings.duration_s, shown=False)
    log_on_terminal = sys.stdout.isatty() and settings.outputs.console == "log"
    if settings.service is not None:
        run = serve(monitor, settings.service, reload)
    else:
        run = run_until_stopped(monitor, progress=sys.stderr.isatty() and not log_on_terminal)
    try:
        run_async(run)
    finally:
        if monitor.finished:
            print_summary(monitor, sys.stderr if json else sys.stdout)
    return 0


async def serve(
    monitor: Monitor, service: ServiceSettings, reload: Callable[[], MonitorSettings] | None
) -> None:
    """Run the monitor as a service: watchdog, local socket, state over restarts."""
    from ecgmon.monitor.headless.attendant import attended
    from ecgmon.monitor.headless.systemd import log_to_journal

    log_to_journal()
    async with attended(monitor, service, reload):
        await run_until_stopped(monitor)


async def run_until_stopped(monitor: Monitor, *, progress: bool = False) -> None:
    """Run the monitor; SIGINT and SIGTERM end it cleanly, a second one at once."""
    heard = contextlib.ExitStack()

    def stop() -> None:
        heard.close()
        monitor.stop()

    heard.enter_context(on_signals({"SIGINT": stop, "SIGTERM": stop}))
    watcher = asyncio.create_task(_show_progress(monitor.sources, sys.stderr)) if progress else None
    try:
        await monitor.run()
    finally:
        heard.close()
        if watcher is not None:
            watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watcher


def print_summary(monitor: Monitor, stream: IO[str]) -> None:
    """Print what the run amounted to."""
    with contextlib.suppress(BrokenPipeError):
        stream.write("\n" + "\n".join(monitor.summary.lines()) + "\n")
        stream.flush()


async def _show_progress(sources: Sequence[Source], stream: IO[str]) -> None:
    """Keep one line on how far the replays are; leave none behind."""
    try:
        while True:
            await asyncio.sleep(PROGRESS_PERIOD_S)
            replays = [
                source.controls
                for source in sources
                if isinstance(source, ReplaySource) and source.controls is not None
            ]
            if replays:
                done = sum(replay.position_s for replay in replays)
                whole = sum(replay.duration_s for replay in replays)
                stream.write(f"\r{100 * done / whole:5.1f} %  {clock(done)} of {clock(whole)} ")
                stream.flush()
    finally:
        stream.write("\r\x1b[K")
        stream.flush()
