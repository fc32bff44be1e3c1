"""Judges each second of signal: how far it can be trusted, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from pydantic import Field

from monitor.config import Settings
from monitor.dsp.median import median
from monitor.dsp.operator import Samples, State
from monitor.dsp.quality_features import CONTEXT_S, SECOND, WINDOW, features
from monitor.dsp.quality_model import CLASSES, QualityModel
from monitor.dsp.sanitise import Mask

BATCH = 256
"""Seconds judged at once, so that a whole record needs little memory."""

BASELINE_S = 10
"""Seconds whose middle is the baseline that a second is compared with."""

MIDDLE_STEP = 4
"""Every fourth sample will do for the median of a window."""


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
    drift_mv : float
        Distance of a second's middle from the baseline of the ten before that is a drift: an
        electrode jumped, and the amplifier needs seconds to recover.
    hum_mv : float
        RMS of the mains that halves the index.
    blame : float
        Least probability of motion, or of muscle noise, to be named as a reason.
    """

    flat_mv: float = Field(default=0.01, gt=0.0, le=0.1)
    flat_s: int = Field(default=4, ge=1, le=10)
    saturated_mv: float = Field(default=1.0, gt=0.0, le=100.0)
    saturated_fraction: float = Field(default=0.1, gt=0.0, le=1.0)
    missing_fraction: float = Field(default=0.2, gt=0.0, le=1.0)
    drift_mv: float = Field(default=1.0, gt=0.0, le=100.0)
    hum_mv: float = Field(default=0.15, gt=0.0, le=10.0)
    blame: float = Field(default=0.25, gt=0.0, le=0.5)


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
        ``muscle``, ``hum``, ``drift``. A drift leaves the index as it is.
    """

    start: int
    known_at: int
    index: float
    reasons: tuple[str, ...]


class SignalQuality:
    """Judges the raw signal at 360 Hz second by second, on the grid of absolute seconds.

    Plain rules find what is missing, flat or on a rail. A small network looks at the last four
    seconds (band powers, peakedness, steps) and gives the probability that they are clean, shaken
    or full of muscle noise; it was trained on recorded noise, and to leave ventricular
    tachycardia, flutter, fibrillation and quiet asystole alone. ``python -m models.quality``
    trains and scores it. A second that a reset cuts short is not judged.

    Parameters
    ----------
    settings : QualitySettings, optional
        Limits.
    """

    _signal: Samples
    _missing: Mask
    _lead_off: Mask
    _context: Samples | None
    _middles: Samples
    _flat_run: int
    _on_rail: bool

    def __init__(self, settings: QualitySettings | None = None) -> None:
        self.settings = settings or QualitySettings()
        self._model = QualityModel.load()
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
            np.count_nonzero(self._missing[cut].reshape(count, SECOND), axis=1) / SECOND,
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
        windows = self._windows(rows)
        probability, hum_mv = self._look(windows)
        still = np.ptp(rows, axis=1) < self.settings.flat_mv
        hum = (hum_mv / self.settings.hum_mv) ** 4
        index = (1.0 - missing) * probability[:, 0] / (1.0 + hum)
        faults = {
            "missing": missing > self.settings.missing_fraction,
            "lead_off": lead_off,
            "flat": self._flat(still),
            "saturated": self._saturated(rows, windows, still),
        }
        index[np.logical_or.reduce(list(faults.values()))] = 0.0
        poor = index < 0.5
        marks = faults | {
            name: poor & (probability[:, column] >= self.settings.blame)
            for column, name in enumerate(CLASSES)
            if column
        }
        marks["hum"] = hum > 1.0
        marks["drift"] = self._drifting(rows)
        return [
            (float(index[i]), tuple(name for name, mark in marks.items() if mark[i]))
            for i in range(len(index))
        ]

    def _windows(self, rows: Samples) -> Samples:
        """Return each second with those before it, shape (n, 1440)."""
        if self._context is None:
            # Before the first second the signal is taken to run back and forth.
            back, forth = rows[0, ::-1], rows[0]
            self._context = np.concatenate([forth, back] * CONTEXT_S)[SECOND - WINDOW :]
        joined = np.concatenate((self._context, rows.ravel()))
        self._context = joined[SECOND - WINDOW :].copy()
        return sliding_window_view(joined, WINDOW)[::SECOND]

    def _look(self, windows: Samples) -> tuple[Samples, Samples]:
        """Return each second's class probabilities, shape (n, 3), and its hum in millivolts."""
        parts = [features(windows[at : at + BATCH]) for at in range(0, len(windows), BATCH)]
        seen = np.concatenate([part for part, _ in parts])
        return self._model.probabilities(seen), np.concatenate([hum_mv for _, hum_mv in parts])

    def _drifting(self, rows: Samples) -> Mask:
        """Return the seconds whose middle is far from the median of those before."""
        middles = median(rows[:, ::MIDDLE_STEP])
        joined = np.concatenate((self._middles, middles))
        first = len(self._middles)
        before = [joined[max(0, at - BASELINE_S) : at] for at in range(first, len(joined))]
        baseline = np.array([median(past) if past.size else np.nan for past in before])
        self._middles = joined[-BASELINE_S:].copy()
        return np.asarray(np.abs(middles - baseline) > self.settings.drift_mv)

    def _flat(self, still: Mask) -> Mask:
        """Return where a second ends a run of at least ``flat_s`` flat ones."""
        number = np.arange(1, still.size + 1)
        moved = np.maximum.accumulate(np.where(still, -self._flat_run, number))
        run = np.where(still, number - moved, 0)
        self._flat_run = int(run[-1])
        return np.asarray(run >= self.settings.flat_s)

    def _saturated(self, rows: Samples, windows: Samples, still: Mask) -> Mask:
        """Return the seconds on a rail: a far extreme that the signal stays at, and flat ones behind."""
        limits = self.settings
        extremes = (rows.max(axis=1, keepdims=True), rows.min(axis=1, keepdims=True))
        least = limits.saturated_fraction * SECOND
        stays = [np.count_nonzero(rows == extreme, axis=1) >= least for extreme in extremes]
        rail = np.zeros(len(rows), dtype=np.bool_)
        if any(stay.any() for stay in stays):
            same = np.diff(rows, axis=1, append=rows[:, -1:]) == 0.0
            stays = [np.count_nonzero((rows == extreme) & same, axis=1) >= least for extreme in extremes]
            middle = median(windows[:, ::MIDDLE_STEP])
            for stay, extreme in zip(stays, extremes, strict=True):
                rail |= stay & (np.abs(extreme[:, 0] - middle) >= limits.saturated_mv)
        number = np.arange(1, rail.size + 1)
        reached = np.maximum.accumulate(np.where(rail, number, 0 if self._on_rail else -1))
        moved = np.maximum.accumulate(np.where(still, 0, number))
        saturated = rail | (still & (reached >= moved))
        self._on_rail = bool(saturated[-1])
        return np.asarray(saturated)

    def reset(self, start: int = 0) -> None:
        """Forget the past; the next sample has absolute index ``start``."""
        self._begin = start
        self._signal = np.empty(0)
        self._missing = np.empty(0, dtype=np.bool_)
        self._lead_off = np.empty(0, dtype=np.bool_)
        self._context = None
        self._middles = np.empty(0)
        self._flat_run = 0
        self._on_rail = False

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {
            "begin": self._begin,
            "signal": self._signal.copy(),
            "missing": self._missing.copy(),
            "lead_off": self._lead_off.copy(),
            "context": None if self._context is None else self._context.copy(),
            "middles": self._middles.copy(),
            "flat_run": self._flat_run,
            "on_rail": self._on_rail,
        }

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self._begin = int(state["begin"])
        self._signal = np.array(state["signal"])
        self._missing = np.array(state["missing"], dtype=np.bool_)
        self._lead_off = np.array(state["lead_off"], dtype=np.bool_)
        self._context = None if state["context"] is None else np.array(state["context"])
        self._middles = np.array(state["middles"])
        self._flat_run = int(state["flat_run"])
        self._on_rail = bool(state["on_rail"])


def _mask(mask: NDArray[np.bool_] | None, size: int) -> Mask:
    return np.zeros(size, dtype=np.bool_) if mask is None else mask
