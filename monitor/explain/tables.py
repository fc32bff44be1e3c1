"""Tables of what the explanations are worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ecgmon.monitor.evaluation.table import Cell, Column, Table
from ecgmon.monitor.explain.measures import SHARES, area
from ecgmon.monitor.explain.proof import METHODS, BeatFigures
from ecgmon.monitor.explain.randomise import DEPTHS

Beats = Sequence[BeatFigures]


def proof_tables(beats: Beats) -> dict[str, Table]:
    """Return all tables, by name."""
    return {
        "fidelity": _fidelity(beats),
        "areas": _areas(beats),
        "pointing": _pointing(beats),
        "agreement": _agreement(beats),
        "sanity": _sanity(beats),
    }


def by_class(beats: Beats) -> dict[str, list[BeatFigures]]:
    """Return the beats of each class, and all of them."""
    order = "NLRAVF"
    kinds = sorted({beat.symbol for beat in beats}, key=order.index)
    return {kind: [beat for beat in beats if beat.symbol == kind] for kind in kinds} | {"all": list(beats)}


def _table(columns: list[Column], beats: Beats, row: Callable[[Beats], dict[str, Cell]]) -> Table:
    rows: list[dict[str, Cell]] = [
        {"class": kind, "beats": len(some), **row(some)} for kind, some in by_class(beats).items()
    ]
    return Table([Column("class", "class"), Column("beats", "beats"), *columns], rows[:-1], rows[-1:])


def _long(columns: list[Column], beats: Beats, row: Callable[[Beats, str], dict[str, Cell]]) -> Table:
    """Return a table with one row for each method and class."""
    rows: list[dict[str, Cell]] = [
        {"method": method, "class": kind, "beats": len(some), **row(some, method)}
        for method in METHODS
        for kind, some in by_class(beats).items()
    ]
    keys = [Column("method", "method"), Column("class", "class"), Column("beats", "beats")]
    return Table([*keys, *columns], rows)


def _fidelity(beats: Beats) -> Table:
    columns = [Column("whole", "whole beat")]
    for what in ("kept", "deleted"):
        columns += [Column(f"{what}_{share:g}", f"{what} {share:.0%}") for share in SHARES]

    def row(some: Beats, method: str) -> dict[str, Cell]:
        kept = np.mean([beat.maps[method].kept for beat in some], axis=0)
        deleted = np.mean([beat.maps[method].deleted for beat in some], axis=0)
        cells: dict[str, Cell] = {"whole": float(np.mean([beat.whole for beat in some]))}
        for place, share in enumerate(SHARES):
            cells[f"kept_{share:g}"] = float(kept[place])
            cells[f"deleted_{share:g}"] = float(deleted[place])
        return cells

    return _long(columns, beats, row)


def _areas(beats: Beats) -> Table:
    columns = [
        Column("deletion", "deletion (low is good)", 3),
        Column("insertion", "insertion (high is good)", 3),
    ]

    def row(some: Beats, method: str) -> dict[str, Cell]:
        return {
            "deletion": float(np.mean([area(beat.maps[method].deletion) for beat in some])),
            "insertion": float(np.mean([area(beat.maps[method].insertion) for beat in some])),
        }

    return _long(columns, beats, row)


def _pointing(beats: Beats) -> Table:
    columns = [Column(method, method) for method in METHODS[:3]]
    columns.append(Column("anywhere", "a peak anywhere"))

    def row(some: Beats) -> dict[str, Cell]:
        cells: dict[str, Cell] = {"anywhere": float(np.mean([beat.qrs_share for beat in some]))}
        for method in METHODS[:3]:
            hits = [hit for beat in some if (hit := beat.maps[method].at_qrs) is not None]
            cells[method] = float(np.mean(hits)) if hits else None
        return cells

    return _table(columns, beats, row)


def _agreement(beats: Beats) -> Table:
    first, second, third = METHODS[:3]
    pairs = [f"{first}, {second}", f"{first}, {third}", f"{second}, {third}"]
    columns = [Column(pair, pair.replace(", ", " and ")) for pair in pairs]
    columns[1:1] = [Column("low", "its quartiles: low"), Column("high", "high")]

    def row(some: Beats) -> dict[str, Cell]:
        values = _values(some, pairs[0])
        cells: dict[str, Cell] = {pair: _mean(_values(some, pair)) for pair in pairs}
        cells["low"] = float(np.quantile(values, 0.25)) if values else None
        cells["high"] = float(np.quantile(values, 0.75)) if values else None
        return cells

    return _table(columns, beats, row)


def _sanity(beats: Beats) -> Table:
    columns = [
        Column(f"{method}, {depth}", f"{method}, {depth} shuffled")
        for method in METHODS[:2]
        for depth in DEPTHS
    ]

    def row(some: Beats) -> dict[str, Cell]:
        return {column.key: _mean(_values(some, column.key)) for column in columns}

    return _table(columns, beats, row)


def _values(some: Beats, key: str) -> list[float]:
    return [value for beat in some if (value := beat.alike[key]) is not None]


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None
