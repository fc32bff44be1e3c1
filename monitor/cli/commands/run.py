"""The command ``run``: the one loop that the others are short words for, also as a service or a ward."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ecgmon.monitor.cli.addresses import SOURCE_ADDRESSES, as_source
from ecgmon.monitor.cli.options import CommandLine, Flag, LoopOptions, Sources, Whole, command
from ecgmon.monitor.core.errors import UsageError

if TYPE_CHECKING:
    from ecgmon.monitor.run.settings import MonitorSettings

_EXAMPLES = f"""\
{SOURCE_ADDRESSES}
examples:
  ecgmon run --source replay:200 --events events.jsonl
  ecgmon run --source 'replay:200?start_s=600' --source replay:207 --window
  ecgmon run --config configs/raspberry-pi.toml
"""

app = command("run", _EXAMPLES)


@app.default
def run(
    *,
    source: Sources = (),
    service: Flag = False,
    workers: Whole = None,
    worker: Annotated[str | None, Parameter(show=False)] = None,
    options: LoopOptions | None = None,
    command_line: CommandLine,
) -> int:
    """Run the sources that the options or the settings name.

    Parameters
    ----------
    source : str
        Where samples come from; may be given again.
    service : bool
        As a service; see 'ecgmon install-service'.
    workers : int, optional
        As a service of N processes, for a ward.
    worker : str, optional
        Which of them this is.
    options : LoopOptions
        How.
    command_line : tuple of str
        All words, for the processes of a ward.
    """
    from ecgmon.monitor.cli.loop import run_loop
    from ecgmon.monitor.headless.sharing import useful_workers
    from ecgmon.monitor.headless.ward import run_ward

    options = options or LoopOptions()
    read = partial(_settings, options, source, service, workers, worker)
    settings = read()
    shown = settings.window or options.tui
    if shown and (service or workers is not None):
        raise UsageError(
            f"A service shows nothing, so {'--service' if service else '--workers'} does not go with "
            f"{'--tui' if options.tui else 'the window'}.",
            "Leave one of them out, or add --headless.",
        )
    if settings.service is not None and not shown:
        count = useful_workers(settings)
        if count > 1:
            return run_ward(settings, command_line, count)
    return run_loop(settings, tui=options.tui, reload=read if options.config is not None else None)


def _settings(
    options: LoopOptions, source: tuple[str, ...], service: bool, workers: int | None, worker: str | None
) -> MonitorSettings:
    """Return the settings of ``run``; those of its part if it is one worker of several."""
    from ecgmon.monitor.cli.loop import settings_from
    from ecgmon.monitor.headless.sharing import part_of
    from ecgmon.monitor.run.service_settings import ServiceSettings

    settings = settings_from(options, [as_source(text) for text in source], workers=workers)
    if service and settings.service is None:
        settings = settings.model_copy(update={"service": ServiceSettings()})
    if worker is None:
        return settings
    place, _, count = worker.partition("/")
    return part_of(settings, int(place), int(count))
