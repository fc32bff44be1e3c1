"""Assesses each second of signal: how far it can be trusted, and what is wrong with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import compress
from typing import Annotated

import numpy as np
from pydantic import Field

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.state import Shape
from ecgmon.monitor.dsp.arrays import median, middle_of, windows_of
from ecgmon.monitor.dsp.operator import Operator, Samples
from ecgmon.monitor.dsp.quality_features import CONTEXT_S, SECOND, UNCHANGED, WINDOW, Look, look
from ecgmon.monitor.dsp.quality_model import CLASSES, QualityModel
from ecgmon.monitor.dsp.quality_slow import lost_to_a_slow_rate
from ecgmon.monitor.dsp.sanitise import Mask
from ecgmon.monitor.dsp.source_faults import SecondFaults, SourceFaults, SourceFaultSettings, SourceSignal

BATCH = 256
"""Seconds assessed at once, so that a whole record needs little memory."""

BASELINE_S = 10
"""Seconds whose middle is the baseline that a second is compared with."""

REASONS = ("missing", "lead_off", "flat", "saturated", "stuck", *CLASSES[1:], "hum", "drift")
"""What can be wrong with a second, in the order in which it is told."""

NO_FAULTS = SecondFaults(-1)

MIDDLE_STEP = 4
"""Every fourth sample will do for the median of a window."""


class QualitySettings(SourceFaultSettings):
    """Settings of the `SignalQuality`.

    Parameters
    ----------
    saturated_mv, saturated_fraction, rail_wobble, stuck_s
        Settings of the `SourceFaults`.
    flat_mv : float
        A second with less peak-to-peak is flat.
    flat_s : int
        Flat seconds in a row before the signal counts as flat: a slow heart rests that long.
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
    missing_fraction: float = Field(default=0.5, gt=0.0, le=1.0)
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
        What is wrong, any of `REASONS`. A drift leaves the index as it is.
    """

    start: int
    known_at: int
    index: float
    reasons: tuple[str, ...]


@dataclass(slots=True)
class QualityState:
    """What is not assessed yet, and what the next verdict needs of the past.

    Parameters
    ----------
    begin : int
        Pipeline index of the first sample that waits.
    waiting : list of array of shape (3, n)
        Signal, missing and lead-off of the samples that wait, in chunks.
    held : int
        How many wait.
    context : array of shape (1080,), or None
        The three seconds before them; None before the first.
    middles : deque of float
        Median of each of the last seconds, in millivolts.
    flat_run : int
        Flat seconds in a row.
    faults : deque of SecondFaults
        Those of seconds that are not assessed yet.
    """

    begin: int
    waiting: list[Annotated[Samples, Shape(3, None)]] = field(default_factory=list)
    held: int = 0
    context: Annotated[Samples, Shape(WINDOW - SECOND)] | None = None
    middles: deque[float] = field(default_factory=lambda: deque(maxlen=BASELINE_S))
    flat_run: int = 0
    faults: deque[SecondFaults] = field(default_factory=deque)


class SignalQuality(
    Operator[
        QualitySettings,
        QualityState,
        [Samples, Mask | None, Mask | None, SourceSignal | None],
        list[SecondQuality],
    ]
):
    """Assesses the raw signal at 360 Hz second by second, on the grid of absolute seconds.

    Plain rules find what is missing or flat and, in the samples as the source sent them, what is on a rail
    or sent again. A small network looks at the last four
    seconds (band powers, peakedness, steps) and gives the probability that they are clean, shaken
    or full of muscle noise; it was trained on recorded noise, and to leave ventricular
    tachycardia, flutter, fibrillation and quiet asystole alone. ``ecgmon train quality``
    trains and scores it. A second that a reset cuts short is not assessed.

    Parameters
    ----------
    settings : QualitySettings, optional
        Limits.
    source_hz : float
        Rate at which the source samples; below 100 Hz it lacks what the network expects of a QRS.
    """

    def __init__(self, settings: QualitySettings | None = None, source_hz: float = PIPELINE_HZ) -> None:
        self._lost = lost_to_a_slow_rate(source_hz)
        self._model = QualityModel.load()
        settings = settings or QualitySettings()
        self._is_native = source_hz == PIPELINE_HZ
        self._faults = SourceFaults(settings, source_hz)
        super().__init__(settings, source=self._faults)

    @property
    def delay_samples(self) -> float:
        """A verdict on a second comes with its last sample."""
        return float(SECOND - 1)

    @property
    def position(self) -> int:
        """Pipeline index of the first sample that is not assessed."""
        return self.state.begin

    def process(
        self,
        chunk: Samples,
        missing: Mask | None = None,
        lead_off: Mask | None = None,
        source: SourceSignal | None = None,
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
        source : SourceSignal, optional
            The samples of the source that became known with these; at 360 Hz the chunk itself, if left out.

        Returns
        -------
        list of SecondQuality
            One for each second completed.
        """
        state = self.state
        if source is None and self._is_native:
            source = SourceSignal(state.begin + state.held, chunk, missing)
        if source is not None:
            for fault in self._faults.process(source):
                if fault.saturated or fault.stuck:
                    state.faults.append(fault)
        if not chunk.size:
            return []
        state.waiting.append(_stack(chunk, missing, lead_off))
        state.held += chunk.size
        skipped = -state.begin % SECOND
        count = (state.held - skipped) // SECOND
        if count <= 0:
            return []
        rows = state.waiting[0] if len(state.waiting) == 1 else np.concatenate(state.waiting, axis=1)
        used = skipped + count * SECOND
        begin = state.begin + skipped
        state.begin += used
        state.held -= used
        state.waiting = [rows[:, used:].copy()] if state.held else []
        signal, *masks = rows[:, skipped:used].reshape(3, count, SECOND)
        gone, off = np.add.reduce(masks, axis=2).tolist()
        return [
            SecondQuality(start, start + SECOND - 1, round(index, 4), reasons)
            for start, (index, reasons) in zip(
                range(begin, begin + count * SECOND, SECOND),
                self._judge(signal, gone, off, begin // SECOND),
                strict=True,
            )
        ]

    def _judge(
        self, rows: Samples, gone: list[float], off: list[float], first: int
    ) -> Iterator[tuple[float, tuple[str, ...]]]:
        """Yield index and reasons of each second; they are too few for numpy to be quick with them.

        Parameters
        ----------
        rows : array of shape (n, 360)
            The seconds.
        gone, off : list of n floats
            Samples of each that are missing, and that came with an electrode off.
        first : int
            Number of the first second.
        """
        limits = self.settings
        windows = self._windows(rows)
        seen = self._look(windows)
        swings_mv, hums_mv = seen.swing_mv.tolist(), seen.hum_mv.tolist()
        middles = median(rows[:, ::MIDDLE_STEP]).tolist()
        for i, probability in enumerate(self._probabilities(seen.features + self._lost, gone).tolist()):
            missing, fault = gone[i] / SECOND, self._source_fault(first + i)
            if missing > limits.missing_fraction:  # what is filled in tells nothing more
                yield 0.0, ("missing", "lead_off") if off[i] else ("missing",)
                continue
            hum, still = (hums_mv[i] / limits.hum_mv) ** 4, swings_mv[i] < limits.flat_mv
            flat = self._is_flat(still=still)
            stuck = fault.stuck and (flat or not still)
            faults = (off[i] > 0.0, flat, fault.saturated, stuck)
            index = 0.0 if any(faults) else (1.0 - missing) * probability[0] / (1.0 + hum)
            blamed = [index < 0.5 and value >= limits.blame for value in probability[1:]]
            marks = (*faults, *blamed, hum > 1.0, self._is_drifting(middles[i]))
            yield index, tuple(compress(REASONS[1:], marks))

    def _probabilities(self, features: Samples, gone: list[float]) -> Samples:
        """Return what the network makes of each second, shape (n, 3).

        A line through a hole has no two samples alike. How many the signal has there is not known: none,
        or as many as elsewhere. What is more like a clean second counts.
        """
        filled = self._model.probabilities(features)
        if not any(gone):
            return filled
        alike = features.copy()
        alike[:, UNCHANGED] /= np.maximum(1.0 - np.array(gone) / SECOND, 0.1)
        seen = self._model.probabilities(alike)
        return np.where(seen[:, :1] > filled[:, :1], seen, filled)

    def _windows(self, rows: Samples) -> Samples:
        """Return each second with those before it, shape (n, 1440)."""
        state = self.state
        if state.context is None:
            # Before the first second the signal is taken to run back and forth.
            back, forth = rows[0, ::-1], rows[0]
            state.context = np.concatenate([forth, back] * CONTEXT_S)[SECOND - WINDOW :]
        joined = np.concatenate((state.context, rows.ravel()))
        state.context = joined[SECOND - WINDOW :]
        return windows_of(joined, WINDOW, SECOND)

    def _look(self, windows: Samples) -> Look:
        if len(windows) <= BATCH:
            return look(windows)
        parts = [look(windows[at : at + BATCH]) for at in range(0, len(windows), BATCH)]
        return Look(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def _is_drifting(self, middle: float) -> bool:
        """Tell if a second's middle is far from the median of those before, and remember it."""
        middles = self.state.middles
        drifts = bool(middles) and abs(middle - middle_of(middles)) > self.settings.drift_mv
        middles.append(middle)
        return drifts

    def _is_flat(self, *, still: bool) -> bool:
        """Tell if a second ends a run of at least ``flat_s`` flat ones."""
        state = self.state
        state.flat_run = state.flat_run + 1 if still else 0
        return state.flat_run >= self.settings.flat_s

    def _source_fault(self, second: int) -> SecondFaults:
        """Return what is wrong with a second as the source sent it."""
        faults = self.state.faults
        while faults and faults[0].second < second:
            faults.popleft()
        return faults.popleft() if faults and faults[0].second == second else NO_FAULTS

    def fresh(self, start: int) -> QualityState:
        """Return the state before the sample of absolute index ``start``."""
        return QualityState(start)


def _stack(chunk: Samples, missing: Mask | None, lead_off: Mask | None) -> Samples:
    """Return the signal and its two masks as rows, shape (3, n)."""
    rows = np.zeros((3, chunk.size))
    rows[0] = chunk
    if missing is not None:
        rows[1] = missing
    if lead_off is not None:
        rows[2] = lead_off
    return rows
