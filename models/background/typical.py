"""Chooses typical beats of training patients: of each patient and class the one nearest the median."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgmon.models.common.windows import MARGIN_SAMPLES, read_beats
from ecgmon.monitor.dsp.segment import SegmentSettings, normalise

WIDE = SegmentSettings(before_samples=360, after_samples=216)
"""Window of the beats that are stored: models cut theirs out of it."""

WANTED = {
    "N": ("101", "112", "115", "122", "205", "230"),
    "L": ("109", "207"),
    "R": ("118", "124"),
    "A": ("118", "209", "223"),
    "V": ("106", "116", "119", "208", "215"),
    "F": ("208", "223"),
}
"""Training patients (of `ecg_codes.DS1`, none also in `DS2`) that give a beat of each kind."""


@dataclass(frozen=True, slots=True, eq=False)
class TypicalBeat:
    """One background beat.

    Parameters
    ----------
    record, symbol : str
        Whose it is and of what kind.
    window : float32 array of shape (576,)
        Clean, in millivolts, with the R wave at `WIDE`'s.
    """

    record: str
    symbol: str
    window: NDArray[np.float32]


def choose_typical(folder_of: Callable[[str], Path]) -> list[TypicalBeat]:
    """Return a typical beat of each kind and patient of `WANTED`; it is typical in the usual window.

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
    start = WIDE.before_samples - SegmentSettings().before_samples
    usual = slice(start, WIDE.before_samples + SegmentSettings().after_samples)
    for symbol, records in WANTED.items():
        for record in records:
            beats = read_beats(folder_of(record), record, [symbol], WIDE)
            wide = beats.windows_mv[:, 0, MARGIN_SAMPLES:-MARGIN_SAMPLES]
            windows = normalise(wide[:, usual])
            distance = np.abs(windows - np.median(windows, axis=0)).sum(axis=1)
            chosen.append(TypicalBeat(record, symbol, wide[int(distance.argmin())]))
    return chosen
