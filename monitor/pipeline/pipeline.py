"""The chain from samples to events: one object a stream, no clock, no threads, no I/O."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.errors import SettingsError
from ecgmon.monitor.core.events import PIPELINE_HZ, Event, Gap, SampleBlock
from ecgmon.monitor.core.ring import RingBuffer
from ecgmon.monitor.dsp.front_end import FrontEnd, FrontEndSettings
from ecgmon.monitor.dsp.operator import Samples, State
from ecgmon.monitor.dsp.quality import QualitySettings, SecondQuality, SignalQuality
from ecgmon.monitor.dsp.resample import MaskResampler, Resampler, ResampleSettings
from ecgmon.monitor.dsp.rpeak import RPeakDetector, RPeakSettings
from ecgmon.monitor.dsp.sanitise import Sanitiser, SanitiseSettings
from ecgmon.monitor.dsp.segment import BeatSegmenter, BeatWindow, SegmentSettings
from ecgmon.monitor.inference.classification import BeatClassifier, Classification, ClassifierSettings
from ecgmon.monitor.inference.contract import ModelContract
from ecgmon.monitor.inference.opening import open_classifier
from ecgmon.monitor.pipeline.findings import EventMaker, TimeBase
from ecgmon.monitor.rhythm.analyser import RhythmAnalyser
from ecgmon.monitor.rhythm.heart_rate import HeartRateSettings
from ecgmon.monitor.rhythm.settings import RhythmSettings
from ecgmon.monitor.rhythm.vf import VfDetector, VfSettings

SNAPSHOT_VERSION = 1
LEARNED_VERSION = 4

CERTAIN = frozenset({"missing", "lead_off"})
"""Reasons of poor quality that the source itself gives."""


class PipelineSettings(Settings):
    """Settings of the chain.

    Parameters
    ----------
    usable_quality : float
        Two seconds in a row below this signal quality make the heart rate unknown.
    judge_quality : bool
        Believe the quality index. If not, every second counts as clean unless samples are missing
        or an electrode is off: to see what the index is worth.
    """

    renamed: ClassVar = {"fibrillation": "vf"}

    sanitise: SanitiseSettings = Field(default_factory=SanitiseSettings)
    resample: ResampleSettings = Field(default_factory=ResampleSettings)
    front_end: FrontEndSettings = Field(default_factory=FrontEndSettings)
    quality: QualitySettings = Field(default_factory=QualitySettings)
    detector: RPeakSettings = Field(default_factory=RPeakSettings)
    segment: SegmentSettings = Field(default_factory=SegmentSettings)
    classifier: ClassifierSettings = Field(default_factory=ClassifierSettings)
    heart_rate: HeartRateSettings = Field(default_factory=HeartRateSettings)
    vf: VfSettings = Field(default_factory=VfSettings)
    rhythm: RhythmSettings = Field(default_factory=RhythmSettings)
    usable_quality: float = Field(default=0.1, ge=0, le=1)
    judge_quality: bool = True


class Pipeline:
    """Resampling, cleaning, quality, R waves, windows, classes, heart rate, rhythm.

    What the operators find within a block is put in the order of the sample at which it
    became known before anything keeps state across findings. So events do not depend on
    how the signal was cut.

    Parameters
    ----------
    settings : PipelineSettings, optional
        Settings of all parts.
    fs_hz : float
        Sampling rate of the source in Hz, 100 to 1000.
    device : str
        Name that the events carry.
    ring : RingBuffer, optional
        Gets raw and clean signal and attribution at 360 Hz.
    classifier : BeatClassifier, optional
        In place of the one that the settings name; each pipeline needs its own.

    Raises
    ------
    ValueError
        If the rate cannot be served.
    """

    def __init__(
        self,
        settings: PipelineSettings | None = None,
        *,
        fs_hz: float = PIPELINE_HZ,
        device: str = "ecg",
        ring: RingBuffer | None = None,
        classifier: BeatClassifier | None = None,
    ) -> None:
        self.settings = settings or PipelineSettings()
        self.fs_hz = fs_hz
        self.device = device
        self._classifier = classifier or open_classifier(self.settings.classifier)
        self._ring = ring
        self._sanitiser = Sanitiser(self.settings.sanitise)
        self._resampler = Resampler(fs_hz, self.settings.resample)
        self._missing = MaskResampler(fs_hz, self.settings.resample)
        self._lead_off = MaskResampler(fs_hz, self.settings.resample)
        self._front_end = FrontEnd(self.settings.front_end)
        self._quality = SignalQuality(self.settings.quality)
        self._detector = RPeakDetector(self.settings.detector)
        self._segmenter = BeatSegmenter(self._window())
        self._vf = VfDetector(self.settings.vf)
        self.rhythm = RhythmAnalyser(self.settings.rhythm)
        self._maker = EventMaker(
            TimeBase(fs_hz, self._resampler.input_needed),
            device,
            self.settings.heart_rate,
            self.rhythm,
            self.settings.usable_quality,
            round(self._detector.delay_samples),
        )
        self._parts: dict[str, Any] = {
            "sanitiser": self._sanitiser,
            "resampler": self._resampler,
            "missing": self._missing,
            "lead_off": self._lead_off,
            "front_end": self._front_end,
            "quality": self._quality,
            "detector": self._detector,
            "segmenter": self._segmenter,
            "classifier": self._classifier,
            "vf": self._vf,
            "rhythm": self.rhythm,
            "maker": self._maker,
        }
        self._started = False
        self._next = 0

    def _window(self) -> SegmentSettings:
        """Return the segmenter's settings with the window that the model was made for; refuse another."""
        segment = self.settings.segment
        sides = {"before_samples": self.contract.window_before, "after_samples": self.contract.window_after}
        for name in sorted(segment.model_fields_set & sides.keys()):
            if getattr(segment, name) != sides[name]:
                raise SettingsError(
                    f"pipeline.segment.{name} is {getattr(segment, name)}, but the model "
                    f"{self.contract.name} takes {sides[name]}.",
                    "Leave it out: the model says which window it takes.",
                )
        return segment.model_copy(update=sides)

    @property
    def contract(self) -> ModelContract:
        """What the beat model says about itself."""
        return self._classifier.contract

    @property
    def processed(self) -> int:
        """Source index just behind the last sample taken."""
        return self._next

    def process(self, block: SampleBlock) -> list[Event]:
        """Take the next block and return what it made known, ordered by ``known_at``.

        A block that starts late tells of a gap. Samples that came already are left out.

        Parameters
        ----------
        block : SampleBlock
            Samples at the pipeline's rate; the first row is analysed.

        Raises
        ------
        ValueError
            If the block has another rate than the pipeline.
        """
        if block.fs_hz != self.fs_hz:
            msg = f"the block is sampled at {block.fs_hz} Hz, the pipeline at {self.fs_hz} Hz"
            raise ValueError(msg)
        if block.samples_mv.shape[1] == 0:
            return []
        if block.rewound or not self._started:
            self._begin(block.start)
            if block.rewound:
                self._classifier.forget()
                self.rhythm.forget()
            elif not self._started:
                self.rhythm.begin(self._resampler.next_output_index)
            self._started = True
            if self._ring is not None:
                self._ring.restart(self._resampler.next_output_index)
        if block.end <= self._next:
            return []
        events = self._skip_to(block.start) if block.start > self._next else []
        samples = block.samples_mv[0, self._next - block.start :]
        return events + self._take(np.asarray(samples, dtype=np.float64), lead_off=block.lead_off)

    def finish(self) -> list[Event]:
        """Return the beats whose windows the end of the stream cut off."""
        last = max(0, self._next - 1)
        return self._maker.unclassified(self._segmenter.flush(), last) + self._maker.finish(last)

    def snapshot(self) -> State:
        """Return a copy of the whole state, to go on from after a restart."""
        return {
            "version": SNAPSHOT_VERSION,
            "fs_hz": self.fs_hz,
            "started": self._started,
            "next": self._next,
            **{name: part.snapshot() for name, part in self._parts.items()},
        }

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned; the ring begins anew there.

        Raises
        ------
        ValueError
            If the state is of another version or of a stream at another rate.
        """
        if state["version"] != SNAPSHOT_VERSION or state["fs_hz"] != self.fs_hz:
            msg = f"a snapshot of version {state['version']} at {state['fs_hz']} Hz does not fit"
            raise ValueError(msg)
        self._started = bool(state["started"])
        self._next = int(state["next"])
        for name, part in self._parts.items():
            part.restore(state[name])
        if self._ring is not None:
            self._ring.restart(self._resampler.next_output_index)

    def learned(self) -> State:
        """Return a copy of what was learned about the patient: the part that a gap does not end."""
        return {
            "version": LEARNED_VERSION,
            "model": self.contract.sha256,
            "classifier": self._classifier.snapshot(),
            "rhythm": self.rhythm.learned(self._resampler.next_output_index),
        }

    def recall(self, state: State, away_s: float = 0.0) -> None:
        """Begin with what an earlier pipeline had learned about the same patient.

        What that one had seen of the signal is gone, as behind a gap: no interval spans it.

        Parameters
        ----------
        state : dict
            What `learned` returned.
        away_s : float
            Seconds between then and now.

        Raises
        ------
        KeyError, TypeError, ValueError
            It is of another version or model, or damaged; nothing is recalled.
        """
        if state["version"] != LEARNED_VERSION or state["model"] != self.contract.sha256:
            msg = f"what another model or version {state['version']} learned does not fit"
            raise ValueError(msg)
        try:
            self._classifier.restore(state["classifier"])
            self._classifier.break_off()
            self.rhythm.recall(state["rhythm"], away_s)
        except (KeyError, TypeError, ValueError):
            self._classifier.forget()
            self.rhythm.forget()
            raise

    def _begin(self, start: int) -> None:
        """Reset all parts; the next sample has source index ``start``."""
        self._next = start
        self._sanitiser.reset()
        self._resampler.reset(start)
        self._missing.reset(start)
        self._lead_off.reset(start)
        first = self._resampler.next_output_index
        self._front_end.reset(first)
        self._quality.reset(first)
        self._detector.reset(first)
        self._segmenter.reset(first)
        self._vf.reset(first)
        self._maker.reset()
        self._classifier.break_off()

    def _skip_to(self, start: int) -> list[Event]:
        events = self._maker.unclassified(self._segmenter.flush(), start)
        gap = Gap(
            sample=self._next,
            time_s=self._next / self.fs_hz,
            known_at=start,
            device=self.device,
            length_samples=start - self._next,
        )
        events += [gap, *self._maker.rate_unknown(self._next, start), *self._maker.gap(self._next, start)]
        self._begin(start)
        if self._ring is not None:
            self._ring.advance(self._resampler.next_output_index)
        return events

    def _take(self, samples: Samples, *, lead_off: bool) -> list[Event]:
        self._next += samples.size
        finite, replaced = self._sanitiser.process(samples)
        first = self._resampler.next_output_index
        raw = self._resampler.process(finite)
        missing = self._missing.process(replaced)
        off = self._lead_off.process(np.full(samples.size, lead_off))
        clean_from = self._front_end.position
        clean = self._front_end.process(raw)
        if self._ring is not None:
            self._ring.write("raw", first, np.where(missing, np.nan, raw))
            self._ring.write("clean", clean_from, clean)
        seconds = self._quality.process(raw, missing, off)
        if not self.settings.judge_quality:
            seconds = [_as_if_clean(second) for second in seconds]
        peaks = self._detector.process(raw)
        windows = self._segmenter.process(clean, [round(peak.sample) for peak in peaks])
        return self._maker.events(
            seconds,
            peaks,
            list(zip(windows, self._name(windows), strict=True)),
            self._vf.process(raw, missing),
            int(self._front_end.delay_samples),
            self._resampler.next_output_index,
        )

    def _name(self, windows: list[BeatWindow]) -> list[Classification]:
        classifications = self._classifier.name(windows) if windows else []
        if self._ring is not None:
            for window, classification in zip(windows, classifications, strict=True):
                if classification.label.attribution is not None:
                    self._ring.raise_to("attribution", window.start, classification.label.attribution)
        return classifications


def _as_if_clean(second: SecondQuality) -> SecondQuality:
    """Return a second as if its signal were good, but for what needs no judgement."""
    certain = tuple(reason for reason in second.reasons if reason in CERTAIN)
    return second if certain else replace(second, index=1.0, reasons=())
