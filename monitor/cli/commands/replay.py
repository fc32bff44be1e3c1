"""The command ``replay``: records as if a device sent them."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from ecgmon.monitor.cli.addresses import as_replay
from ecgmon.monitor.cli.options import LoopOptions, command

_EXAMPLES = """\
examples:
  ecgmon replay 200
  ecgmon replay 200 --speed max --annotations out --events out/200.jsonl
  ecgmon replay 100 --data-dir ~/physionet --channel 1 --duration 60
  ecgmon replay svdb/800 --json

A record is a name or a path. A name is searched in --data-dir if given; else in
the folder that ECGMON_DATA names, among the bundled records (100, 200, 207,
232), in the cache, and at PhysioNet.
"""

app = command("replay", _EXAMPLES)


@app.default
def replay(*records: Annotated[str, Parameter(required=True)], options: LoopOptions | None = None) -> int:
    """Run replays of the records named.

    Parameters
    ----------
    records : str
        Such as 200, svdb/800 or ./folder/200.
    options : LoopOptions
        How.
    """
    from ecgmon.monitor.cli.loop import run_loop, settings_from

    options = options or LoopOptions()
    sources = [as_replay(record) for record in records]
    return run_loop(settings_from(options, sources), tui=options.tui)
