"""Brings the signal to 90 Hz without its baseline, and cuts the windows that a verdict looks at."""

from __future__ import annotations

import numpy as np

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.iir import Recursion, butterworth
from ecgmon.monitor.dsp.operator import Samples, State
from ecgmon.monitor.dsp.sanitise import Mask
from ecgmon.monitor.dsp.windows import windows_of

STEP = 4
RATE_HZ = PIPELINE_HZ / STEP
"""Rate of the windows: fibrillation has no power above 20 Hz."""

WINDOW_S = 4
AHEAD_S = 1
"""Seconds behind the judged one that its window takes in."""

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


class VfWindows:
    """Decimates the signal, takes the baseline off, and gives a window for each second.

    What lies before the first second is taken to be flat.
    """

    _raw: Samples
    _missing: Mask
    _short: Samples
    _gone: list[float]
    _state: Samples

    def __init__(self) -> None:
        self._taps = _low_pass()
        self._high_pass = Recursion(*butterworth(2, (BASELINE_HZ,), "highpass", RATE_HZ))
        self.reset()

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
            Pipeline index of the first second that can be judged now.
        windows : array of shape (n_seconds, 360)
            Four seconds at 90 Hz, the judged one the last but one.
        gone : list of float
            The greatest part missing of any second of each window.
        """
        if chunk.size and self._raw.size == 0:
            self._raw = np.full(TAPS - STEP, chunk[0])
            self._state = self._high_pass.settled(float(chunk[0]))
        self._raw = np.concatenate((self._raw, chunk))
        self._missing = np.concatenate((self._missing, missing))
        skip = -self._begin % SECOND
        count = (self._missing.size - skip) // SECOND
        if count <= 0:
            return self._begin, np.empty((0, WINDOW)), []
        stop = skip + count * SECOND
        short = np.correlate(self._raw[skip : stop + TAPS - STEP], self._taps, "valid")[::STEP]
        level, self._state = self._high_pass.process(short, self._state)
        self._short = np.concatenate((self._short, level))
        parts = self._missing[skip:stop].reshape(count, SECOND)
        self._gone += (np.add.reduce(parts, axis=1) / SECOND).tolist()
        self._raw, self._missing = self._raw[stop:].copy(), self._missing[stop:].copy()
        self._begin += stop
        return self._cut()

    def _cut(self) -> tuple[int, Samples, list[float]]:
        """Return the windows that are whole, and keep what the next ones need."""
        count = max(0, len(self._gone) - WINDOW_S + 1)
        first = self._begin - (count + AHEAD_S) * SECOND
        if not count:
            return first, np.empty((0, WINDOW)), []
        windows = windows_of(self._short, WINDOW, SHORT_SECOND)
        gone = [max(self._gone[at : at + WINDOW_S]) for at in range(count)]
        self._short = self._short[count * SHORT_SECOND :].copy()
        self._gone = self._gone[count:]
        return first, windows, gone

    def reset(self, start: int = 0) -> None:
        """Forget the past; the next sample has absolute index ``start``."""
        before = WINDOW_S - 1 - AHEAD_S
        self._begin = start
        self._raw = np.empty(0)
        self._missing = np.empty(0, dtype=np.bool_)
        self._short = np.zeros(before * SHORT_SECOND)
        self._gone = [0.0] * before
        self._state = np.zeros(2)

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {
            "begin": self._begin,
            "raw": self._raw.copy(),
            "missing": self._missing.copy(),
            "short": self._short.copy(),
            "gone": list(self._gone),
            "state": self._state.copy(),
        }

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self._begin = int(state["begin"])
        self._raw = np.array(state["raw"])
        self._missing = np.array(state["missing"], dtype=np.bool_)
        self._short = np.array(state["short"])
        self._gone = [float(part) for part in state["gone"]]
        self._state = np.array(state["state"])
