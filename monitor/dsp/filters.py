"""Causal filters that take baseline wander, mains hum and high frequencies off the signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field
from scipy import signal

from monitor.config import Settings
from monitor.dsp.operator import Samples, State
from monitor.events import PIPELINE_HZ

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
    """Settings of the `FilterChain`.

    Parameters
    ----------
    preset : {"monitor", "diagnostic"}
        High-pass at 0.5 Hz (second order) or at 0.05 Hz (first order).
    mains_hz : {50, 60} or None
        Mains frequency to notch out; None leaves hum to the denoiser.
    notch_q : float
        Sharpness of the notch: centre frequency over its -3 dB width.
    lowpass_hz : float or None
        Corner of a fourth-order Butterworth low-pass; None for no low-pass.
    """

    preset: Literal["monitor", "diagnostic"] = "monitor"
    mains_hz: Literal[50, 60] | None = None
    notch_q: float = Field(default=25.0, ge=5.0, le=100.0)
    lowpass_hz: float | None = Field(default=None, ge=20.0, le=150.0)


def design(settings: FilterSettings) -> Samples:
    """Return the second-order sections of the whole chain at 360 Hz.

    Parameters
    ----------
    settings : FilterSettings
        What to filter.

    Returns
    -------
    array of shape (n_sections, 6)
        Sections as `scipy.signal.sosfilt` takes them.
    """
    preset = PRESETS[settings.preset]
    parts = [signal.butter(preset.order, preset.baseline_hz, "highpass", fs=PIPELINE_HZ, output="sos")]
    if settings.mains_hz is not None:
        b, a = signal.iirnotch(settings.mains_hz, settings.notch_q, fs=PIPELINE_HZ)
        parts.append(signal.tf2sos(b, a))
    if settings.lowpass_hz is not None:
        parts.append(signal.butter(4, settings.lowpass_hz, "lowpass", fs=PIPELINE_HZ, output="sos"))
    return np.concatenate(parts).astype(np.float64)


class FilterChain:
    """High-pass, notch and low-pass as one cascade of causal second-order sections.

    The state is primed with the first sample after a reset as if it had been there
    for ever, so a stream that begins on an offset starts at zero, without a transient.

    Parameters
    ----------
    settings : FilterSettings, optional
        What to filter.
    """

    _zi: Samples | None

    def __init__(self, settings: FilterSettings | None = None) -> None:
        self.settings = settings or FilterSettings()
        self._sos = design(self.settings)
        self._steady = signal.sosfilt_zi(self._sos)
        self._delay = float(np.mean(self.group_delay(np.linspace(*QRS_BAND_HZ, 81))))
        self.reset()

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

        Returns
        -------
        array of shape (n,)
            Sum of the sections' group delays.
        """
        total = np.zeros(len(frequency_hz))
        for section in self._sos:
            # Trimmed zeros keep scipy from warning about first-order sections.
            b, a = np.trim_zeros(section[:3], "b"), np.trim_zeros(section[3:], "b")
            total += signal.group_delay((b, a), w=frequency_hz, fs=PIPELINE_HZ)[1]
        return total

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
        if self._zi is None:
            self._zi = self._steady * chunk[0]
        out, self._zi = signal.sosfilt(self._sos, chunk, zi=self._zi)
        return np.asarray(out)

    def reset(self, start: int = 0) -> None:  # noqa: ARG002 - the filter is the same at any index
        """Forget the past; the next sample primes the filter."""
        self._zi = None

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {"zi": None if self._zi is None else self._zi.copy()}

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self._zi = None if state["zi"] is None else np.array(state["zi"])
