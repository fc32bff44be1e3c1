"""Find R waves online: band-pass, a small causal network with carried state, peak picking."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import Field

from ecgmon.monitor.dsp.operator import Samples, State
from ecgmon.monitor.dsp.rpeak_frontend import HOP, QrsFrontEnd
from ecgmon.monitor.dsp.rpeak_measure import (
    PEAK_HALF_SAMPLES,
    QRS_HALF_SAMPLES,
    HeightGate,
    find_peak,
    window_middle,
)
from ecgmon.monitor.dsp.rpeak_network import StreamingNetwork
from ecgmon.monitor.dsp.rpeak_picker import PeakPicker, PickerSettings


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
    """

    sample: float
    known_at: int
    score: float


class RPeakDetector:
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
    """

    def __init__(self, settings: RPeakSettings | None = None, model: Path | None = None) -> None:
        self.settings = settings or RPeakSettings()
        self._front_end = QrsFrontEnd()
        self._network = StreamingNetwork(model)
        looks = self._network.lookahead_steps, self._network.second_look_steps
        self._gate = HeightGate(self.settings.least_qrs_mv)
        self._picker = PeakPicker(self.settings, self._gate, *looks)
        self._past = HOP * (looks[1] + self.settings.wait_steps + 4) + 2 * PEAK_HALF_SAMPLES
        self.reset()

    @property
    def delay_samples(self) -> float:
        """Usual delay of a beat's report behind its R wave; beats of the second look come 0.2 s later."""
        return float(HOP * (self._network.lookahead_steps + self.settings.wait_steps))

    def reset(self, start: int = 0) -> None:
        """Forget the past; the next sample has absolute index ``start``."""
        self._front_end.reset()
        self._network.reset()
        self._picker.reset()
        self._gate.reset()
        self._start = start
        self._seen = 0
        self._filtered = np.zeros(self._past)

    def process(self, chunk: Samples) -> list[RPeak]:
        """Take the next samples, shape (n,), raw mV at 360 Hz; return the beats known now."""
        hops, filtered = self._front_end.process(chunk)
        if not filtered.size:
            return []
        self._filtered = np.concatenate((self._filtered, filtered))
        self._seen += filtered.size
        beats = []
        for peak in self._picker.process(self._network.process(hops), self._height_mv):
            place = find_peak(self._window(peak.position, PEAK_HALF_SAMPLES), peak.position * HOP)
            known = (peak.known_step + 1) * HOP - 1
            beats.append(RPeak(self._start + place, self._start + known, peak.score))
        self._filtered = self._filtered[-self._past :]
        return beats

    def _window(self, position: float, half: int) -> Samples:
        """Return the band-passed signal, ``half`` samples to either side of a place in steps."""
        middle = window_middle(position * HOP) - self._seen + self._filtered.size
        return self._filtered[middle - half : middle + half + 1]

    def _height_mv(self, position: float) -> float:
        window = self._window(position, QRS_HALF_SAMPLES)
        return float(np.maximum.reduce(window) - np.minimum.reduce(window))

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {
            "front_end": self._front_end.snapshot(),
            "network": self._network.snapshot(),
            "picker": self._picker.snapshot(),
            "start": self._start,
            "seen": self._seen,
            "filtered": self._filtered.copy(),
            "gate": self._gate.snapshot(),
        }

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self._front_end.restore(state["front_end"])
        self._network.restore(state["network"])
        self._picker.restore(state["picker"])
        self._start = state["start"]
        self._seen = state["seen"]
        self._filtered = state["filtered"].copy()
        self._gate.restore(state["gate"])
