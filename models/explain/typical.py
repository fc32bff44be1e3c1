"""Chooses typical beats of training patients: of each patient and class the one nearest the median."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.windows import MARGIN_SAMPLES, read_beats
from monitor.dsp.segment import normalise

WANTED = {
    "N": ("101", "112", "115", "122", "205", "230"),
    "L": ("109", "207"),
    "R": ("118", "124"),
    "A": ("118", "209", "223"),
    "V": ("106", "116", "119", "208", "215"),
    "F": ("208", "223"),
}
"""Training patients (`sim.splits.DS1`, none also in `DS2`) that give a beat of each kind."""


@dataclass(frozen=True, slots=True, eq=False)
class TypicalBeat:
    """One background beat.

    Parameters
    ----------
    record, symbol : str
        Whose it is and of what kind.
    window : float32 array of shape (360,)
        Clean, mean 0 and standard deviation 1.
    """

    record: str
    symbol: str
    window: NDArray[np.float32]


def choose_typical(folder_of: Callable[[str], Path]) -> list[TypicalBeat]:
    """Return a typical beat of each kind and patient of `WANTED`.

    Parameters
    ----------
    folder_of : callable
        Gives the folder of a record's files.

    Raises
    ------
    RecordError
        A record is not there.
    """
    chosen = []
    for symbol, records in WANTED.items():
        for record in records:
            beats = read_beats(folder_of(record), record, [symbol])
            windows = normalise(beats.windows_mv[:, 0, MARGIN_SAMPLES:-MARGIN_SAMPLES])
            distance = np.abs(windows - np.median(windows, axis=0)).sum(axis=1)
            chosen.append(TypicalBeat(record, symbol, windows[int(distance.argmin())]))
    return chosen
