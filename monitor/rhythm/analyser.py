"""Names the rhythm from beats, seconds of quality and verdicts on the waveform, as they arrive."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.state import Snapshot
from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.rhythm.absence import AbsenceWatch
from ecgmon.monitor.rhythm.af_model import AfClassifier
from ecgmon.monitor.rhythm.base_rhythm import BaseRhythm
from ecgmon.monitor.rhythm.findings import EpisodeFinding, RhythmFinding, RhythmOrEpisode, SeenBeat
from ecgmon.monitor.rhythm.gaps import LONG_GAP_S
from ecgmon.monitor.rhythm.layer import Layer
from ecgmon.monitor.rhythm.patterns import PatternFinder
from ecgmon.monitor.rhythm.runs import RunFinder
from ecgmon.monitor.rhythm.settings import RhythmSettings
from ecgmon.monitor.rhythm.unreadable import (
    UnreadableWatch,
    is_only_missing,
    is_unreadable,
    may_hide_a_beat,
)
from ecgmon.monitor.rhythm.vf import VfSecond

SECOND = int(PIPELINE_HZ)

VF = "VFL"
"""Rhythm string of ventricular flutter and fibrillation, which are not told apart."""

SETTLED_S = 2.0
"""The class of a beat is final when the next is known, or so long after its R wave."""

STEP = 4.0
"""Two changes are at least so many pipeline samples apart, so that files keep their order."""


@dataclass(slots=True)
class AnalyserState:
    """What was said, and what is not final yet.

    Parameters
    ----------
    vf : Layer
        `VF`, or silence.
    waiting : SeenBeat or None
        The last beat, whose class is not final.
    said : (str, str)
        The rhythm that was said last, and the one beneath it.
    start : float
        Pipeline index at which that began.
    shown_until : int
        Pipeline index up to which the waveform showed flutter or fibrillation.
    """

    vf: Layer = field(default_factory=Layer)
    waiting: SeenBeat | None = None
    said: tuple[str, str] = ("", "")
    start: float = -STEP
    shown_until: int = 0


class RhythmAnalyser(Stateful[AnalyserState]):
    """Names the rhythm of one stream.

    Several parts look at the same beats, each for what it knows. The most urgent one that
    has something to say gives the rhythm: ventricular flutter or fibrillation, a signal
    that cannot be read, asystole, a run, a pattern, and beneath them the base rhythm.
    So a short run ends in the rhythm that it interrupted. A beat counts once its class is
    final, that is when the next beat is known.

    Everything is counted in pipeline samples. Calls must come in the order in which
    things were known; each returns what became known by it.

    Parameters
    ----------
    settings : RhythmSettings, optional
        Limits.
    model : AfClassifier, optional
        Classifier of atrial fibrillation, in place of the shipped one.

    Attributes
    ----------
    base : BaseRhythm
        Names the base rhythm.
    """

    def __init__(self, settings: RhythmSettings | None = None, model: AfClassifier | None = None) -> None:
        self.settings = settings or RhythmSettings()
        self.base = BaseRhythm(self.settings, model)
        self._patterns = PatternFinder(self.settings)
        self._runs = RunFinder(self.settings)
        self._absence = AbsenceWatch(self.settings)
        self._unreadable = UnreadableWatch(self.settings)
        super().__init__(
            base=self.base,
            patterns=self._patterns,
            runs=self._runs,
            absence=self._absence,
            unreadable=self._unreadable,
        )

    def fresh(self, start: int) -> AnalyserState:  # noqa: ARG002 - see `begin`
        """Return the state before the first beat."""
        return AnalyserState()

    def beat(self, beat: SeenBeat, known_at: int, revised: str | None = None) -> list[RhythmOrEpisode]:
        """Take the next beat.

        Parameters
        ----------
        beat : SeenBeat
            The beat, as it was named first.
        known_at : int
            Pipeline index at which it was known.
        revised : str or None
            The final AAMI class of the beat before, if it changed.
        """
        findings: list[RhythmOrEpisode] = [*self._settle(known_at, revised)]
        if self._absence.is_ended_by(beat.at):
            findings += self._stop(known_at)
        self._absence.seen(beat.at)
        self.state.waiting = beat
        return findings + self._name(known_at)

    def second(
        self, start: int, index: float, reasons: Collection[str], known_at: int
    ) -> list[RhythmOrEpisode]:
        """Take the quality of the second that begins at pipeline index ``start``."""
        least = self.settings.min_quality
        self._unreadable.second(start, unreadable=is_unreadable(index, reasons, least))
        if is_only_missing(reasons):
            self._absence.gap(start, start + SECOND)
        else:
            self._absence.second(start, start + SECOND, unreadable=may_hide_a_beat(index, reasons, least))
        since = self._unreadable.unreadable_since
        if since is not None and start - since > self.settings.forget_s * PIPELINE_HZ:
            self.base.reset()
        return self._name(known_at)

    def vf(self, second: VfSecond) -> list[RhythmOrEpisode]:
        """Take the verdict on the waveform of one second."""
        if second.is_vf:
            self.state.shown_until = second.start + SECOND
        if not second.holds:
            self.state.vf.mute(self.state.shown_until)
        elif second.onset is not None and not self.state.vf.rhythm:
            self.state.vf.say(VF, second.onset, second.probability or 0.0)
            self.base.forget_since(second.onset)
        return self._name(second.known_at)

    def advance(self, now: int) -> list[RhythmOrEpisode]:
        """Let time pass until pipeline index ``now``, with nothing else known before it."""
        findings: list[RhythmOrEpisode] = []
        while (due := self._due()) < now:
            at = int(due)
            if self.state.waiting is not None and due == self._settled_at(self.state.waiting):
                findings += [*self._settle(at), *self._name(at)]
            else:
                findings += self._stop(at)
        return findings

    def gap(self, start: int, end: int) -> list[RhythmOrEpisode]:
        """Take a loss of the samples between two pipeline indices; nothing spans a long one."""
        self._absence.gap(start, end)
        if end - start < LONG_GAP_S * PIPELINE_HZ:
            return []
        findings = self.finish(end)
        self._break_off()
        self._absence.restart(end)
        self._unreadable.gap(start, end)
        if end - start > self.settings.forget_s * PIPELINE_HZ:
            self.base.reset()
        return findings + self._name(end)

    def finish(self, known_at: int) -> list[RhythmOrEpisode]:
        """Return what the end of the signal makes final."""
        findings: list[RhythmOrEpisode] = [*self._settle(known_at)]
        ended = self._runs.end(known_at, known_at)
        return findings + ([] if ended is None else [ended]) + self._name(known_at)

    def _stop(self, known_at: int) -> list[RhythmOrEpisode]:
        """Say that no beat came, which ends a run and a pattern."""
        self._absence.expire()
        ended = self._runs.end(self._absence.layer.since, known_at)
        self._patterns.break_off()
        return ([] if ended is None else [ended]) + self._name(known_at)

    def _break_off(self) -> None:
        self.state.waiting = None
        self._absence.break_off()
        self._runs.break_off()
        self._patterns.break_off()

    def _due(self) -> float:
        """Return the pipeline index at which something is known if nothing comes before."""
        absence, waiting = self._absence.due, self.state.waiting
        settled = math.inf if waiting is None else self._settled_at(waiting)
        return settled if absence is None or settled < absence else absence

    @staticmethod
    def _settled_at(beat: SeenBeat) -> int:
        return math.ceil(beat.at + SETTLED_S * PIPELINE_HZ)

    def _settle(self, known_at: int, revised: str | None = None) -> list[EpisodeFinding]:
        """Let the beat that waits count, its class final."""
        beat, self.state.waiting = self.state.waiting, None
        if beat is None:
            return []
        if revised is not None:
            beat = replace(beat, aami=revised)
        if not self.state.vf.rhythm:
            self.base.take(beat)
        irregular = self.base.fibrillates
        self._patterns.take(beat, irregular=irregular)
        run = self._runs.take(beat, known_at, irregular=irregular)
        pauses = self._absence.take(beat, known_at)
        return pauses if run is None else [run, *pauses]

    def _name(self, known_at: int) -> list[RhythmOrEpisode]:
        """Say which rhythm holds, if it is another than before."""
        since, base = 0.0, self.base.layer
        for layer in (
            self.state.vf,
            self._unreadable.layer,
            self._absence.layer,
            self._runs.layer,
            self._patterns.layer,
            base,
        ):
            since = max(since, layer.since)
            if layer.rhythm:
                break
        if not layer.rhythm:
            return []
        beneath = "" if layer is base else base.rhythm
        if (layer.rhythm, beneath) == self.state.said:
            return []
        if layer.rhythm == self.state.said[0]:
            since = max(since, base.since)
        self.state.start = max(since, self.state.start + STEP)
        self.state.said = (layer.rhythm, beneath)
        return [RhythmFinding(self.state.start, known_at, layer.rhythm, layer.confidence, beneath)]

    def patient_memory(self, at: float) -> Snapshot:
        """Return a copy of what a gap does not end: the base rhythm, known at pipeline index ``at``."""
        return {"at": at, "base": self.base.snapshot()}

    def remember(self, memory: Snapshot, away_s: float) -> None:
        """Begin with the base rhythm that `patient_memory` returned, as behind a gap that ends at index 0.

        Parameters
        ----------
        memory : dict
            What `patient_memory` returned.
        away_s : float
            Seconds between then and now; after too many the rhythm is not believed any more.

        Raises
        ------
        KeyError, TypeError, ValueError
            It is damaged.
        """
        if away_s <= self.settings.forget_s:
            at = float(memory["at"])
            self.base.restore(memory["base"])
            self.base.shift(-away_s * PIPELINE_HZ - at)

    def begin(self, start: float) -> None:
        """Begin the signal at pipeline index ``start`` in place of 0."""
        self.base.shift(start)
        self.state.start = start - STEP
