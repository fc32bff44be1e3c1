"""Brings the signal to 90 Hz without its baseline, and cuts the windows that a verdict looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.state import AnyLength, Shape
from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.dsp.arrays import windows_of
from ecgmon.monitor.dsp.iir import Recursion, butterworth
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.dsp.sanitise import Mask

STEP = 4
RATE_HZ = PIPELINE_HZ / STEP
"""Rate of the windows: fibrillation has no power above 20 Hz."""

WINDOW_S = 4
AHEAD_S = 1
"""Seconds behind the classified one that its window takes in."""

BASELINE_HZ = 1.0
PASS_HZ = 32.0
TAPS = 32

SECOND = int(PIPELINE_HZ)
SHORT_SECOND = SECOND // STEP
WINDOW = WINDOW_S * SHORT_SECOND


def _low_pass() -> Samples:
    """Return the filter before the decimation, shape (TAPS,): a Kaiser-windowed sinc of gain 1."""
    distance = np.arange(TAPS) - (TAPS - 1) / 2
    taps = np.sinc(2 * PASS_HZ / PIPELINE_HZ * distance) * np.kaiser(TAPS, 5.65)
    return np.asarray(taps / taps.sum())


@dataclass(slots=True)
class VfWindowsState:
    """What is not decimated yet, and what the next window takes in.

    Parameters
    ----------
    begin : int
        Pipeline index of the first sample that is not decimated.
    raw : array of shape (n,)
        Samples from there on, and before them those that the low-pass needs.
    missing : bool array of shape (n,)
        Mask of the samples from there on.
    short : array of shape (n,)
        The last seconds at 90 Hz, without their baseline.
    gone : list of float
        Part missing of each of those seconds.
    carried : array of shape (2,)
        What the high-pass carries.
    """

    begin: int
    raw: AnyLength
    missing: Annotated[Mask, Shape(None)]
    short: AnyLength
    gone: list[float]
    carried: Samples


class VfWindows(Stateful[VfWindowsState]):
    """Decimates the signal, takes the baseline off, and gives a window for each second.

    What lies before the first second is taken to be flat.
    """

    def __init__(self) -> None:
        self._taps = _low_pass()
        self._high_pass = Recursion(*butterworth(2, (BASELINE_HZ,), "highpass", RATE_HZ))
        super().__init__()

    def process(self, chunk: Samples, missing: Mask) -> tuple[int, Samples, list[float]]:
        """Take the next samples.

        Parameters
        ----------
        chunk : array of shape (n,)
            Raw finite samples in millivolts at 360 Hz.
        missing : bool array of shape (n,)
            Where samples were replaced.

        Returns
        -------
        start : int
            Pipeline index of the first second that can be classified now.
        windows : array of shape (n_seconds, 360)
            Four seconds at 90 Hz, the classified one the last but one.
        gone : list of float
            The greatest part missing of any second of each window.
        """
        state = self.state
        if chunk.size and state.raw.size == 0:
            state.raw = np.full(TAPS - STEP, chunk[0])
            state.carried = self._high_pass.settled(float(chunk[0]))
        state.raw = np.concatenate((state.raw, chunk))
        state.missing = np.concatenate((state.missing, missing))
        skip = -state.begin % SECOND
        count = (state.missing.size - skip) // SECOND
        if count <= 0:
            return state.begin, np.empty((0, WINDOW)), []
        stop = skip + count * SECOND
        short = np.correlate(state.raw[skip : stop + TAPS - STEP], self._taps, "valid")[::STEP]
        level, state.carried = self._high_pass.process(short, state.carried)
        state.short = np.concatenate((state.short, level))
        parts = state.missing[skip:stop].reshape(count, SECOND)
        state.gone += (np.add.reduce(parts, axis=1) / SECOND).tolist()
        state.raw, state.missing = state.raw[stop:].copy(), state.missing[stop:].copy()
        state.begin += stop
        return self._cut()

    def _cut(self) -> tuple[int, Samples, list[float]]:
        """Return the windows that are whole, and keep what the next ones need."""
        state = self.state
        count = max(0, len(state.gone) - WINDOW_S + 1)
        first = state.begin - (count + AHEAD_S) * SECOND
        if not count:
            return first, np.empty((0, WINDOW)), []
        windows = windows_of(state.short, WINDOW, SHORT_SECOND)
        gone = [max(state.gone[at : at + WINDOW_S]) for at in range(count)]
        state.short = state.short[count * SHORT_SECOND :].copy()
        state.gone = state.gone[count:]
        return first, windows, gone

    def fresh(self, start: int) -> VfWindowsState:
        """Return the state before the sample of absolute index ``start``."""
        before = WINDOW_S - 1 - AHEAD_S
        return VfWindowsState(
            begin=start,
            raw=np.empty(0),
            missing=np.empty(0, dtype=np.bool_),
            short=np.zeros(before * SHORT_SECOND),
            gone=[0.0] * before,
            carried=np.zeros(2),
        )
