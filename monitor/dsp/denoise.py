"""Streaming wavelet denoiser: takes muscle noise and hum off while the QRS keeps its height."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pywt
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.dsp.operator import Operator, Samples

WAVELET = "sym4"
SECOND = int(PIPELINE_HZ)
MAD_TO_SIGMA = 1.0 / 0.6744897501960817
"""Median absolute deviation to standard deviation, for a normal distribution."""


class DenoiseSettings(Settings):
    """Settings of the `WaveletDenoiser`.

    Parameters
    ----------
    levels : int
        Levels of detail that are thresholded. At 360 Hz three reach down to 22.5 Hz
        with 136 ms of delay, four to 11 Hz with 292 ms.
    threshold : float
        Threshold of each level over its noise's standard deviation; 0 changes nothing.
    smoothing : float
        Weight of the last second in the running noise estimate.
    """

    levels: int = Field(default=3, ge=1, le=4)
    threshold: float = Field(default=3.0, ge=0.0, le=10.0)
    smoothing: float = Field(default=0.5, gt=0.0, le=1.0)


def filter_bank(levels: int) -> list[tuple[Samples, Samples]]:
    """Return the detail filters of the undecimated transform and their inverses.

    Parameters
    ----------
    levels : int
        Number of levels.

    Returns
    -------
    list of (array, array)
        For level j from 1 on: the filter from the signal to its detail and the one from
        the detail back to the signal, each ``7 * (2**j - 1) + 1`` taps long. They are the
        cascades of the dilated sym4 filters, multiplied out.
    """
    wavelet = pywt.Wavelet(WAVELET)
    analysis, synthesis = np.ones(1), np.ones(1)
    bank = []
    for level in range(levels):
        step = 2**level
        low, high, back_low, back_high = (_dilate(np.array(taps), step) for taps in wavelet.filter_bank)
        bank.append((np.convolve(analysis, high), np.convolve(synthesis, back_high) / (2 * step)))
        analysis, synthesis = np.convolve(analysis, low), np.convolve(synthesis, back_low)
    return bank


def _dilate(taps: Samples, step: int) -> Samples:
    out = np.zeros((len(taps) - 1) * step + 1)
    out[::step] = taps
    return out


def shrunk_part(detail: Samples, threshold: Samples) -> Samples:
    """Return what a fourth-order garrote takes off each detail coefficient.

    All of it up to the threshold, ``t**4 / d**3`` above: between the soft rule, which
    lowers a tall QRS as much as the noise, and the hard one, which rings.

    Parameters
    ----------
    detail : array of shape (levels, n)
        Detail coefficients in millivolts.
    threshold : array broadcastable to ``detail``
        Thresholds in millivolts, not negative.

    Returns
    -------
    array of shape (levels, n)
        The part that counts as noise.

    References
    ----------
    Gao, Wavelet shrinkage denoising using the non-negative garrote, J. Comput. Graph.
    Stat. 7 (1998), doi:10.1080/10618600.1998.10474789; here with the fourth power.
    """
    ratio = threshold / np.maximum(np.abs(detail), np.maximum(threshold, 1e-12))
    ratio *= ratio
    return np.asarray(detail * (ratio * ratio))


@dataclass(slots=True)
class NoiseState:
    """The index of the next detail, those of the second so far, and the noise of each level."""

    position: int
    second: Samples
    held: int
    sigma: Samples
    known: bool = False


class NoiseLevel(Stateful[NoiseState]):
    """Running standard deviation of the noise in each level, one value a second.

    The median absolute deviation of each whole second of the absolute index grid is
    smoothed over seconds. A second is thresholded with what was known when it began.

    Parameters
    ----------
    levels : int
        Number of levels.
    smoothing : float
        Weight of the last second.
    """

    def __init__(self, levels: int, smoothing: float) -> None:
        self._smoothing, self._keep = smoothing, 1.0 - smoothing
        self._levels = levels
        super().__init__()

    def fresh(self, start: int) -> NoiseState:
        """Return the state before the sample of absolute index ``start``."""
        return NoiseState(start, np.zeros((self._levels, SECOND)), 0, np.zeros((self._levels, 1)))

    def process(self, detail: Samples) -> Iterator[tuple[Samples, Samples]]:
        """Yield the details in parts, each with its noise level, shape (levels, 1)."""
        state, at = self.state, 0
        while at < detail.shape[1]:
            stop = min(detail.shape[1], at + SECOND - state.position % SECOND)
            part = detail[:, at:stop]
            yield part, state.sigma
            held = state.held + stop - at
            state.second[:, state.held : held] = part
            state.held = held
            state.position += stop - at
            at = stop
            if state.position % SECOND == 0:
                self._learn()

    def _learn(self) -> None:
        """Take a second's details; one that a reset cut short teaches nothing."""
        state = self.state
        if state.held == SECOND:
            sigma = MAD_TO_SIGMA * np.sort(np.abs(state.second), axis=1)[:, SECOND // 2 : SECOND // 2 + 1]
            last = state.sigma if state.known else sigma
            state.sigma, state.known = self._smoothing * sigma + self._keep * last, True
        state.held = 0


@dataclass(slots=True)
class DenoiserState:
    """The last samples, and the noise that has not reached its place yet."""

    history: Samples
    tail: Samples
    primed: bool = False


class WaveletDenoiser(Operator[DenoiseSettings, DenoiserState, [Samples], Samples]):
    """Thresholds the sym4 details of a running signal; the delay is ``7 * (2**levels - 1)``.

    It differs from `pywt.wavedec` and `pywt.waverec` over a whole record in these ways:

    - The transform is the undecimated one (a trous): every shift of the decimated transform,
      averaged. It needs no block borders, and the result does not depend on where the
      record happens to begin.
    - Filters are causal FIR filters with carried history. The output is late by the
      longest analysis and synthesis filter together and exact after that: with the threshold at 0
      it is the input, delayed.
    - Thresholds come from a running estimate (median absolute deviation of each whole second,
      smoothed) instead of one over the whole record, so they follow the noise. During the first
      whole second after a reset nothing is known and nothing is taken off.
    - Only what the thresholds take off is synthesised, and subtracted from the delayed
      input. That is the same by linearity and leaves the approximation, with the ST level, untouched.

    Parameters
    ----------
    settings : DenoiseSettings, optional
        Levels and thresholds.

    References
    ----------
    Donoho & Johnstone, Ideal spatial adaptation by wavelet shrinkage, Biometrika 81 (1994),
    doi:10.1093/biomet/81.3.425. Coifman & Donoho, Translation-invariant de-noising (1995),
    doi:10.1007/978-1-4612-2544-7_9.
    """

    def __init__(self, settings: DenoiseSettings | None = None) -> None:
        settings = settings or DenoiseSettings()
        # Turned round, as `np.correlate` takes them; it has less overhead than `np.convolve`.
        self._bank = [(high[::-1].copy(), back[::-1].copy()) for high, back in filter_bank(settings.levels)]
        self._delay = 7 * (2**settings.levels - 1)
        self._noise = NoiseLevel(settings.levels, settings.smoothing)
        super().__init__(settings, noise=self._noise)

    @property
    def delay_samples(self) -> float:
        """Delay of the output against the input, in samples."""
        return float(self._delay)

    def process(self, chunk: Samples) -> Samples:
        """Denoise the next samples.

        Parameters
        ----------
        chunk : array of shape (n,)
            Finite samples in millivolts at 360 Hz.

        Returns
        -------
        array of shape (n,)
            Denoised samples in millivolts, `delay_samples` late. The first ones after a
            reset stand for the time before it and repeat the first sample.
        """
        if chunk.size == 0:
            return np.empty(0)
        state = self.state
        if not state.primed:
            state.history, state.primed = np.full(self._delay, chunk[0]), True
        signal_mv = np.concatenate((state.history, chunk))
        state.history = signal_mv[chunk.size :].copy()
        # A shorter level waits here, so that all come back from synthesis at the same time.
        detail = np.empty((len(self._bank), chunk.size))
        for level, (high, _) in enumerate(self._bank):
            detail[level] = np.correlate(signal_mv[: chunk.size + len(high) - 1], high, "valid")
        parts = [
            shrunk_part(part, self.settings.threshold * sigma) for part, sigma in self._noise.process(detail)
        ]
        noise = np.concatenate((state.tail, *parts), axis=1)
        state.tail = noise[:, chunk.size :].copy()
        out = signal_mv[: chunk.size].copy()
        for level, (_, back) in enumerate(self._bank):
            out -= np.correlate(noise[level, self._delay - len(back) + 1 :], back, "valid")
        return out

    def fresh(self, start: int) -> DenoiserState:  # noqa: ARG002 - only the noise level knows of seconds
        """Return the state before the first sample."""
        return DenoiserState(np.zeros(self._delay), np.zeros((len(self._bank), self._delay)))
