"""Keeps the leads of a stream in their places, whatever order and number a device sends them in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ecgmon.monitor.core.events import SampleBlock


def in_order(block: SampleBlock, leads: tuple[str, ...]) -> SampleBlock:
    """Return a block with its leads in the order of those known; others follow.

    Parameters
    ----------
    block : SampleBlock
        What a device sent.
    leads : tuple of str
        The leads so far, the analysed one first.
    """
    if block.leads == leads or len(block.leads) != block.samples_mv.shape[0]:
        return block
    left = list(range(len(block.leads)))
    order = []
    for name in leads:
        row = next((row for row in left if block.leads[row] == name), None)
        if row is not None:
            order.append(row)
            left.remove(row)
    order += left
    names = tuple(block.leads[row] for row in order)
    return replace(block, samples_mv=block.samples_mv[order], leads=names)


def shown_with(shown: tuple[str, ...], leads: tuple[str, ...], most: int) -> tuple[str, ...]:
    """Return what the rows of a picture show once a device sends other leads.

    A lead that is still there keeps its row; a new one takes the row of one that is gone, or a
    further one.

    Parameters
    ----------
    shown : tuple of str
        Names by row so far, the analysed lead first.
    leads : tuple of str
        Names of the leads sent now, the analysed one first.
    most : int
        The most rows there are.
    """
    rows = [leads[0], *shown[1:]]
    new = [name for name in leads[1:] if name not in rows[1:]]
    for row in range(1, len(rows)):
        if rows[row] not in leads[1:] and new:
            rows[row] = new.pop(0)
    return tuple((rows + new)[:most])


def by_row(block: SampleBlock, shown: tuple[str, ...]) -> SampleBlock:
    """Return a block whose rows are those of a picture; a lead that it lacks is missing.

    Parameters
    ----------
    block : SampleBlock
        A block with the analysed lead first.
    shown : tuple of str
        Names by row.
    """
    if block.leads[: len(shown)] == shown:
        return block
    missing = np.full(block.samples_mv.shape[1], np.nan)
    places = {name: row for row, name in reversed(list(enumerate(block.leads))) if row}
    rows = [block.samples_mv[places[name]] if name in places else missing for name in shown[1:]]
    return replace(block, samples_mv=np.stack([block.samples_mv[0], *rows]), leads=shown)
