"""Scores rhythms by time and by episodes, and runs of ectopic beats by their beats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.evaluation.annotations import Annotations
from ecgmon.monitor.evaluation.beats.runs import EpisodeCounts, RunCounts, score_runs, stretches
from ecgmon.monitor.evaluation.rhythm.spans import UNREADABLE, Span, common_s, episodes, length_s, without

MATCH_S = 0.15
"""Largest distance of two annotations of one beat (EC57)."""

PAUSE_S = 2.0
"""An interval as long is a pause."""

FAST_BPM = 100.0
"""A ventricular tachycardia is faster, in beats a minute."""

RUN_EDGES = (2, 3, 5)
"""Beats of a couplet, of a short run, and of a run that counts as a tachycardia."""

TACHYCARDIAS = {"V": ("VT", 5), "S": ("SVTA", 3)}
"""Rhythm and least number of beats of the tachycardias of each ectopic class."""


@dataclass(frozen=True, slots=True)
class RhythmClass:
    """Rhythms that are scored as one.

    Parameters
    ----------
    title : str
        What the table calls them.
    rhythms : frozenset of str
        WFDB rhythm strings.
    spared : frozenset of str
        Rhythms of the reference whose time is not scored.
    base : bool
        It goes on while a passing rhythm, such as a run, interrupts it.
    """

    title: str
    rhythms: frozenset[str]
    spared: frozenset[str] = frozenset()
    base: bool = False


CLASSES: Mapping[str, RhythmClass] = {
    "af": RhythmClass("atrial fibrillation", frozenset({"AFIB"}), frozenset({"AFL"}), base=True),
    "af_afl": RhythmClass("atrial fibrillation or flutter", frozenset({"AFIB", "AFL"}), base=True),
    "vf": RhythmClass("ventricular flutter or fibrillation", frozenset({"VFL", "VF", "VFIB"})),
    "vt": RhythmClass("ventricular tachycardia, 3 beats on", frozenset({"VT"})),
    "ivr": RhythmClass("idioventricular rhythm", frozenset({"IVR"})),
    "bigeminy": RhythmClass("ventricular bigeminy", frozenset({"B", "BI"})),
    "trigeminy": RhythmClass("ventricular trigeminy", frozenset({"T"})),
    "svta": RhythmClass("supraventricular tachycardia", frozenset({"SVTA"})),
    "asystole": RhythmClass("asystole", frozenset({"ASYS"})),
}
"""What is scored, in the order of the table."""


@dataclass(frozen=True, slots=True)
class RhythmCounts:
    """How one class of rhythms was found.

    Parameters
    ----------
    scored_s : float
        Time that is scored.
    reference_s, test_s, common_s : float
        Time with the rhythm in the reference, in the test, in both.
    episodes : EpisodeCounts
        Episodes of either list, and how many the other one touches.
    delays_s : tuple of float
        From the reference's onset to the announcement, of each episode found.
    """

    scored_s: float = 0.0
    reference_s: float = 0.0
    test_s: float = 0.0
    common_s: float = 0.0
    episodes: EpisodeCounts = field(default_factory=EpisodeCounts)
    delays_s: tuple[float, ...] = ()

    def __add__(self, other: RhythmCounts) -> RhythmCounts:
        return RhythmCounts(
            self.scored_s + other.scored_s,
            self.reference_s + other.reference_s,
            self.test_s + other.test_s,
            self.common_s + other.common_s,
            self.episodes + other.episodes,
            self.delays_s + other.delays_s,
        )


@dataclass(frozen=True, slots=True, eq=False)
class RhythmTrack:
    """What one side says about a record.

    Parameters
    ----------
    spans : sequence of Span
        Its rhythms.
    beats : Annotations
        Its heartbeats.
    """

    spans: Sequence[Span]
    beats: Annotations


@dataclass(frozen=True, slots=True, eq=False)
class RhythmScore:
    """How well one record's rhythms were found.

    Parameters
    ----------
    record : str
        Its name.
    duration_s : float
        Its length.
    classes : mapping of str to RhythmCounts
        By the keys of `CLASSES`.
    ventricular, supraventricular : RunCounts
        Couplets, runs of 3 and 4 beats, longer runs.
    tachycardias : mapping of str to EpisodeCounts
        Runs above 100/min of each of the classes of `TACHYCARDIAS`.
    pauses : EpisodeCounts
        Intervals of `PAUSE_S` and more.
    reference, test : sequence of Span
        The rhythms of both sides.
    """

    record: str
    duration_s: float
    classes: Mapping[str, RhythmCounts]
    ventricular: RunCounts
    supraventricular: RunCounts
    tachycardias: Mapping[str, EpisodeCounts]
    pauses: EpisodeCounts
    reference: Sequence[Span]
    test: Sequence[Span]


def score_rhythms(
    record: str, reference: RhythmTrack, test: RhythmTrack, duration_s: float, fs_hz: float
) -> RhythmScore:
    """Score one record.

    Parameters
    ----------
    record : str
        Its name.
    reference, test : RhythmTrack
        The annotators and what is to be scored.
    duration_s : float
        Its length in seconds.
    fs_hz : float
        Sampling rate of the beats' indices.
    """
    whole = Span(0.0, duration_s, "", "")
    flutter = np.array(
        [
            (span.begin_s * fs_hz, span.end_s * fs_hz)
            for span in episodes(reference.spans, CLASSES["vf"].rhythms, through_passing=False)
        ],
        dtype=np.int64,
    ).reshape(-1, 2)
    runs = {
        ectopic: score_runs(
            reference.beats.samples,
            reference.beats.classes(),
            test.beats.samples,
            test.beats.classes(),
            ectopic,
            MATCH_S * fs_hz,
            flutter,
            RUN_EDGES,
        )
        for ectopic in "VS"
    }
    return RhythmScore(
        record,
        duration_s,
        {key: count_class(kind, reference.spans, test.spans, whole) for key, kind in CLASSES.items()},
        runs["V"],
        runs["S"],
        {ectopic: count_tachycardias(reference, test, fs_hz, ectopic) for ectopic in TACHYCARDIAS},
        count_pauses(reference.beats.samples / fs_hz, test.beats.samples / fs_hz),
        reference.spans,
        test.spans,
    )


def count_class(
    kind: RhythmClass, reference: Sequence[Span], test: Sequence[Span], whole: Span
) -> RhythmCounts:
    """Count time and episodes of one class of rhythms.

    As EC57 has it, an episode of the reference is found if any of the test overlaps it,
    and one of the test is confirmed if any of the reference does.
    """
    spared = [span for span in reference if span.rhythm in UNREADABLE | kind.spared]
    scored = without([whole], spared)
    wanted = episodes(reference, kind.rhythms, through_passing=kind.base)
    found = episodes(test, kind.rhythms, through_passing=kind.base)
    ours = without(found, spared)
    hits = [[span for span in ours if _overlap(span, episode)] for episode in wanted]
    confirmed = sum(any(_overlap(span, episode) for episode in wanted) for span in ours)
    return RhythmCounts(
        length_s(scored),
        length_s(wanted),
        length_s(ours),
        common_s(ours, wanted),
        EpisodeCounts(len(wanted), sum(map(bool, hits)), len(ours), confirmed),
        tuple(
            max(0.0, hit[0].known_s - episode.begin_s)
            for episode, hit in zip(wanted, hits, strict=True)
            if hit and hit[0].known_s is not None
        ),
    )


def count_tachycardias(
    reference: RhythmTrack, test: RhythmTrack, fs_hz: float, ectopic: str = "V"
) -> EpisodeCounts:
    """Count runs of one ectopic class above 100/min, flutter of the reference left out.

    Those of the reference are told by its beats. Those of the test are told by its beats,
    or as the rhythm of `TACHYCARDIAS` over as many beats of whatever class; early beats of
    fibrillating atria mean nothing. One is found if the other side's overlaps it.
    """
    rhythm, least = TACHYCARDIAS[ectopic]
    flutter = episodes(reference.spans, CLASSES["vf"].rhythms, through_passing=False)
    wanted = _fast_runs(reference.beats, fs_hz, ectopic)
    times_s = test.beats.samples / fs_hz
    named = [
        span
        for span in episodes(test.spans, frozenset({rhythm}), through_passing=False)
        if np.count_nonzero((times_s >= span.begin_s) & (times_s < span.end_s)) >= least
    ]
    ours = _fast_runs(test.beats, fs_hz, ectopic)
    if ectopic == "S":
        ours = without(ours, episodes(test.spans, CLASSES["af"].rhythms, through_passing=True))
    counted = [run for run in ours if not any(_overlap(run, span) for span in named)]
    found = without([*named, *counted], flutter)
    wanted = without(wanted, flutter)
    return EpisodeCounts(
        len(wanted),
        sum(any(_overlap(run, other) for other in found) for run in wanted),
        len(found),
        sum(any(_overlap(run, other) for other in wanted) for run in found),
    )


def _fast_runs(beats: Annotations, fs_hz: float, ectopic: str) -> list[Span]:
    rhythm, least = TACHYCARDIAS[ectopic]
    first, last = stretches(beats.classes() == ectopic)
    begins, ends = beats.samples[first] / fs_hz, beats.samples[last] / fs_hz
    counts = last - first + 1
    fast = (counts >= least) & ((counts - 1) * 60.0 > FAST_BPM * (ends - begins))
    return [
        Span(begin, end, rhythm, "")
        for begin, end in zip(begins[fast].tolist(), ends[fast].tolist(), strict=True)
    ]


def count_pauses(reference_s: NDArray[np.float64], test_s: NDArray[np.float64]) -> EpisodeCounts:
    """Count the intervals of `PAUSE_S` and more, and those that the other side has as well.

    Parameters
    ----------
    reference_s, test_s : array of shape (n,), (m,)
        Times of the beats in seconds, ascending.
    """
    ours, theirs = (
        [
            Span(begin, end, "", "")
            for begin, end in zip(times[:-1].tolist(), times[1:].tolist(), strict=True)
            if end - begin >= PAUSE_S - MATCH_S
        ]
        for times in (test_s, reference_s)
    )
    long = [[pause for pause in side if pause.end_s - pause.begin_s >= PAUSE_S] for side in (theirs, ours)]
    return EpisodeCounts(
        len(long[0]),
        sum(any(_overlap(pause, other) for other in ours) for pause in long[0]),
        len(long[1]),
        sum(any(_overlap(pause, other) for other in theirs) for pause in long[1]),
    )


def _overlap(one: Span, other: Span) -> bool:
    return one.begin_s < other.end_s and other.begin_s < one.end_s
