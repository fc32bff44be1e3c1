"""Stretches of rhythm keep their time: nothing is lost, counted twice or made up."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.monitor.evaluation.annotations import Annotations
from ecgmon.monitor.evaluation.beats.runs import EpisodeCounts
from ecgmon.monitor.evaluation.rhythm.score import (
    CLASSES,
    PAUSE_S,
    RhythmCounts,
    RhythmTrack,
    count_class,
    count_pauses,
    count_tachycardias,
)
from ecgmon.monitor.evaluation.rhythm.spans import (
    Span,
    annotated_changes,
    common_s,
    episodes,
    length_s,
    spans_of,
    without,
)

WHOLE_S = 100.0
WHOLE = Span(0.0, WHOLE_S, "", "")
FS = 360.0

rhythms = st.sampled_from(["N", "AFIB", "AFL", "VT", "B", "T", "VFL", "NOISE"])
changes = st.lists(st.tuples(st.integers(0, 99), rhythms), max_size=25)
cuts = st.lists(st.tuples(st.integers(0, 99), st.integers(1, 30)), max_size=8)


def spans(listed: list[tuple[float, str]]) -> list[Span]:
    return spans_of([(at, rhythm, None) for at, rhythm in listed], WHOLE_S)


def pieces(listed: list[tuple[int, int]]) -> list[Span]:
    """Return stretches that do not overlap, from any list of begins and lengths."""
    found: list[Span] = []
    for begin, length in sorted(listed):
        if not found or begin >= found[-1].end_s:
            found.append(Span(begin, begin + length, "", ""))
    return found


@given(changes)
def test_spans_fill_the_record_from_the_first_change_on(listed: list[tuple[int, str]]) -> None:
    found = spans(listed)
    assert length_s(found) == (WHOLE_S - min(at for at, _ in listed) if listed else 0)
    for one, other in pairwise(found):
        assert one.end_s == other.begin_s
    assert all(span.end_s > span.begin_s for span in found)


@given(changes)
def test_no_two_spans_that_meet_are_of_one_rhythm(listed: list[tuple[int, str]]) -> None:
    found = spans(listed)
    for one, other in pairwise(found):
        assert (one.rhythm, one.base) != (other.rhythm, other.base)


@given(changes)
def test_the_order_of_changes_does_not_matter(listed: list[tuple[int, str]]) -> None:
    distinct = list({at: (at, rhythm) for at, rhythm in listed}.values())
    assert spans(distinct) == spans(distinct[::-1])


@given(changes, st.sampled_from(sorted(CLASSES)))
def test_episodes_last_as_long_as_their_rhythm(listed: list[tuple[int, str]], key: str) -> None:
    found = spans(listed)
    wanted = CLASSES[key].rhythms
    own = [span for span in found if span.rhythm in wanted]
    assert length_s(episodes(found, wanted, through_passing=False)) == length_s(own)


def test_an_episode_goes_on_through_a_run_only_where_it_is_asked_to() -> None:
    found = spans([(0, "AFIB"), (40, "VT"), (45, "AFIB")])
    wanted = frozenset({"AFIB"})
    assert [(e.begin_s, e.end_s) for e in episodes(found, wanted, through_passing=True)] == [(0, 100)]
    apart = episodes(found, wanted, through_passing=False)
    assert [(e.begin_s, e.end_s) for e in apart] == [(0, 40), (45, 100)]


@given(cuts, cuts)
def test_what_is_left_and_what_is_taken_make_up_the_whole(
    kept: list[tuple[int, int]], gone: list[tuple[int, int]]
) -> None:
    ours, theirs = pieces(kept), pieces(gone)
    left = without(ours, theirs)
    assert length_s(left) == pytest.approx(length_s(ours) - common_s(ours, theirs))
    assert common_s(left, theirs) == 0
    assert without(left, theirs) == left


@given(cuts, cuts)
def test_time_in_common_is_the_same_from_both_sides(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    ours, theirs = pieces(one), pieces(other)
    assert common_s(ours, theirs) == common_s(theirs, ours)
    assert common_s(ours, ours) == length_s(ours)
    seconds = [
        {s for span in side for s in range(int(span.begin_s), int(span.end_s))} for side in (ours, theirs)
    ]
    assert common_s(ours, theirs) == len(seconds[0] & seconds[1])


@given(changes, changes, st.sampled_from(sorted(CLASSES)))
def test_time_found_is_never_more_than_either_side_has(
    reference: list[tuple[int, str]], test: list[tuple[int, str]], key: str
) -> None:
    counts = count_class(CLASSES[key], spans(reference), spans(test), WHOLE)
    assert 0 <= counts.common_s <= min(counts.reference_s, counts.test_s) + 1e-9
    assert counts.test_s <= counts.scored_s <= WHOLE_S
    found = counts.episodes
    assert found.detected <= found.in_reference
    assert found.confirmed <= found.in_test
    assert len(counts.delays_s) <= found.detected


@given(changes, st.sampled_from(["vf", "vt", "bigeminy", "svta"]))
def test_a_reference_scored_against_itself_is_perfect(listed: list[tuple[int, str]], key: str) -> None:
    counts = count_class(CLASSES[key], spans(listed), spans(listed), WHOLE)
    assert counts.common_s == counts.reference_s == counts.test_s
    assert counts.episodes.detected == counts.episodes.in_reference


def test_flutter_of_the_atria_is_not_held_against_fibrillation() -> None:
    counts = count_class(CLASSES["af"], spans([(0, "N"), (50, "AFL")]), spans([(0, "AFIB")]), WHOLE)
    assert (counts.scored_s, counts.test_s, counts.reference_s) == (50, 50, 0)


def test_counts_of_records_add_up_with_their_delays() -> None:
    one = RhythmCounts(100, 10, 20, 5, EpisodeCounts(1, 1, 2, 1), (3.0,))
    total = one + RhythmCounts(50, 1, 2, 1, EpisodeCounts(1, 0, 1, 1), (4.0, 5.0))
    assert (total.scored_s, total.common_s, total.episodes) == (150, 6, EpisodeCounts(2, 1, 3, 2))
    assert total.delays_s == (3.0, 4.0, 5.0)


def changes_of(*marks: tuple[int, str, str]) -> list[tuple[float, str, float | None]]:
    samples, symbols, notes = zip(*marks, strict=True)
    return annotated_changes(np.array(samples), np.array(symbols), np.array(notes), 100.0)


def test_a_note_that_is_no_rhythm_changes_nothing() -> None:
    assert changes_of((0, "+", "(N"), (100, "+", "noise"), (200, "N", "(AFIB")) == [(0.0, "N", None)]


def test_flutter_waves_are_left_to_the_rhythm_notes_where_those_tell_of_them() -> None:
    found = changes_of((0, "+", "(N"), (500, "+", "(VFL"), (500, "[", ""), (900, "]", ""), (900, "+", "(N"))
    assert [rhythm for _, rhythm, _ in found] == ["N", "VFL", "N"]


def test_flutter_without_an_end_lasts_to_the_end_and_without_a_note_before_it_follows_sinus() -> None:
    assert changes_of((500, "[", ""), (501, "N", "")) == [(5.0, "VFL", None)]
    assert changes_of((500, "[", ""), (900, "]", ""))[1] == (9.0, "N", None)


def test_behind_flutter_the_rhythm_before_it_goes_on() -> None:
    found = spans_of(changes_of((0, "+", "(AFIB"), (500, "[", ""), (900, "]", "")), 20.0)
    assert [span.rhythm for span in found] == ["AFIB", "VFL", "AFIB"]


def track(beats: str, interval_s: float, *rhythm: tuple[float, str]) -> RhythmTrack:
    samples = (np.arange(len(beats)) * interval_s * FS).astype(np.int64)
    listed = spans_of([(at, name, None) for at, name in rhythm], WHOLE_S)
    return RhythmTrack(listed, Annotations(samples, np.array(list(beats))))


def test_five_fast_ventricular_beats_are_a_tachycardia_and_four_or_slow_ones_are_none() -> None:
    for beats, interval_s, count in (("NVVVVVN", 0.4, 1), ("NVVVVN", 0.4, 0), ("NVVVVVN", 0.7, 0)):
        one = track(beats, interval_s)
        assert count_tachycardias(one, one, FS) == EpisodeCounts(count, count, count, count)


def test_a_tachycardia_may_be_told_by_the_rhythm_over_beats_of_any_class() -> None:
    reference = track("N" + "V" * 8 + "N", 0.4)
    told = track("N" * 10, 0.4, (0, "N"), (0.3, "VT"), (3.7, "N"))
    assert count_tachycardias(reference, told, FS) == EpisodeCounts(1, 1, 1, 1)
    too_few_beats = track("N" * 10, 0.4, (0, "N"), (0.3, "VT"), (1.5, "N"))
    assert count_tachycardias(reference, too_few_beats, FS) == EpisodeCounts(1, 0, 0, 0)


def test_a_tachycardia_within_flutter_of_the_reference_is_not_scored() -> None:
    reference = track("N" + "V" * 8 + "N", 0.4, (0, "VFL"))
    assert count_tachycardias(reference, reference, FS) == EpisodeCounts()


def test_early_beats_of_fibrillating_atria_are_no_tachycardia() -> None:
    quiet = track("N" * 10, 0.4)
    for rhythm, count in (("N", 1), ("AFIB", 0)):
        test = track("NNAAAANNNN", 0.4, (0, rhythm))
        assert count_tachycardias(quiet, test, FS, "S").in_test == count


@given(st.lists(st.floats(0.3, 4.0), min_size=1, max_size=30))
def test_pauses_are_the_intervals_of_two_seconds_and_more(intervals_s: list[float]) -> None:
    times = np.cumsum([0.0, *intervals_s])
    long = int(np.count_nonzero(np.diff(times) >= PAUSE_S))
    assert count_pauses(times, times) == EpisodeCounts(long, long, long, long)
    nobody = count_pauses(times, times[:1])
    assert (nobody.in_reference, nobody.detected, nobody.in_test) == (long, 0, 0)


def test_a_pause_that_one_side_measures_a_little_shorter_is_found() -> None:
    assert count_pauses(np.array([0.0, 2.0]), np.array([0.1, 2.0])) == EpisodeCounts(1, 1, 0, 0)
    assert count_pauses(np.array([0.0, 2.0]), np.array([0.2, 2.0])) == EpisodeCounts(1, 0, 0, 0)
