"""Causal filters that take baseline wander and high frequencies off the signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.iir import Coefficients, Recursion, butterworth, group_delay
from ecgmon.monitor.dsp.operator import Operator, Samples

QRS_BAND_HZ = (5.0, 25.0)
"""Band, in Hz, over which the group delay is stated."""


@dataclass(frozen=True, slots=True)
class Preset:
    """What a preset stands for.

    Parameters
    ----------
    baseline_hz : float
        Corner of the high-pass in Hz.
    order : int
        Order of the Butterworth high-pass.
    """

    baseline_hz: float
    order: int


PRESETS: dict[str, Preset] = {
    "monitor": Preset(baseline_hz=0.5, order=2),
    "diagnostic": Preset(baseline_hz=0.05, order=1),
}
"""``monitor`` holds the baseline still; ``diagnostic`` keeps the ST segment as it is."""


class FilterSettings(Settings):
    """Settings of the `FilterChain`, and of the `HumFilter` before it.

    Parameters
    ----------
    preset : {"monitor", "diagnostic"}
        High-pass at 0.5 Hz (second order) or at 0.05 Hz (first order).
    mains_hz : {50, 60, "auto"} or None
        Mains frequency to notch out, with its harmonics, before the signal is assessed or searched
        for beats; "auto" finds which it is; None leaves hum to the denoiser.
    notch_q : float
        Sharpness of the notch: centre frequency over its -3 dB width.
    lowpass_hz : float or None
        Corner of a fourth-order Butterworth low-pass; None for no low-pass.
    """

    preset: Literal["monitor", "diagnostic"] = "monitor"
    mains_hz: Literal[50, 60, "auto"] | None = None
    notch_q: float = Field(default=25.0, ge=5.0, le=100.0)
    lowpass_hz: float | None = Field(default=None, ge=20.0, le=150.0)


def design(settings: FilterSettings) -> list[Coefficients]:
    """Return the filters of the whole chain at 360 Hz, one behind the other.

    Parameters
    ----------
    settings : FilterSettings
        What to filter.
    """
    preset = PRESETS[settings.preset]
    parts = [butterworth(preset.order, (preset.baseline_hz,), "highpass", PIPELINE_HZ)]
    if settings.lowpass_hz is not None:
        parts.append(butterworth(4, (settings.lowpass_hz,), "lowpass", PIPELINE_HZ))
    return parts


@dataclass(slots=True)
class FilterState:
    """What each recursion carries, and whether a first sample has primed it."""

    filters: list[Samples]
    primed: bool = False


class FilterChain(Operator[FilterSettings, FilterState, [Samples], Samples]):
    """High-pass and low-pass as causal recursions, one behind the other.

    The state is primed with the first sample after a reset as if it had been there
    for ever, so a stream that begins on an offset starts at zero, without a transient.

    Parameters
    ----------
    settings : FilterSettings, optional
        What to filter.
    """

    def __init__(self, settings: FilterSettings | None = None) -> None:
        settings = settings or FilterSettings()
        self._filters = design(settings)
        self._recursions = [Recursion(b, a) for b, a in self._filters]
        self._delay = float(np.mean(self.group_delay(np.linspace(*QRS_BAND_HZ, 81))))
        super().__init__(settings)

    @property
    def delay_samples(self) -> float:
        """Mean group delay over 5 to 25 Hz, where the QRS complex lives, in samples."""
        return self._delay

    def group_delay(self, frequency_hz: Samples) -> Samples:
        """Return the group delay in samples.

        Parameters
        ----------
        frequency_hz : array of shape (n,)
            Frequencies in Hz.
        """
        return group_delay(self._filters, frequency_hz, PIPELINE_HZ)

    def process(self, chunk: Samples) -> Samples:
        """Filter the next samples.

        Parameters
        ----------
        chunk : array of shape (n,)
            Finite samples in millivolts at 360 Hz.

        Returns
        -------
        array of shape (n,)
            Filtered samples in millivolts.
        """
        if chunk.size == 0:
            return np.empty(0)
        state = self.state
        if not state.primed:
            state.filters, state.primed = self._settled(float(chunk[0])), True
        for i, recursion in enumerate(self._recursions):
            chunk, state.filters[i] = recursion.process(chunk, state.filters[i])
        return chunk

    def _settled(self, value: float) -> list[Samples]:
        states = []
        for recursion, (b, a) in zip(self._recursions, self._filters, strict=True):
            states.append(recursion.settled(value))
            value *= float(b.sum() / a.sum())
        return states

    def fresh(self, start: int) -> FilterState:  # noqa: ARG002 - the filter is the same at any index
        """Return the state before the first sample, which primes the filter."""
        return FilterState(self._settled(0.0))
