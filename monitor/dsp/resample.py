"""Streaming polyphase resampler: any device's rate to the pipeline's 360 Hz, on exact time."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.errors import SignalError
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.operator import Samples, State

MIN_RATE_HZ = 50.0
MAX_RATE_HZ = 5000.0

SLOW_HZ = 100.0
"""Below this rate an output waits for `FEWEST_INPUTS`, however long that takes."""

FEWEST_INPUTS = 5
"""Inputs on each side of an output at a slow rate: fewer blur the QRS and let images through."""

MAX_PHASES = 4096
"""Rates that need more phases use the nearest of these: at most 1/8192 sample off."""

FULL_PHASES_HZ = 1000.0
"""Above this rate the phases grow fewer as a sample grows shorter: the error in time stays as small."""

PRODUCTS = 8192 * 64
"""Products of input and filter computed at once, so that a whole record needs little memory."""

MAX_DENOMINATOR = 10_000
"""A rate is taken as a fraction of hertz with at most this denominator."""

Indices = NDArray[np.int64]


class ResampleSettings(Settings):
    """Settings of the `Resampler`.

    Parameters
    ----------
    look_ahead_s : float
        Most seconds of signal behind an output's instant that it may wait for, from 100 Hz on.
    attenuation_db : float
        Attenuation of images and aliases.
    """

    look_ahead_s: float = Field(default=0.05, ge=0.03, le=0.2)
    attenuation_db: float = Field(default=60.0, ge=30.0, le=100.0)


class _Grid:
    """Which inputs each output needs, in exact integer arithmetic.

    Output k stands at input position k * over / under, which is k * fs_in / 360, and needs
    ``reach`` inputs behind that position.
    """

    def __init__(self, fs_in_hz: float, reach: int) -> None:
        step = Fraction(fs_in_hz).limit_denominator(MAX_DENOMINATOR) / Fraction(PIPELINE_HZ)
        self.over, self.under = step.numerator, step.denominator
        self.reach = reach
        self.reset(0)

    def reset(self, start: int) -> None:
        self.next_input = start
        self.next_output = self._ceil(start)

    def advance(self, count: int) -> range:
        """Take ``count`` inputs; return the outputs that are complete with them."""
        first = self.next_output
        self.next_input += count
        self.next_output = max(first, self._ceil(self.next_input - self.reach))
        return range(first, self.next_output)

    def locate(self, outputs: range) -> tuple[Indices, Indices]:
        """Return the input index at or before each output, and the rest over the denominator."""
        position = np.arange(outputs.start, outputs.stop, dtype=np.int64) * self.over
        base = position // self.under
        return base, position - base * self.under

    def floor(self, output: int) -> int:
        return output * self.over // self.under

    def _ceil(self, position: int) -> int:
        """Return the first output at or behind an input position."""
        return -(-position * self.under // self.over)


def check_rate(fs_in_hz: float) -> None:
    """Refuse a rate that cannot be served.

    Raises
    ------
    SignalError
        If the rate is not within 50 to 5000 Hz.
    """
    if not MIN_RATE_HZ <= fs_in_hz <= MAX_RATE_HZ:
        raise SignalError(
            f"A rate of {fs_in_hz:g} Hz cannot be taken; {MIN_RATE_HZ:g} to {MAX_RATE_HZ:g} Hz can.",
            "Resample the signal first, or correct the rate (fs_hz) if the device has another.",
        )


def _half_width(fs_in_hz: float, settings: ResampleSettings) -> int:
    """Return the inputs on each side of an output; 0 at the pipeline's own rate."""
    if fs_in_hz == PIPELINE_HZ:
        return 0
    half = math.floor(fs_in_hz * min(settings.look_ahead_s, max(9.0 / fs_in_hz, 0.03)) + 1e-9)
    return max(half, FEWEST_INPUTS) if fs_in_hz < SLOW_HZ else half


def _phases(fs_in_hz: float, under: int) -> int:
    """Return into how many parts an input sample is divided, at most ``under``."""
    return min(under, math.floor(MAX_PHASES * min(1.0, FULL_PHASES_HZ / fs_in_hz)))


def _kaiser_beta(attenuation_db: float) -> float:
    """Return the shape of the Kaiser window for an attenuation (Kaiser 1974)."""
    if attenuation_db > 50.0:
        return 0.1102 * (attenuation_db - 8.7)
    return float(0.5842 * (attenuation_db - 21.0) ** 0.4 + 0.07886 * (attenuation_db - 21.0))


def _filter_bank(fs_in_hz: float, half: int, phases: int, attenuation_db: float) -> Samples:
    """Return a Kaiser-windowed sinc at each fraction of an input sample, shape (phases + 1, 2 * half)."""
    fraction = np.arange(phases + 1)[:, None] / phases
    distance = np.arange(1 - half, half + 1)[None, :] - fraction
    bandwidth = min(1.0, PIPELINE_HZ / fs_in_hz)
    shape = np.sqrt(np.maximum(0.0, 1.0 - (distance / half) ** 2))
    bank = np.sinc(bandwidth * distance) * np.i0(_kaiser_beta(attenuation_db) * shape)
    bank[np.abs(distance) > half] = 0.0
    return np.asarray(bank / bank.sum(axis=1, keepdims=True))


class Resampler:
    """Brings a stream to 360 Hz; output k is the signal at k / 360 seconds exactly.

    A bank of Kaiser-windowed sinc filters, one for each fraction of an input sample that
    occurs, is applied to the inputs on both sides of each output. The cut-off is half the
    smaller rate. From 360 Hz on the half-width is 30 ms and aliases below 150 Hz are
    ``attenuation_db`` down; below that it is nine input samples, and never more
    than ``look_ahead_s`` (six samples at 125 Hz; its pass band ends at 43 Hz). A rate below 100 Hz
    takes five input samples all the same: 100 ms at 50 Hz. Each filter
    sums to one, so a constant stays what it is. At 360 Hz samples pass unchanged at once.

    Parameters
    ----------
    fs_in_hz : float
        Rate of the input, 50 to 5000 Hz, whole or not.
    settings : ResampleSettings, optional
        Look-ahead and attenuation.

    Raises
    ------
    SignalError
        If the rate cannot be served.
    """

    _history: Samples | None

    def __init__(self, fs_in_hz: float, settings: ResampleSettings | None = None) -> None:
        check_rate(fs_in_hz)
        self.fs_in_hz = fs_in_hz
        self.settings = settings or ResampleSettings()
        self._half = _half_width(fs_in_hz, self.settings)
        self._grid = _Grid(fs_in_hz, self._half)
        self._phases = _phases(fs_in_hz, self._grid.under)
        self._near = np.arange(1 - self._half, self._half + 1)
        if self._half:
            self._bank = _filter_bank(fs_in_hz, self._half, self._phases, self.settings.attenuation_db)
        self.reset()

    @property
    def delay_samples(self) -> float:
        """Input samples behind an output's instant that it waits for."""
        return float(self._half)

    @property
    def look_ahead_s(self) -> float:
        """The same in seconds."""
        return self._half / self.fs_in_hz

    @property
    def next_output_index(self) -> int:
        """Absolute index at 360 Hz of the next output."""
        return self._grid.next_output

    def input_needed(self, output: int) -> int:
        """Return the absolute index of the input that completes an output."""
        return self._grid.floor(output) + self._half

    def process(self, chunk: Samples) -> Samples:
        """Resample the next samples.

        Parameters
        ----------
        chunk : array of shape (n,)
            Finite samples in millivolts at the input's rate.

        Returns
        -------
        array of shape (m,)
            Samples in millivolts at 360 Hz, from `next_output_index` on. How many come
            depends only on how many went in.
        """
        if chunk.size == 0:
            return np.empty(0)
        outputs = self._grid.advance(chunk.size)
        if self._half == 0:
            return chunk
        if self._history is None:
            # The time before the stream is taken to hold its first value.
            self._history = np.full(2 * self._half, chunk[0])
        inputs = np.concatenate((self._history, chunk))
        begin = self._grid.next_input - inputs.size
        out = np.empty(len(outputs))
        block = PRODUCTS // self._near.size
        for at in range(0, len(outputs), block):
            base, rest = self._grid.locate(outputs[at : at + block])
            phase = rest
            if self._phases != self._grid.under:
                phase = np.rint(rest * (self._phases / self._grid.under)).astype(np.int64)
            near = inputs[(base - begin)[:, None] + self._near]
            out[at : at + block] = np.add.reduce(near * self._bank[phase], axis=1)
        needed = self._grid.floor(self._grid.next_output) - self._half + 1
        self._history = inputs[min(needed - begin, inputs.size - 2 * self._half + 1) :].copy()
        return out

    def reset(self, start: int = 0) -> None:
        """Forget the past; the next sample has absolute index ``start`` at the input's rate.

        The next output is the first whose instant is not before that sample.
        """
        self._grid.reset(start)
        self._history = None

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {
            "next_input": self._grid.next_input,
            "next_output": self._grid.next_output,
            "history": None if self._history is None else self._history.copy(),
        }

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self._grid.next_input = int(state["next_input"])
        self._grid.next_output = int(state["next_output"])
        self._history = None if state["history"] is None else np.array(state["history"])


class MaskResampler:
    """Carries a mask of missing samples over to 360 Hz, in step with a `Resampler`.

    An output is marked if an input beside its instant is. As many outputs come for
    as many inputs as from the resampler itself.

    Parameters
    ----------
    fs_in_hz : float
        Rate of the input in Hz.
    settings : ResampleSettings, optional
        Those of the resampler.

    Raises
    ------
    SignalError
        If the rate cannot be served.
    """

    def __init__(self, fs_in_hz: float, settings: ResampleSettings | None = None) -> None:
        check_rate(fs_in_hz)
        half = _half_width(fs_in_hz, settings or ResampleSettings())
        self._direct = half == 0
        self._grid = _Grid(fs_in_hz, half)
        self._history = np.empty(0, dtype=np.bool_)

    @property
    def delay_samples(self) -> float:
        """Input samples behind an output's instant that it waits for."""
        return float(self._grid.reach)

    def process(self, chunk: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Take the mask of the next samples, shape (n,); return that of the outputs, shape (m,)."""
        outputs = self._grid.advance(chunk.size)
        if self._direct:
            return chunk
        inputs = np.concatenate((self._history, chunk))
        begin = self._grid.next_input - inputs.size
        out = np.zeros(len(outputs), dtype=np.bool_)
        if np.logical_or.reduce(inputs):
            base, rest = self._grid.locate(outputs)
            out = inputs[base - begin] | (inputs[np.minimum(base + 1 - begin, inputs.size - 1)] & (rest > 0))
        needed = self._grid.floor(self._grid.next_output)
        self._history = inputs[max(0, min(needed - begin, inputs.size)) :].copy()
        return np.asarray(out)

    def reset(self, start: int = 0) -> None:
        """Forget the past; the next sample has absolute index ``start`` at the input's rate."""
        self._grid.reset(start)
        self._history = np.empty(0, dtype=np.bool_)

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {
            "next_input": self._grid.next_input,
            "next_output": self._grid.next_output,
            "history": self._history.copy(),
        }

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self._grid.next_input = int(state["next_input"])
        self._grid.next_output = int(state["next_output"])
        self._history = np.array(state["history"], dtype=np.bool_)
