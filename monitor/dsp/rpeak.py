"""Find R waves online: band-pass, a small causal network with carried state, peak picking."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import Field

from ecgmon.monitor.dsp.operator import Operator, Samples
from ecgmon.monitor.dsp.rpeak_frontend import HOP, QrsFrontEnd
from ecgmon.monitor.dsp.rpeak_measure import (
    PEAK_HALF_SAMPLES,
    QRS_HALF_SAMPLES,
    HeightGate,
    find_peak,
    window_middle,
)
from ecgmon.monitor.dsp.rpeak_network import StreamingNetwork
from ecgmon.monitor.dsp.rpeak_picker import Peak, PeakPicker, PickerSettings


class RPeakSettings(PickerSettings):
    """Settings of the R-peak detector.

    Parameters
    ----------
    least_qrs_mv : float
        Beats are reported only while the largest QRS of the last minute is this high,
        peak to peak behind the band-pass.
    """

    least_qrs_mv: float = Field(0.165, ge=0.0, le=1.0)


@dataclass(frozen=True, slots=True)
class RPeak:
    """An R wave.

    Parameters
    ----------
    sample : float
        Where it is: absolute index at 360 Hz, finer than a sample.
    known_at : int
        Absolute index at 360 Hz of the sample that had to arrive to know it.
    score : float
        Probability, 0 to 1.
    height_mv : float
        How high it is, peak to peak behind the band-pass.
    """

    sample: float
    known_at: int
    score: float
    height_mv: float


@dataclass(slots=True)
class DetectorState:
    """Absolute index of the stream's first sample, samples seen since, and the band-passed signal of late."""

    start: int
    seen: int
    filtered: Samples


class RPeakDetector(Operator[RPeakSettings, DetectorState, [Samples], list[RPeak]]):
    """Online R-peak detector.

    Parameters
    ----------
    settings : RPeakSettings, optional
        Thresholds and times.
    model : Path, optional
        ONNX file; the shipped one by default.

    Raises
    ------
    ModelError
        If the model cannot be served.

    Attributes
    ----------
    small : list of RPeak
        What the last `process` left out because no wave of late was as high as ``least_qrs_mv``.
    """

    def __init__(self, settings: RPeakSettings | None = None, model: Path | None = None) -> None:
        settings = settings or RPeakSettings()
        self._front_end = QrsFrontEnd()
        self._network = StreamingNetwork(model)
        looks = self._network.lookahead_steps, self._network.second_look_steps
        gate = HeightGate(settings.least_qrs_mv)
        self._picker = PeakPicker(settings, gate, *looks)
        self.small: list[RPeak] = []
        self._past = HOP * (looks[1] + settings.wait_steps + 4) + 2 * PEAK_HALF_SAMPLES
        super().__init__(
            settings, front_end=self._front_end, network=self._network, picker=self._picker, gate=gate
        )

    @property
    def delay_samples(self) -> float:
        """Usual delay of a beat's report behind its R wave; beats of the second look come 0.2 s later."""
        return float(HOP * (self._network.lookahead_steps + self.settings.wait_steps))

    def fresh(self, start: int) -> DetectorState:
        """Return the state before the sample of absolute index ``start``."""
        return DetectorState(start, 0, np.zeros(self._past))

    def process(self, chunk: Samples) -> list[RPeak]:
        """Take the next samples, shape (n,), raw mV at 360 Hz; return the beats known now."""
        hops, filtered = self._front_end.process(chunk)
        self.small = []
        if not filtered.size:
            return []
        state = self.state
        state.filtered = np.concatenate((state.filtered, filtered))
        state.seen += filtered.size
        peaks = self._picker.process(self._network.process(hops), self._height_mv)
        beats = [self._r_peak(peak) for peak in peaks]
        self.small = [self._r_peak(peak) for peak in self._picker.small]
        state.filtered = state.filtered[-self._past :]
        return beats

    def _r_peak(self, peak: Peak) -> RPeak:
        start = self.state.start
        place = find_peak(self._window(peak.position, PEAK_HALF_SAMPLES), peak.position * HOP)
        known = (peak.known_step + 1) * HOP - 1
        return RPeak(start + place, start + known, peak.score, peak.height_mv)

    def _window(self, position: float, half: int) -> Samples:
        """Return the band-passed signal, ``half`` samples to either side of a place in steps."""
        filtered = self.state.filtered
        middle = window_middle(position * HOP) - self.state.seen + filtered.size
        return filtered[middle - half : middle + half + 1]

    def _height_mv(self, position: float) -> float:
        window = self._window(position, QRS_HALF_SAMPLES)
        return float(np.maximum.reduce(window) - np.minimum.reduce(window))
