"""Judges each second of signal: how far it can be trusted, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from pydantic import Field

from monitor.config import Settings
from monitor.dsp.operator import Samples, State
from monitor.dsp.sanitise import Mask
from monitor.events import PIPELINE_HZ

SECOND = int(PIPELINE_HZ)
CONTEXT_S = 2
"""Seconds that one verdict looks at: the judged one and those before it."""

FREQUENCY_HZ = np.fft.rfftfreq(CONTEXT_S * SECOND, 1.0 / PIPELINE_HZ)
_HANN = np.hanning(CONTEXT_S * SECOND + 1)[:-1]
_POWER = 2.0 / (np.sum(_HANN**2) * CONTEXT_S * SECOND)


class QualitySettings(Settings):
    """Settings of the `SignalQuality`.

    Parameters
    ----------
    flat_mv : float
        A second with less peak-to-peak is flat.
    flat_s : int
        Flat seconds in a row before the signal counts as flat: a slow heart rests that long.
    saturated_mv : float
        Least distance of a rail from the rest of the signal.
    saturated_fraction : float
        Part of a second on the rail that counts as saturated.
    missing_fraction : float
        Part of a second missing that makes it useless.
    drift_mv, muscle_mv, hum_mv : float
        RMS below 1 Hz, from 40 to 150 Hz without the mains, and around 50 or 60 Hz that is noise.
    """

    flat_mv: float = Field(default=0.01, gt=0.0, le=0.1)
    flat_s: int = Field(default=4, ge=1, le=10)
    saturated_mv: float = Field(default=1.0, gt=0.0, le=100.0)
    saturated_fraction: float = Field(default=0.1, gt=0.0, le=1.0)
    missing_fraction: float = Field(default=0.2, gt=0.0, le=1.0)
    drift_mv: float = Field(default=0.35, gt=0.0, le=10.0)
    muscle_mv: float = Field(default=0.08, gt=0.0, le=10.0)
    hum_mv: float = Field(default=0.12, gt=0.0, le=10.0)


@dataclass(frozen=True, slots=True)
class SecondQuality:
    """The verdict on one second.

    Parameters
    ----------
    start : int
        Pipeline index of its first sample, a multiple of 360.
    known_at : int
        Pipeline index of its last sample.
    index : float
        0 (useless) to 1 (clean).
    reasons : tuple of str
        What is wrong, any of ``missing``, ``lead_off``, ``flat``, ``saturated``, ``motion``,
        ``muscle``, ``hum``.
    """

    start: int
    known_at: int
    index: float
    reasons: tuple[str, ...]


def spectrum(windows_mv: Samples) -> Samples:
    """Return the power in each frequency bin.

    Parameters
    ----------
    windows_mv : array of shape (n, 720)
        Signal in millivolts.

    Returns
    -------
    array of shape (n, 361)
        Power in millivolts squared at `FREQUENCY_HZ`; its sum is the variance.
    """
    centred = windows_mv - windows_mv.mean(axis=1, keepdims=True)
    bins = np.fft.rfft(centred * _HANN, axis=1)
    return np.asarray((bins.real**2 + bins.imag**2) * _POWER)


def band_rms(power: Samples, low_hz: float, high_hz: float) -> Samples:
    """Return the RMS in millivolts from ``low_hz`` up to, not including, ``high_hz``."""
    low, high = np.searchsorted(FREQUENCY_HZ, (low_hz, high_hz))
    return np.asarray(np.sqrt(power[:, low:high].sum(axis=1)))


class SignalQuality:
    """Judges the raw signal at 360 Hz second by second, on the grid of absolute seconds.

    A second that a reset cuts short is not judged.

    Parameters
    ----------
    settings : QualitySettings, optional
        Limits.
    """

    _signal: Samples
    _missing: Mask
    _lead_off: Mask
    _context: Samples | None
    _flat_run: int

    def __init__(self, settings: QualitySettings | None = None) -> None:
        self.settings = settings or QualitySettings()
        self.reset()

    @property
    def delay_samples(self) -> float:
        """A verdict on a second comes with its last sample."""
        return float(SECOND - 1)

    def process(
        self, chunk: Samples, missing: Mask | None = None, lead_off: Mask | None = None
    ) -> list[SecondQuality]:
        """Take the next samples.

        Parameters
        ----------
        chunk : array of shape (n,)
            Raw finite samples in millivolts at 360 Hz.
        missing : bool array of shape (n,), optional
            Where samples were replaced.
        lead_off : bool array of shape (n,), optional
            Where the device said that an electrode is off.

        Returns
        -------
        list of SecondQuality
            One for each second completed.
        """
        self._signal = np.concatenate((self._signal, chunk))
        self._missing = np.concatenate((self._missing, _mask(missing, chunk.size)))
        self._lead_off = np.concatenate((self._lead_off, _mask(lead_off, chunk.size)))
        begin = self._begin + -self._begin % SECOND
        count = (self._begin + self._signal.size - begin) // SECOND
        if count <= 0:
            return []
        cut = slice(begin - self._begin, begin - self._begin + count * SECOND)
        rows = self._signal[cut].reshape(count, SECOND)
        verdicts = self._judge(
            rows,
            self._missing[cut].reshape(count, SECOND).mean(axis=1),
            np.asarray(self._lead_off[cut].reshape(count, SECOND).any(axis=1)),
        )
        self._begin += cut.stop
        self._signal = self._signal[cut.stop :].copy()
        self._missing = self._missing[cut.stop :].copy()
        self._lead_off = self._lead_off[cut.stop :].copy()
        return [
            SecondQuality(start, start + SECOND - 1, round(index, 4), reasons)
            for start, (index, reasons) in zip(
                range(begin, begin + count * SECOND, SECOND), verdicts, strict=True
            )
        ]

    def _judge(self, rows: Samples, missing: Samples, lead_off: Mask) -> list[tuple[float, tuple[str, ...]]]:
        limits = self.settings
        if self._context is None:
            # Before the first second the signal is taken to run backwards from there.
            self._context = rows[0, ::-1].copy()
        joined = np.concatenate((self._context, rows.ravel()))
        self._context = joined[-SECOND * (CONTEXT_S - 1) :].copy()
        power = spectrum(sliding_window_view(joined, SECOND * CONTEXT_S)[::SECOND])
        hum = np.maximum(band_rms(power, 48.5, 52.0), band_rms(power, 58.5, 62.0))
        muscle = np.hypot(band_rms(power, 64.0, 150.0), band_rms(power, 40.0, 48.5))
        excess = {
            "motion": band_rms(power, 0.5, 1.0) / limits.drift_mv,
            "muscle": muscle / limits.muscle_mv,
            "hum": hum / limits.hum_mv,
        }
        faults = {
            "missing": missing > limits.missing_fraction,
            "lead_off": lead_off,
            "flat": self._flat(np.ptp(rows, axis=1) < limits.flat_mv),
            "saturated": self._saturated(rows),
        }
        worst = np.maximum.reduce(list(excess.values()))
        index = (1.0 - missing) / (1.0 + worst**4)
        index[np.logical_or.reduce(list(faults.values()))] = 0.0
        marks = faults | {name: value > 1.0 for name, value in excess.items()}
        return [
            (float(index[i]), tuple(name for name, mark in marks.items() if mark[i]))
            for i in range(len(index))
        ]

    def _flat(self, still: Mask) -> Mask:
        """Return where a second ends a run of at least ``flat_s`` flat ones."""
        number = np.arange(1, still.size + 1)
        moved = np.maximum.accumulate(np.where(still, -self._flat_run, number))
        run = np.where(still, number - moved, 0)
        self._flat_run = int(run[-1])
        return np.asarray(run >= self.settings.flat_s)

    def _saturated(self, rows: Samples) -> Mask:
        """Return the seconds that lie on a rail: a far extreme that the signal stays at."""
        limits = self.settings
        middle = np.median(rows, axis=1, keepdims=True)
        still = np.diff(rows, axis=1, append=rows[:, -1:]) == 0.0
        rail = np.zeros(len(rows), dtype=np.bool_)
        for extreme in (rows.max(axis=1, keepdims=True), rows.min(axis=1, keepdims=True)):
            stays = ((rows == extreme) & still).mean(axis=1) >= limits.saturated_fraction
            rail |= stays & (np.abs(extreme - middle)[:, 0] >= limits.saturated_mv)
        return rail

    def reset(self, start: int = 0) -> None:
        """Forget the past; the next sample has absolute index ``start``."""
        self._begin = start
        self._signal = np.empty(0)
        self._missing = np.empty(0, dtype=np.bool_)
        self._lead_off = np.empty(0, dtype=np.bool_)
        self._context = None
        self._flat_run = 0

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {
            "begin": self._begin,
            "signal": self._signal.copy(),
            "missing": self._missing.copy(),
            "lead_off": self._lead_off.copy(),
            "context": None if self._context is None else self._context.copy(),
            "flat_run": self._flat_run,
        }

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self._begin = int(state["begin"])
        self._signal = np.array(state["signal"])
        self._missing = np.array(state["missing"], dtype=np.bool_)
        self._lead_off = np.array(state["lead_off"], dtype=np.bool_)
        self._context = None if state["context"] is None else np.array(state["context"])
        self._flat_run = int(state["flat_run"])


def _mask(mask: NDArray[np.bool_] | None, size: int) -> Mask:
    return np.zeros(size, dtype=np.bool_) if mask is None else mask
