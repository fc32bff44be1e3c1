"""From samples at 360 Hz to the clean signal that windows are cut from, live and in training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.dsp.denoise import DenoiseSettings, WaveletDenoiser
from ecgmon.monitor.dsp.filters import FilterChain, FilterSettings
from ecgmon.monitor.dsp.hum import HumFilter
from ecgmon.monitor.dsp.operator import Operator, Samples


class FrontEndSettings(Settings):
    """Settings of the `FrontEnd`.

    Parameters
    ----------
    filters : FilterSettings
        Causal filters, that against hum included.
    denoise : DenoiseSettings
        Wavelet denoiser behind them.
    """

    filters: FilterSettings = Field(default_factory=FilterSettings)
    denoise: DenoiseSettings = Field(default_factory=DenoiseSettings)


@dataclass(slots=True)
class FrontEndState:
    """Samples still to come that stand for no real time, and the pipeline index of the next clean one."""

    filling: int
    position: int


class FrontEnd(Operator[FrontEndSettings, FrontEndState, [Samples], Samples]):
    """Filters and denoiser in one, with their delay taken off; a `HumFilter` stands before it.

    Parameters
    ----------
    settings : FrontEndSettings, optional
        Settings of the parts.
    """

    def __init__(self, settings: FrontEndSettings | None = None) -> None:
        settings = settings or FrontEndSettings()
        self._filters = FilterChain(settings.filters)
        self._denoiser = WaveletDenoiser(settings.denoise)
        self._delay = round(self._filters.delay_samples + self._denoiser.delay_samples)
        super().__init__(settings, filters=self._filters, denoiser=self._denoiser)

    @property
    def delay_samples(self) -> float:
        """Samples that must follow before a clean one is known."""
        return float(self._delay)

    @property
    def position(self) -> int:
        """Pipeline index of the next clean sample."""
        return self.state.position

    def process(self, chunk: Samples) -> Samples:
        """Clean the next samples.

        Parameters
        ----------
        chunk : array of shape (n,)
            Finite samples in millivolts at 360 Hz, without hum.

        Returns
        -------
        array of shape (m,)
            Clean samples in millivolts; the first one belongs to `position`. It is as long
            as the chunk but for the first ones after a reset, which stand for no real time.
        """
        clean = self._denoiser.process(self._filters.process(chunk))
        state = self.state
        filling = min(state.filling, clean.size)
        state.filling -= filling
        clean = clean[filling:]
        state.position += clean.size
        return clean

    def fresh(self, start: int) -> FrontEndState:
        """Return the state before the sample of pipeline index ``start``."""
        return FrontEndState(self._delay, start)


def clean_record(samples_mv: Samples, settings: FrontEndSettings | None = None) -> Samples:
    """Run a whole record through the `HumFilter` and the `FrontEnd`.

    Parameters
    ----------
    samples_mv : array of shape (n,)
        Finite samples in millivolts at 360 Hz.
    settings : FrontEndSettings, optional
        Settings of the front end.

    Returns
    -------
    array of shape (m,)
        Clean samples; index 0 is the record's sample 0. The last `FrontEnd.delay_samples`
        are missing, as they are live.
    """
    settings = settings or FrontEndSettings()
    quiet = HumFilter(settings.filters).process(np.asarray(samples_mv, dtype=np.float64))
    return FrontEnd(settings).process(quiet)
