"""Turns what the operators found into events, in the order in which it became known."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from ecgmon.monitor.core.events import (
    PIPELINE_HZ,
    Beat,
    BeatRevision,
    Episode,
    Event,
    Gap,
    HeartRate,
    Quality,
    RhythmChange,
)
from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.dsp.holes import Hole
from ecgmon.monitor.dsp.quality import SecondQuality
from ecgmon.monitor.dsp.segment import BeatWindow
from ecgmon.monitor.inference.classification import UNCLASSIFIED, Classification
from ecgmon.monitor.pipeline.time_base import TimeBase
from ecgmon.monitor.pipeline.watch import Finding
from ecgmon.monitor.rhythm.analyser import RhythmAnalyser
from ecgmon.monitor.rhythm.findings import EpisodeFinding, RhythmOrEpisode, SeenBeat
from ecgmon.monitor.rhythm.heart_rate import HeartRateMeter, HeartRateSettings
from ecgmon.monitor.rhythm.intervals import TimedPeak
from ecgmon.monitor.rhythm.vf import VfSecond

BAD_SECONDS = 2
"""So many seconds of unusable signal in a row make the heart rate unknown; one is ridden out."""

Named = tuple[BeatWindow, Classification]
Step = Hole | SecondQuality | TimedPeak | VfSecond | Finding | Named
"""What happens at one sample."""


@dataclass(slots=True)
class MakerState:
    """What spans findings.

    Parameters
    ----------
    rate_known : bool
        A heart rate was told, and holds.
    quality : float
        Signal quality of the last second.
    bad_seconds : int
        Seconds of unusable signal in a row.
    named : (int, float, str) or None
        Source index, seconds and symbol of the last beat that was named.
    waiting : deque of TimedPeak
        R waves that are not named yet.
    """

    rate_known: bool = False
    quality: float = 1.0
    bad_seconds: int = 0
    named: tuple[int, float, str] | None = None
    waiting: deque[TimedPeak] = field(default_factory=deque)


class EventMaker(Stateful[MakerState]):
    """Keeps what spans findings: RR intervals, heart rate, rhythm, the quality of the moment.

    Parameters
    ----------
    time : TimeBase
        Maps indices.
    device : str
        Name that the events carry.
    heart_rate : HeartRateSettings
        Settings of the heart rate.
    rhythm : RhythmAnalyser
        Names the rhythm.
    usable_quality : float
        Two seconds in a row below this signal quality make the heart rate unknown.
    stale_after_samples : int
        Pipeline samples by which R waves are known late; a missing beat is missed no sooner.
    """

    def __init__(
        self,
        time: TimeBase,
        device: str,
        heart_rate: HeartRateSettings,
        rhythm: RhythmAnalyser,
        usable_quality: float,
        stale_after_samples: int,
    ) -> None:
        self._time = time
        self._device = device
        self._usable_quality = usable_quality
        self._stale_after = stale_after_samples
        self._rate = HeartRateMeter(heart_rate)
        self._rhythm = rhythm
        super().__init__(rate=self._rate)

    def fresh(self, start: int) -> MakerState:  # noqa: ARG002 - findings say where they are
        """Return the state before the first finding; nothing but the rhythm spans a gap."""
        return MakerState()

    def events(
        self,
        holes: Sequence[Hole],
        seconds: Sequence[SecondQuality],
        peaks: Sequence[TimedPeak],
        windows: Sequence[Named],
        waveform: Sequence[VfSecond],
        further: Sequence[Finding],
        clean_delay: int,
        now: int,
    ) -> list[Event]:
        """Return the events of one block's findings.

        Parameters
        ----------
        holes : sequence of Hole
            Holes in the signal that became known.
        seconds : sequence of SecondQuality
            Quality that became known.
        peaks : sequence of TimedPeak
            R waves that became known.
        windows : sequence of (BeatWindow, Classification)
            Beats classified, in the order of their R waves.
        waveform : sequence of VfSecond
            What seconds of the waveform showed.
        further : sequence of Finding
            What watches found.
        clean_delay : int
            Samples by which the clean signal is late.
        now : int
            Pipeline index just behind the newest sample.
        """
        arrivals = [*self.state.waiting, *peaks]
        steps: list[tuple[int, int, Step]] = [
            *((self._time.first_without(hole.late_from), -1, hole) for hole in holes),
            *((second.known_at, 0, second) for second in seconds),
            *((peak.known_at, 1, peak) for peak in peaks),
            *(
                (max(beat[0].known_at + clean_delay, peak.known_at), 2, beat)
                for beat, peak in zip(windows, arrivals, strict=False)
            ),
            *((second.known_at, 3, second) for second in waveform),
            *((finding.known_at, 4, finding) for finding in further),
        ]
        steps.sort(key=lambda step: step[:2])
        events: list[Event] = []
        for known, _, step in steps:
            events += self._pass(known)
            if isinstance(step, SecondQuality):
                events += self._second(step, known, self._time.input_needed(known))
            elif isinstance(step, Hole):
                events += self.gap(step)
            elif isinstance(step, TimedPeak):
                events += self._peak(step, known)
            elif isinstance(step, VfSecond):
                events += self._events_of(self._rhythm.vf(step))
            elif isinstance(step, tuple):
                events += self._beat(*step, known, self._time.input_needed(known))
            else:
                events.append(step.event(self._time, self._device))
        return events + self._pass(now)

    def unclassified(self, windows: Sequence[BeatWindow], known_at: int) -> list[Event]:
        """Return the beats whose windows will never be whole; ``known_at`` is a source index."""
        classification = Classification(UNCLASSIFIED)
        now = self._time.pipeline(known_at)
        return [event for window in windows for event in self._beat(window, classification, now, known_at)]

    def gap(self, hole: Hole, reason: str = "lost") -> list[Event]:
        """Tell of a hole, and return what it means for heart rate and rhythm.

        Behind one that is not just ``lost`` the signal begins anew: no heart rate goes on over it.
        """
        start, end = self._time.pipeline(hole.start), self._time.pipeline(hole.end)
        gap = Gap(
            sample=hole.start,
            time_s=hole.start / self._time.fs_hz,
            known_at=hole.known_at,
            device=self._device,
            length_samples=hole.length,
            reason=reason,
            bridged=hole.bridged,
        )
        lost = reason != "lost" or self._rate.lose(start / PIPELINE_HZ, end / PIPELINE_HZ)
        unknown = self._rate_unknown(hole.start, hole.known_at) if lost else []
        return [gap, *unknown, *self._events_of(self._rhythm.gap(start, end), hole.known_at)]

    def finish(self, known_at: int) -> list[Event]:
        """Return what the end of the stream, at a source index, makes final."""
        return self._events_of(self._rhythm.finish(self._time.pipeline(known_at)), known_at)

    def _rate_unknown(self, sample: int, known_at: int) -> list[Event]:
        """Say once that the heart rate is unknown; both are source indices."""
        self._rate.reset()
        if not self.state.rate_known:
            return []
        self.state.rate_known = False
        return [self._heart_rate(sample, known_at, None)]

    def lost_seconds(self, starts: Sequence[int], known: int, known_at: int) -> list[Event]:
        """Tell of seconds that the signal never reached, or was cut off in.

        Parameters
        ----------
        starts : sequence of int
            Pipeline indices at which they begin.
        known, known_at : int
            Pipeline and source index at which that was known.
        """
        lost = [SecondQuality(start, known, 0.0, ("missing",)) for start in starts]
        return [event for second in lost for event in self._second(second, known, known_at)]

    def _second(self, second: SecondQuality, known: int, known_at: int) -> list[Event]:
        state = self.state
        sample = self._time.source(second.start)
        quality = Quality(
            sample=sample,
            time_s=second.start / PIPELINE_HZ,
            known_at=known_at,
            device=self._device,
            index=second.index,
            reasons=second.reasons,
        )
        if "missing" in second.reasons:
            useless = self._rate.lose(second.start / PIPELINE_HZ, second.start / PIPELINE_HZ + 1.0)
        else:
            state.quality = second.index
            state.bad_seconds = state.bad_seconds + 1 if second.index < self._usable_quality else 0
            useless = state.bad_seconds >= BAD_SECONDS
        unknown = self._rate_unknown(sample, known_at) if useless else []
        verdict = self._rhythm.second(second.start, second.index, second.reasons, known)
        found = self._events_of(verdict, known_at)
        return [quality, *unknown, *found]

    def _peak(self, peak: TimedPeak, known: int) -> list[Event]:
        state = self.state
        state.waiting.append(peak)
        if state.bad_seconds >= BAD_SECONDS:
            return []
        bpm = self._rate.beat(peak.sample / PIPELINE_HZ, follows=peak.rr_s is not None)
        if bpm is None:
            return []
        state.rate_known = True
        return [self._heart_rate(self._time.source(peak.sample), self._time.input_needed(known), bpm)]

    def _beat(
        self, window: BeatWindow, classification: Classification, known: int, known_at: int
    ) -> list[Event]:
        peak = self.state.waiting.popleft()
        sample, time_s = self._time.source(peak.sample), peak.sample / PIPELINE_HZ
        label = classification.label
        events: list[Event] = []
        if classification.revision is not None and self.state.named is not None:
            events.append(
                BeatRevision(
                    sample=self.state.named[0],
                    time_s=self.state.named[1],
                    known_at=known_at,
                    device=self._device,
                    was=self.state.named[2],
                    symbol=classification.revision.symbol,
                    aami=classification.revision.aami,
                    probabilities=classification.revision.probabilities,
                )
            )
        self.state.named = (sample, time_s, label.symbol)
        events.append(
            Beat(
                sample=sample,
                time_s=time_s,
                known_at=known_at,
                device=self._device,
                symbol=label.symbol,
                aami=label.aami,
                probabilities=label.probabilities,
                r_known_at=self._time.input_needed(peak.known_at),
                rr_s=peak.rr_s,
                quality=self.state.quality,
                attribution=label.attribution,
                attribution_start=window.start,
            )
        )
        return events + self._events_of(self._see(peak, window, classification, known), known_at)

    def _see(
        self, peak: TimedPeak, window: BeatWindow, classification: Classification, known: int
    ) -> list[RhythmOrEpisode]:
        """Show a beat to the rhythm analyser."""
        label, signal = classification.label, window.samples_mv
        seen = SeenBeat(
            peak.sample,
            label.aami,
            label.probabilities.get(label.symbol, 0.0),
            peak.rr_s,
            self.state.quality,
            None if signal is None else signal[: window.r - window.start + 1],
            label.probabilities.get("V", 0.0),
        )
        return self._rhythm.beat(
            seen, known, None if classification.revision is None else classification.revision.aami
        )

    def _events_of(self, findings: Sequence[RhythmOrEpisode], known_at: int | None = None) -> list[Event]:
        """Make events of what the rhythm analyser found; ``known_at`` overrides its own."""
        return [self._rhythm_event(found, known_at) for found in findings]

    def _rhythm_event(self, found: RhythmOrEpisode, known_at: int | None) -> Event:
        known = self._time.input_needed(found.known_at) if known_at is None else known_at
        sample, time_s = self._time.source(found.start), found.start / PIPELINE_HZ
        if isinstance(found, EpisodeFinding):
            return Episode(
                sample=sample,
                time_s=time_s,
                known_at=known,
                device=self._device,
                kind=found.kind,
                end_sample=self._time.source(found.end),
                beats=found.beats,
                bpm=found.bpm,
            )
        return RhythmChange(
            sample=sample,
            time_s=time_s,
            known_at=known,
            device=self._device,
            rhythm=found.rhythm,
            confidence=found.confidence,
            beneath=found.beneath,
        )

    def _pass(self, now: int) -> list[Event]:
        """Let time pass until pipeline index ``now``."""
        due = self._events_of(self._rhythm.advance(now))
        stale = self._stale(now)
        return sorted((*due, *stale), key=lambda event: event.known_at) if due and stale else due + stale

    def _stale(self, now: int) -> list[Event]:
        """Say that the rate is unknown once a beat is overdue at pipeline index ``now``."""
        stale_s = self._rate.stale_at_s
        if stale_s is None:
            return []
        due = math.ceil(stale_s * PIPELINE_HZ) + self._stale_after
        if now <= due:
            return []
        return self._rate_unknown(self._time.source(stale_s * PIPELINE_HZ), self._time.input_needed(due))

    def _heart_rate(self, sample: int, known_at: int, bpm: float | None) -> HeartRate:
        return HeartRate(
            sample=sample,
            time_s=sample / self._time.fs_hz,
            known_at=known_at,
            device=self._device,
            bpm=bpm,
        )
