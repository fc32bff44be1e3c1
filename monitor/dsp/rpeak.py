"""Find R waves online: band-pass, a small causal network with carried state, peak picking."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import Field

from monitor.dsp.operator import Samples, State
from monitor.dsp.rpeak_frontend import HOP, QrsFrontEnd
from monitor.dsp.rpeak_network import StreamingNetwork
from monitor.dsp.rpeak_picker import STEPS_PER_S, PeakPicker, PickerSettings

SHIPPED_MODEL = Path(__file__).resolve().parents[2] / "models" / "zoo" / "rpeak.onnx"

QRS_HALF_SAMPLES = 22
"""Half of the window in which the height of a QRS is measured (60 ms)."""


class RPeakSettings(PickerSettings):
    """Settings of the R-peak detector.

    Parameters
    ----------
    least_qrs_mv : float
        Beats are reported only while the largest QRS of late is at least this high,
        peak to peak behind the band-pass.
    memory_s : float
        Time constant with which the largest QRS is forgotten.
    """

    least_qrs_mv: float = Field(0.15, ge=0.0, le=1.0)
    memory_s: float = Field(10.0, gt=0.0, le=60.0)


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
        self._network = StreamingNetwork(model or SHIPPED_MODEL)
        self._picker = PeakPicker(self.settings)
        self._lookahead = self._network.lookahead_steps
        self._past = HOP * (self._lookahead + int(4 * STEPS_PER_S))
        self.reset()

    @property
    def delay_samples(self) -> float:
        """Samples between an R wave and the moment it is known, search-back aside."""
        return float(HOP * (self._lookahead + self.settings.wait_steps + 1))

    def reset(self, start: int = 0) -> None:
        """Forget the past; the next sample has absolute index ``start``."""
        self._front_end.reset()
        self._network.reset()
        self._picker.reset()
        self._start = start
        self._seen = 0
        self._filtered = np.zeros(self._past)
        self._largest_mv = 0.0
        self._largest_at = 0.0

    def process(self, chunk: Samples) -> list[RPeak]:
        """Take the next samples, shape (n,), raw mV at 360 Hz; return the beats known now."""
        hops, filtered = self._front_end.process(chunk)
        if not filtered.size:
            return []
        self._filtered = np.concatenate((self._filtered, filtered))
        self._seen += filtered.size
        beats = []
        for peak in self._picker.process(*self._network.process(hops)):
            place = (peak.position - self._lookahead) * HOP
            if self._is_high_enough(place):
                known = (peak.known_step + 1) * HOP - 1
                beats.append(RPeak(self._start + place, self._start + known, peak.score))
        self._filtered = self._filtered[-self._past :]
        return beats

    def _is_high_enough(self, place: float) -> bool:
        """Measure the QRS at ``place`` and tell if the largest of late is high enough."""
        centre = round(place) - self._seen + self._filtered.size
        window = self._filtered[max(centre - QRS_HALF_SAMPLES, 0) : centre + QRS_HALF_SAMPLES]
        height = float(np.ptp(window)) if window.size else 0.0
        fading = np.exp(-max(place - self._largest_at, 0.0) / (self.settings.memory_s * HOP * STEPS_PER_S))
        self._largest_mv = max(height, self._largest_mv * float(fading))
        self._largest_at = place
        return self._largest_mv >= self.settings.least_qrs_mv

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {
            "front_end": self._front_end.snapshot(),
            "network": self._network.snapshot(),
            "picker": self._picker.snapshot(),
            "start": self._start,
            "seen": self._seen,
            "filtered": self._filtered.copy(),
            "largest": (self._largest_mv, self._largest_at),
        }

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self._front_end.restore(state["front_end"])
        self._network.restore(state["network"])
        self._picker.restore(state["picker"])
        self._start = state["start"]
        self._seen = state["seen"]
        self._filtered = state["filtered"].copy()
        self._largest_mv, self._largest_at = state["largest"]
