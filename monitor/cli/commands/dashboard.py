"""The command ``dashboard``: the window."""

from __future__ import annotations

from ecgmon.monitor.cli.addresses import SOURCE_ADDRESSES, as_source
from ecgmon.monitor.cli.options import LoopOptions, Sources, command

_EXAMPLES = f"""\
{SOURCE_ADDRESSES}
examples:
  ecgmon dashboard
  ecgmon dashboard --source replay:200 --source replay:207
  ecgmon dashboard --config configs/desktop.toml
"""

app = command("dashboard", _EXAMPLES)


@app.default
def dashboard(*, source: Sources = (), options: LoopOptions | None = None) -> int:
    """Run with the window; without a source it waits for one to be chosen.

    Parameters
    ----------
    source : str
        Where samples come from; may be given again.
    options : LoopOptions
        How.
    """
    from ecgmon.monitor.cli.loop import run_loop, settings_from

    options = options or LoopOptions()
    settings = settings_from(options, [as_source(text) for text in source], window=True)
    return run_loop(settings, tui=options.tui)
