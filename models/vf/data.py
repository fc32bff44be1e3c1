"""Seconds of known rhythm, as the live operator sees them: the windows of whole records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.dsp.resample import Resampler
from ecgmon.monitor.dsp.sanitise import Sanitiser
from ecgmon.monitor.rhythm.vf_windows import AHEAD_S, SHORT_SECOND, WINDOW, VfWindows
from ecgmon.sim.record import Record, read_record

SECOND = int(PIPELINE_HZ)
WANTED = ("VF", "VFIB", "VFL")
"""Rhythms to be found: ventricular fibrillation, by its two names, and flutter."""

NOISE = "NOISE"
UNKNOWN = ""
"""Before the first annotation."""

FASTEST_LAG, SLOW_LAG, SLOWEST_LAG = 10, 36, 136
"""Lags, in samples of the windows, of 540, 150 and 40 a minute."""

CLEAR_CORRELATION = 0.8
"""Least autocorrelation of a window that repeats itself clearly."""

OWN_PEAK = 0.8
"""Below so much of the slow one, a fast repetition is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Lead:
    """One lead of a record, second by second.

    Parameters
    ----------
    record : str
        Such as ``vfdb/418``.
    signal : array of shape (n,)
        Signal of the windows, 90 Hz, without baseline.
    rhythm : array of str, shape (n_seconds,)
        What the annotators call the middle of each second.
    """

    record: str
    signal: NDArray[np.float32]
    rhythm: NDArray[np.str_]

    @property
    def wanted(self) -> NDArray[np.bool_]:
        """Which seconds are flutter or fibrillation, shape (n_seconds,)."""
        return np.isin(self.rhythm, WANTED)

    def windows(self) -> NDArray[np.float32]:
        """Return the window of each second, a view of shape (n_seconds, window)."""
        return np.lib.stride_tricks.sliding_window_view(self.signal, WINDOW)[self.windows_at()]

    def windows_at(self) -> NDArray[np.int64]:
        """Return where the window of each second begins in `signal`."""
        return np.arange(self.rhythm.size) * SHORT_SECOND


def short_signal(samples_mv: Samples, fs_hz: float) -> NDArray[np.float32]:
    """Return a lead as the windows hold it: 90 Hz, no baseline, what lies before it flat.

    Parameters
    ----------
    samples_mv : array of shape (n,)
        A lead, missing samples not finite.
    fs_hz : float
        Its rate.
    """
    finite, _ = Sanitiser().process(samples_mv)
    raw = Resampler(fs_hz).process(finite)
    held = np.concatenate((raw, np.full(AHEAD_S * SECOND + SECOND, raw[-1])))
    _, windows, _ = VfWindows().process(held, np.zeros(held.size, dtype=np.bool_))
    return np.concatenate((windows[0], windows[1:, -SHORT_SECOND:].ravel())).astype(np.float32)


def read_leads(folder: Path, names: Sequence[str]) -> list[Lead]:
    """Read all leads of records such as ``vfdb/418``.

    Raises
    ------
    RecordError
        A record is missing or damaged.
    """
    leads = []
    for name in names:
        record = read_record(folder / name)
        rhythm = rhythms(record)
        samples_mv = record.samples_mv(0, record.n_samples)
        leads += [Lead(name, short_signal(lead, record.fs_hz), rhythm) for lead in samples_mv]
    return leads


def spans(record: Record) -> tuple[Samples, NDArray[np.str_]]:
    """Return where each annotated rhythm begins and ends, in seconds, and what it is.

    Rhythm notes say it; where there are none, the marks ``[`` and ``]`` around flutter do.

    Returns
    -------
    bounds_s : array of shape (n, 2)
        Each rhythm lasts until the next; the first, unknown, begins at 0.
    names : array of str, shape (n,)
        Rhythms without the bracket.
    """
    assert record.reference is not None
    begins_s, names = [0.0], [UNKNOWN]
    for at, symbol, note in zip(
        record.reference.samples, record.reference.symbols, record.reference.notes, strict=True
    ):
        name = {"[": "VFL", "]": "N"}.get(str(symbol), str(note).strip("\0(") if symbol == "+" else "")
        if name:
            begins_s.append(at / record.fs_hz)
            names.append(name)
    ends_s = [*begins_s[1:], record.duration_s]
    return np.column_stack((begins_s, ends_s)), np.array(names)


def wanted_spans(record: Record) -> Samples:
    """Return the begin and end, in seconds, of flutter and fibrillation; one into the other is one."""
    bounds_s, names = spans(record)
    wanted = np.concatenate(([False], np.isin(names, WANTED), [False]))
    begins = np.flatnonzero(wanted[1:-1] & ~wanted[:-2])
    ends = np.flatnonzero(wanted[1:-1] & ~wanted[2:])
    return np.column_stack((bounds_s[begins, 0], bounds_s[ends, 1]))


def rhythms(record: Record) -> NDArray[np.str_]:
    """Return the rhythm in the middle of each second of a record, shape (n_seconds,)."""
    bounds_s, names = spans(record)
    middles_s = np.arange(int(record.duration_s)) + 0.5
    return np.asarray(names[np.searchsorted(bounds_s[:, 0], middles_s, side="right") - 1])


def is_slow(windows: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which windows repeat themselves clearly, and no faster than 150 times a minute.

    Parameters
    ----------
    windows : array of shape (n, window)
        Windows at 90 Hz.
    """
    centred = windows - windows.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(centred, 2 * WINDOW, axis=1)
    correlation = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, axis=1)[:, :SLOWEST_LAG]
    correlation *= WINDOW / (WINDOW - np.arange(SLOWEST_LAG)) / (correlation[:, :1] + 1e-6)
    slow = correlation[:, SLOW_LAG:].max(axis=1)
    fast = correlation[:, FASTEST_LAG:SLOW_LAG].max(axis=1)
    return np.asarray((slow >= CLEAR_CORRELATION) & (fast < OWN_PEAK * slow))


def noises(folder: Path) -> list[NDArray[np.float32]]:
    """Return the first half of each recorded noise, as `short_signal` gives it."""
    found = []
    for name in ("bw", "em", "em118", "ma"):
        if (folder / "nstdb" / f"{name}.hea").exists():
            record = read_record(folder / "nstdb" / name)
            samples = record.samples_mv(0, record.n_samples // 2)
            found += [short_signal(row, record.fs_hz) for row in samples]
    return found
