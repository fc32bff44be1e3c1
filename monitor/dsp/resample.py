"""Streaming polyphase resampler: any device's rate to the pipeline's 360 Hz, on exact time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.errors import SignalError
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.state import AnyLength, Shape
from ecgmon.monitor.dsp.operator import Operator, Samples
from ecgmon.monitor.dsp.sanitise import Mask

MIN_RATE_HZ = 50.0
MAX_RATE_HZ = 10_000.0

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


@dataclass(slots=True)
class Place:
    """Where a stream is: index of its next input, and at 360 Hz of the next output."""

    next_input: int
    next_output: int


class _Grid:
    """Which inputs each output needs, in exact integer arithmetic.

    Output k stands at input position k * over / under, which is k * fs_in / 360, and needs
    ``reach`` inputs behind that position.
    """

    def __init__(self, fs_in_hz: float, reach: int) -> None:
        step = Fraction(fs_in_hz).limit_denominator(MAX_DENOMINATOR) / Fraction(PIPELINE_HZ)
        self.over, self.under = step.numerator, step.denominator
        self.reach = reach

    def begin(self, start: int) -> Place:
        return Place(start, self._ceil(start))

    def advance(self, place: Place, count: int) -> range:
        """Take ``count`` inputs; return the outputs that are complete with them."""
        first = place.next_output
        place.next_input += count
        place.next_output = max(first, self.first_without(place.next_input))
        return range(first, place.next_output)

    def locate(self, outputs: range) -> tuple[Indices, Indices]:
        """Return the input index at or before each output, and the rest over the denominator."""
        position = np.arange(outputs.start, outputs.stop, dtype=np.int64) * self.over
        base = position // self.under
        return base, position - base * self.under

    def floor(self, output: int) -> int:
        return output * self.over // self.under

    def first_without(self, index: int) -> int:
        """Return the first output that is not complete without the input ``index``."""
        return -(-(index - self.reach) * self.under // self.over)

    def _ceil(self, position: int) -> int:
        """Return the first output at or behind an input position."""
        return -(-position * self.under // self.over)


def as_rate(fs_hz: float) -> float:
    """Return a rate as a plain number of Python; numpy's own do not become fractions.

    Parameters
    ----------
    fs_hz : float
        Sampling rate in Hz: any number, also one of numpy.

    Raises
    ------
    SignalError
        It is no number.
    """
    try:
        return fs_hz if type(fs_hz) in (int, float) else float(np.asarray(fs_hz, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise SignalError(
            f"A rate of {fs_hz!r} cannot be taken: it is no number.",
            "Give samples a second, such as fs_hz=250.",
        ) from error


def check_rate(fs_in_hz: float) -> None:
    """Refuse a rate that cannot be served.

    Raises
    ------
    SignalError
        If the rate is not within 50 to 10,000 Hz.
    """
    if not MIN_RATE_HZ <= fs_in_hz <= MAX_RATE_HZ:
        raise SignalError(
            f"A rate of {fs_in_hz:g} Hz cannot be taken; {MIN_RATE_HZ:g} to {MAX_RATE_HZ:,.0f} Hz can.",
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


@dataclass(slots=True)
class ResamplerState:
    """Where the stream is, and the last inputs; none before the first."""

    place: Place
    history: AnyLength


class Resampler(Operator[ResampleSettings, ResamplerState, [Samples], Samples]):
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
        Rate of the input, 50 to 10,000 Hz, whole or not.
    settings : ResampleSettings, optional
        Look-ahead and attenuation.

    Raises
    ------
    SignalError
        If the rate cannot be served.
    """

    def __init__(self, fs_in_hz: float, settings: ResampleSettings | None = None) -> None:
        check_rate(fs_in_hz)
        settings = settings or ResampleSettings()
        self.fs_in_hz = fs_in_hz
        self._half = _half_width(fs_in_hz, settings)
        self._grid = _Grid(fs_in_hz, self._half)
        self._phases = _phases(fs_in_hz, self._grid.under)
        self._near = np.arange(1 - self._half, self._half + 1)
        if self._half:
            self._bank = _filter_bank(fs_in_hz, self._half, self._phases, settings.attenuation_db)
        super().__init__(settings)

    @property
    def delay_samples(self) -> float:
        """Input samples behind an output's instant that it waits for."""
        return float(self._half)

    @property
    def look_ahead_s(self) -> float:
        """The same in seconds."""
        return self._half / self.fs_in_hz

    @property
    def next_input_index(self) -> int:
        """Absolute index, at the input's rate, of the next input."""
        return self.state.place.next_input

    @property
    def next_output_index(self) -> int:
        """Absolute index at 360 Hz of the next output."""
        return self.state.place.next_output

    def input_needed(self, output: int) -> int:
        """Return the absolute index of the input that completes an output."""
        return self._grid.floor(output) + self._half

    def first_without(self, index: int) -> int:
        """Return the absolute index of the first output that is not complete without the input ``index``."""
        return self._grid.first_without(index)

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
        state = self.state
        outputs = self._grid.advance(state.place, chunk.size)
        if self._half == 0:
            return chunk
        if not state.history.size:
            # The time before the stream is taken to hold its first value.
            state.history = np.full(2 * self._half, chunk[0])
        inputs = np.concatenate((state.history, chunk))
        begin = state.place.next_input - inputs.size
        out = np.empty(len(outputs))
        block = PRODUCTS // self._near.size
        for at in range(0, len(outputs), block):
            base, rest = self._grid.locate(outputs[at : at + block])
            phase = rest
            if self._phases != self._grid.under:
                phase = np.rint(rest * (self._phases / self._grid.under)).astype(np.int64)
            near = inputs[(base - begin)[:, None] + self._near]
            out[at : at + block] = np.add.reduce(near * self._bank[phase], axis=1)
        needed = self._grid.floor(state.place.next_output) - self._half + 1
        state.history = inputs[min(needed - begin, inputs.size - 2 * self._half + 1) :].copy()
        return out

    def fresh(self, start: int) -> ResamplerState:
        """Return the state before the sample of absolute index ``start`` at the input's rate.

        The next output is the first whose instant is not before that sample.
        """
        return ResamplerState(self._grid.begin(start), np.empty(0))


@dataclass(slots=True)
class MaskState:
    """Where the stream is, and the mask of the last inputs."""

    place: Place
    history: Annotated[Mask, Shape(None)]


class MaskResampler(Operator[ResampleSettings, MaskState, [Mask], Mask]):
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
        settings = settings or ResampleSettings()
        half = _half_width(fs_in_hz, settings)
        self._direct = half == 0
        self._grid = _Grid(fs_in_hz, half)
        super().__init__(settings)

    @property
    def delay_samples(self) -> float:
        """Input samples behind an output's instant that it waits for."""
        return float(self._grid.reach)

    def process(self, chunk: Mask) -> Mask:
        """Take the mask of the next samples, shape (n,); return that of the outputs, shape (m,)."""
        state = self.state
        outputs = self._grid.advance(state.place, chunk.size)
        if self._direct:
            return chunk
        inputs = np.concatenate((state.history, chunk))
        begin = state.place.next_input - inputs.size
        out = np.zeros(len(outputs), dtype=np.bool_)
        if np.logical_or.reduce(inputs):
            base, rest = self._grid.locate(outputs)
            out = inputs[base - begin] | (inputs[np.minimum(base + 1 - begin, inputs.size - 1)] & (rest > 0))
        needed = self._grid.floor(state.place.next_output)
        state.history = inputs[max(0, min(needed - begin, inputs.size)) :].copy()
        return np.asarray(out)

    def fresh(self, start: int) -> MaskState:
        """Return the state before the sample of absolute index ``start`` at the input's rate."""
        return MaskState(self._grid.begin(start), np.empty(0, dtype=np.bool_))
