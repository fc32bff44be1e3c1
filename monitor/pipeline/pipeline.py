"""The chain from samples to events: one object a stream, no clock, no threads, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from ecgmon.monitor.core.blocks import as_block
from ecgmon.monitor.core.errors import SettingsError
from ecgmon.monitor.core.events import PIPELINE_HZ, Event, SampleBlock
from ecgmon.monitor.core.ring import RingBuffer
from ecgmon.monitor.core.state import Snapshot, check_names
from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.dsp.holes import Hole
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.dsp.quality import QualitySettings, SecondQuality, SignalQuality
from ecgmon.monitor.dsp.quality_features import SECOND
from ecgmon.monitor.dsp.resample import as_rate
from ecgmon.monitor.dsp.rpeak import RPeakDetector, RPeakSettings
from ecgmon.monitor.dsp.segment import BeatSegmenter, BeatWindow, SegmentSettings
from ecgmon.monitor.inference.classification import BeatClassifier, Classification, ClassifierSettings
from ecgmon.monitor.inference.contract import ModelContract
from ecgmon.monitor.inference.opening import open_classifier
from ecgmon.monitor.pipeline.findings import EventMaker
from ecgmon.monitor.pipeline.lead import Lead, LeadSettings
from ecgmon.monitor.pipeline.sequence import BeatSequence
from ecgmon.monitor.pipeline.small_signal import SmallSignalWatch
from ecgmon.monitor.pipeline.time_base import TimeBase
from ecgmon.monitor.pipeline.unseen import cut_windows, seen_peaks
from ecgmon.monitor.pipeline.watch import Watches
from ecgmon.monitor.rhythm.analyser import RhythmAnalyser
from ecgmon.monitor.rhythm.heart_rate import HeartRateSettings
from ecgmon.monitor.rhythm.settings import RhythmSettings
from ecgmon.monitor.rhythm.vf import VfDetector, VfSettings

SNAPSHOT_VERSION = 4
MEMORY_VERSION = 5

MOST_SECONDS = 600
"""Of a gap behind which the chain begins anew, so many seconds have a quality."""

CERTAIN = frozenset({"missing", "lead_off"})
"""Reasons of poor quality that the source itself gives."""


class PipelineSettings(LeadSettings):
    """Settings of the chain; a further field of type `WatchSettings` adds a watch to it.

    Parameters
    ----------
    sanitise, holes, resample, front_end, quality, detector, segment, classifier, heart_rate, vf, rhythm
        Settings of the parts.
    usable_quality : float
        Two seconds in a row below this signal quality make the heart rate unknown.
    assess_quality : bool
        Believe the quality index. If not, every second counts as clean unless samples are missing
        or an electrode is off: to see what the index is worth.
    """

    renamed: ClassVar = {"fibrillation": "vf", "judge_quality": "assess_quality"}

    quality: QualitySettings = Field(default_factory=QualitySettings)
    detector: RPeakSettings = Field(default_factory=RPeakSettings)
    segment: SegmentSettings = Field(default_factory=SegmentSettings)
    classifier: ClassifierSettings = Field(default_factory=ClassifierSettings)
    heart_rate: HeartRateSettings = Field(default_factory=HeartRateSettings)
    vf: VfSettings = Field(default_factory=VfSettings)
    rhythm: RhythmSettings = Field(default_factory=RhythmSettings)
    usable_quality: float = Field(default=0.1, ge=0, le=1)
    assess_quality: bool = True


@dataclass(slots=True)
class PipelineState:
    """Whether a block has come, and the source index of the next sample."""

    started: bool = False
    next: int = 0


class Pipeline(Stateful[PipelineState]):
    """Resampling, cleaning, quality, R waves, windows, classes, heart rate, rhythm.

    What the operators find within a block is put in the order of the sample at which it
    became known before anything keeps state across findings. So events do not depend on
    how the signal was cut.

    Parameters
    ----------
    settings : PipelineSettings, optional
        Settings of all parts.
    fs_hz : float
        Sampling rate of the source in Hz, 50 to 10,000.
    device : str
        Name that the events carry.
    ring : RingBuffer, optional
        Gets raw and clean signal and attribution at 360 Hz.
    classifier : BeatClassifier, optional
        In place of the one that the settings name; each pipeline needs its own.

    Raises
    ------
    SignalError
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
        given: object = settings
        if not isinstance(given, PipelineSettings | None):
            raise SettingsError(
                f"The first argument of Pipeline is its settings, and not {given!r}.",
                "Write Pipeline(fs_hz=360).",
            )
        self.settings = settings or PipelineSettings()
        fs_hz = as_rate(fs_hz)
        self.fs_hz = fs_hz
        self.device = device
        self._classifier = classifier or open_classifier(self.settings.classifier)
        self._ring = ring
        self._lead = Lead(fs_hz, self.settings)
        self._quality = SignalQuality(self.settings.quality, fs_hz)
        self._detector = RPeakDetector(self.settings.detector)
        self._small = SmallSignalWatch(self.settings.detector.least_qrs_mv)
        self._segmenter = BeatSegmenter(self._window())
        self._vf = VfDetector(self.settings.vf)
        self.rhythm = RhythmAnalyser(self.settings.rhythm)
        time = TimeBase(fs_hz, self._lead.input_needed, self._lead.first_without)
        self._sequence = BeatSequence(self._classifier, time)
        self._maker = EventMaker(
            time,
            device,
            self.settings.heart_rate,
            self.rhythm,
            self.settings.usable_quality,
            round(self._detector.delay_samples),
        )
        self._watches = Watches(self.settings)
        self._behind_lead: dict[str, Stateful[Any]] = {
            "quality": self._quality,
            "detector": self._detector,
            "sequence": self._sequence,
            "segmenter": self._segmenter,
            "vf": self._vf,
            "maker": self._maker,
            "watches": self._watches,
        }
        super().__init__(lead=self._lead, rhythm=self.rhythm, small=self._small, **self._behind_lead)

    def fresh(self, start: int) -> PipelineState:
        """Return the state before the first block."""
        return PipelineState(next=start)

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
        return self.state.next

    @property
    def settled(self) -> int:
        """Source index just behind the last sample that was looked at: missing ones may wait behind it."""
        return self._lead.settled

    def process(
        self,
        block: SampleBlock | ArrayLike,
        *,
        start: int | None = None,
        gain: ArrayLike | None = None,
        zero: ArrayLike = 0.0,
    ) -> list[Event]:
        """Take the next samples and return what they made known, ordered by ``known_at``.

        Samples that start late tell of a gap. Those that came already are left out.

        Parameters
        ----------
        block : SampleBlock, or array of shape (n,), (n, n_leads) or (n_leads, n)
            Samples at the pipeline's rate; the first lead is analysed. An array is in millivolts,
            or of whole numbers with a ``gain``, as `SampleBlock.of` takes it.
        start : int, optional
            Index of an array's first sample; without it the array goes on where the last
            samples ended.
        gain, zero : float or array of shape (n_leads,)
            Counts a millivolt of an array, and the count that means 0 mV.

        Returns
        -------
        list of Event
            What became known.

        Raises
        ------
        SignalError
            The block has another rate than the pipeline, or it cannot be told what the
            values mean.
        """
        block = as_block(
            block, fs_hz=self.fs_hz, following=self.state.next, start=start, gain=gain, zero=zero
        )
        if block.samples_mv.shape[1] == 0:
            return []
        if block.rewound or not self.state.started:
            self._start(block)
        after = self.state.next
        if block.end <= after:
            return []
        events = self._lose(block.start) if block.start > after else []
        samples = block.samples_mv[0, self.state.next - block.start :]
        return events + self._take(np.asarray(samples, dtype=np.float64), lead_off=block.lead_off)

    def finish(self) -> list[Event]:
        """Return the beats whose windows the end of the stream cut off."""
        last = max(0, self.state.next - 1)
        return self._maker.unclassified(self._segmenter.flush(), last) + self._maker.finish(last)

    def break_off(self, start: int, reason: str) -> list[Event]:
        """End what has been seen of the signal; return what that makes known.

        Parameters
        ----------
        start : int
            Source index at which the signal begins anew.
        reason : str
            Why, as `Gap` says it.
        """
        lost = self._lead.open_since
        # The gap first: while beats of before it are still told, no deadline falls into it.
        gap, *unknown = self._maker.gap(Hole(lost, start - lost, start, lost, bridged=False), reason)
        return [gap, *self._maker.unclassified(self._segmenter.flush(), start), *unknown]

    def snapshot(self) -> Snapshot:
        """Return a copy of the whole state, to go on from after a restart."""
        return {
            "version": SNAPSHOT_VERSION,
            "fs_hz": self.fs_hz,
            "model": self.contract.sha256,
            "classifier": self._classifier.snapshot(),
            "chain": super().snapshot(),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a state that `snapshot` returned; the ring begins anew there.

        Raises
        ------
        ValueError
            The state is damaged, of another version or model, or of a stream at another rate;
            nothing has changed then.
        """
        check_names(snapshot, ("version", "fs_hz", "model", "classifier", "chain"), "the pipeline's state")
        if snapshot["version"] != SNAPSHOT_VERSION or snapshot["fs_hz"] != self.fs_hz:
            msg = f"a snapshot of version {snapshot['version']} at {snapshot['fs_hz']} Hz does not fit"
            raise ValueError(msg)
        if snapshot["model"] != self.contract.sha256:
            raise ValueError(f"a snapshot with another model than {self.contract.name} does not fit")
        past = self.read(snapshot["chain"], "chain")
        self._classifier.restore(snapshot["classifier"])
        self.go_back(past)
        if self._ring is not None:
            self._ring.restart(self._lead.position)

    def patient_memory(self) -> Snapshot:
        """Return a copy of what was learned about the patient: the part that a gap does not end."""
        return {
            "version": MEMORY_VERSION,
            "model": self.contract.sha256,
            "classifier": self._classifier.snapshot(),
            "rhythm": self.rhythm.patient_memory(self._lead.position),
        }

    def remember(self, memory: Snapshot, away_s: float = 0.0) -> None:
        """Begin with what an earlier pipeline had learned about the same patient.

        What that one had seen of the signal is gone, as behind a gap: no interval spans it.

        Parameters
        ----------
        memory : dict
            What `patient_memory` returned.
        away_s : float
            Seconds between then and now.

        Raises
        ------
        KeyError, TypeError, ValueError
            It is of another version or model, or damaged; nothing is remembered.
        """
        if memory["version"] != MEMORY_VERSION or memory["model"] != self.contract.sha256:
            msg = f"what another model or version {memory['version']} remembers does not fit"
            raise ValueError(msg)
        try:
            self._classifier.restore(memory["classifier"])
            self._classifier.break_off()
            self.rhythm.remember(memory["rhythm"], away_s)
        except (KeyError, TypeError, ValueError):
            self._classifier.forget()
            self.rhythm.reset()
            raise

    def reset(self, start: int = 0) -> None:
        """Forget the signal and the patient; the next sample has source index ``start``."""
        super().reset(start)
        self._begin(start)
        self._classifier.forget()

    def _start(self, block: SampleBlock) -> None:
        """Begin the stream with its first block, or anew with one that a replay was wound to."""
        if block.rewound:
            self.reset(block.start)
        else:
            self._begin(block.start)
            self.rhythm.begin(self._lead.position)
        self.state.started = True
        if self._ring is None:
            return
        if not block.rewound and 0 < self._ring.end <= self._lead.position:
            self._ring.advance(self._lead.position)  # another pipeline, at another rate, wrote what is there
        else:
            self._ring.restart(self._lead.position)

    def _begin(self, start: int) -> None:
        """Begin the signal anew; the next sample has source index ``start``."""
        self.state.next = start
        self._lead.reset(start)
        for part in self._behind_lead.values():
            part.reset(self._lead.position)
        self._classifier.break_off()

    def _lose(self, start: int) -> list[Event]:
        """Take the loss of the samples before source index ``start``; behind too many begin anew."""
        count, self.state.next = start - self.state.next, start
        if self._lead.spans(count):
            self._lead.lose(count)
            return []
        events = self.break_off(start, "lost")
        first = self._quality.position
        self._begin(start)
        seconds = range(first // SECOND * SECOND, self._lead.position, SECOND)
        events += self._maker.lost_seconds(seconds[:MOST_SECONDS], self._lead.position, start)
        if self._ring is not None:
            self._ring.advance(self._lead.position)
        return events

    def _take(self, samples: Samples, *, lead_off: bool) -> list[Event]:
        self.state.next += samples.size
        signal = self._lead.process(samples, lead_off)
        if self._ring is not None:
            signal.write(self._ring, "raw", "clean")
        seconds = self._quality.process(signal.quiet, signal.missing, signal.off, signal.source)
        if not self.settings.assess_quality:
            seconds = [_as_if_clean(second) for second in seconds]
        found, low = self._detector.process(signal.quiet), self._detector.small
        if signal.unseen:
            found, low = seen_peaks(found, signal.unseen), seen_peaks(low, signal.unseen)
        seconds, small = self._small.process(seconds, found, low)
        peaks = self._sequence.timed(found, signal.holes)
        windows = self._segmenter.process(signal.clean, [round(peak.sample) for peak in peaks])
        if signal.unseen:
            windows = cut_windows(windows, signal.unseen)
        return self._maker.events(
            signal.holes,
            seconds,
            peaks,
            list(zip(windows, self._name(windows), strict=True)),
            self._vf.process(signal.quiet, signal.missing),
            [*small, *self._watches.process(signal)],
            self._lead.clean_delay,
            self._lead.position,
        )

    def _name(self, windows: list[BeatWindow]) -> list[Classification]:
        if not windows:
            return []
        classifications = self._sequence.name(windows)
        if self._ring is not None:
            for window, classification in zip(windows, classifications, strict=True):
                if classification.label.attribution is not None:
                    self._ring.raise_to("attribution", window.start, classification.label.attribution)
        return classifications


def _as_if_clean(second: SecondQuality) -> SecondQuality:
    """Return a second as if its signal were good, but for what needs no assessment."""
    certain = tuple(reason for reason in second.reasons if reason in CERTAIN)
    return second if certain else replace(second, index=1.0, reasons=())
