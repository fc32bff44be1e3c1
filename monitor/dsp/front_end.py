"""From samples at 360 Hz to the clean signal that windows are cut from, live and in training."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.dsp.denoise import DenoiseSettings, WaveletDenoiser
from ecgmon.monitor.dsp.filters import FilterChain, FilterSettings
from ecgmon.monitor.dsp.operator import Samples, State


class FrontEndSettings(Settings):
    """Settings of the `FrontEnd`.

    Parameters
    ----------
    filters : FilterSettings
        Causal filters.
    denoise : DenoiseSettings
        Wavelet denoiser behind them.
    """

    filters: FilterSettings = Field(default_factory=FilterSettings)
    denoise: DenoiseSettings = Field(default_factory=DenoiseSettings)


class FrontEnd:
    """Filters and denoiser in one, with their delay taken off.

    Parameters
    ----------
    settings : FrontEndSettings, optional
        Settings of the parts.
    """

    def __init__(self, settings: FrontEndSettings | None = None) -> None:
        self.settings = settings or FrontEndSettings()
        self._filters = FilterChain(self.settings.filters)
        self._denoiser = WaveletDenoiser(self.settings.denoise)
        self._delay = round(self._filters.delay_samples + self._denoiser.delay_samples)
        self.reset()

    @property
    def delay_samples(self) -> float:
        """Samples that must follow before a clean one is known."""
        return float(self._delay)

    @property
    def position(self) -> int:
        """Pipeline index of the next clean sample."""
        return self._position

    def process(self, chunk: Samples) -> Samples:
        """Clean the next samples.

        Parameters
        ----------
        chunk : array of shape (n,)
            Finite samples in millivolts at 360 Hz.

        Returns
        -------
        array of shape (m,)
            Clean samples in millivolts; the first one belongs to `position`. It is as long
            as the chunk but for the first ones after a reset, which stand for no real time.
        """
        clean = self._denoiser.process(self._filters.process(chunk))
        filling = min(self._filling, clean.size)
        self._filling -= filling
        clean = clean[filling:]
        self._position += clean.size
        return clean

    def reset(self, start: int = 0) -> None:
        """Forget the past; the next sample has pipeline index ``start``."""
        self._filters.reset(start)
        self._denoiser.reset(start)
        self._filling = self._delay
        self._position = start

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {
            "filters": self._filters.snapshot(),
            "denoiser": self._denoiser.snapshot(),
            "filling": self._filling,
            "position": self._position,
        }

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self._filters.restore(state["filters"])
        self._denoiser.restore(state["denoiser"])
        self._filling = int(state["filling"])
        self._position = int(state["position"])


def clean_record(samples_mv: Samples, settings: FrontEndSettings | None = None) -> Samples:
    """Run a whole record through the `FrontEnd`.

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
    return FrontEnd(settings).process(np.asarray(samples_mv, dtype=np.float64))
