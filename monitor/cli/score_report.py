"""How a scorer ends: the tables are printed, and kept with their pictures where that is asked for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecgmon.monitor.evaluation.table import Draw, Table


def tell(
    tables: Mapping[str, Table],
    folder: Path | None,
    pictures: Mapping[str, Draw],
    headline: str = "",
    *,
    named: bool = False,
) -> int:
    """Print tables, save them and the pictures, and return the exit code.

    Parameters
    ----------
    tables, pictures : mapping
        By the name of the file.
    folder : Path or None
        Where they are kept; None keeps nothing.
    headline : str
        What stands above.
    named : bool
        Each table has its name above it.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    from ecgmon.monitor.evaluation.table import save

    above = f"{headline}\n\n" if headline else ""
    texts = [(f"{name}\n" if named else "") + table.to_text() for name, table in tables.items()]
    sys.stdout.write(above + "\n".join(texts))
    if folder is not None:
        save(folder, tables, pictures)
    return 0


def extent(durations_s: list[float]) -> str:
    """Return how many records there are, and how long they last together."""
    return f"{len(durations_s)} records, {sum(durations_s) / 3600:.1f} hours"
