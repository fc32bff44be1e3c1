"""Runs of ectopic beats are counted as EC57 counts them, whatever lies at the edges."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.monitor.evaluation.beats.runs import EpisodeCounts, RunCounts, score_runs, stretches

NO_FLUTTER = np.zeros((0, 2), dtype=np.int64)
STEP, WINDOW = 300, 54.0

classes = st.text("NVSFQ", max_size=60)


def scored(
    reference: str,
    test: str,
    ectopic: str = "V",
    *,
    shift: int = 0,
    flutter: np.ndarray = NO_FLUTTER,
    edges: tuple[int, int, int] = (2, 3, 6),
) -> RunCounts:
    """Score two lists of beats at the same times, the second one shifted."""
    return score_runs(
        np.arange(len(reference)) * STEP,
        np.array(list(reference), dtype="<U1"),
        np.arange(len(test)) * STEP + shift,
        np.array(list(test), dtype="<U1"),
        ectopic,
        WINDOW,
        flutter,
        edges,
    )


def lengths(text: str, ectopic: str) -> list[int]:
    """Return the lengths of runs, found in another way."""
    return [len(list(group)) for own, group in groupby(text, lambda letter: letter in ectopic) if own]


@given(st.lists(st.booleans(), max_size=80))
def test_stretches_are_all_the_true_values_and_nothing_else(flags: list[bool]) -> None:
    first, last = stretches(np.array(flags, dtype=bool))
    covered = np.zeros(len(flags), dtype=int)
    for begin, end in zip(first, last, strict=True):
        covered[begin : end + 1] += 1
        assert begin == 0 or not flags[begin - 1]
        assert end == len(flags) - 1 or not flags[end + 1]
    assert covered.astype(bool).tolist() == flags
    assert covered.max(initial=0) <= 1


@given(classes)
def test_a_list_agrees_with_itself_on_every_run(text: str) -> None:
    counts = scored(text, text)
    for found in (counts.couplets, counts.short, counts.long):
        assert found.in_reference == found.detected == found.in_test == found.confirmed


@given(classes, classes)
def test_runs_are_sorted_by_their_lengths(reference: str, test: str) -> None:
    counts = scored(reference, test, "VF")
    for text, side in ((reference, "in_reference"), (test, "in_test")):
        runs = lengths(text, "VF")
        expected = [sum(n == 2 for n in runs), sum(3 <= n <= 5 for n in runs), sum(n >= 6 for n in runs)]
        assert [getattr(kind, side) for kind in (counts.couplets, counts.short, counts.long)] == expected


@given(classes, classes)
def test_what_is_found_is_never_more_than_there_is(reference: str, test: str) -> None:
    counts = scored(reference, test)
    for found in (counts.couplets, counts.short, counts.long):
        assert found.detected <= found.in_reference
        assert found.confirmed <= found.in_test


@given(classes, classes)
def test_reference_and_test_change_places_with_their_counts(reference: str, test: str) -> None:
    there, back = scored(reference, test), scored(test, reference)
    for one, other in zip(
        (there.couplets, there.short, there.long), (back.couplets, back.short, back.long), strict=True
    ):
        assert (one.in_reference, one.detected) == (other.in_test, other.confirmed)


@given(classes, st.integers(-54, 54))
def test_beats_within_the_window_find_the_same_runs(text: str, shift: int) -> None:
    counts = scored(text, text, shift=shift)
    assert counts.couplets.detected == counts.couplets.in_reference
    assert counts.long.detected == counts.long.in_reference


def test_beats_beyond_the_window_find_a_couplet_by_half() -> None:
    assert scored("NVVN", "NVVN", shift=55).couplets.detected == 0


def test_a_longer_run_finds_a_shorter_one_but_not_the_other_way() -> None:
    assert scored("NVVNNNN", "NVVNVNN").couplets == EpisodeCounts(1, 1, 1, 1)
    longer = scored("NVVVVVVN", "NNVVVNNN")
    assert (longer.long.in_reference, longer.long.detected) == (1, 0)
    assert (longer.short.in_test, longer.short.confirmed) == (1, 1)


def test_a_run_broken_by_one_beat_is_two_short_ones() -> None:
    counts = scored("NVVVVVVVN", "NVVVNVVVN")
    assert counts.long == EpisodeCounts(1, 0, 0, 0)
    assert counts.short == EpisodeCounts(0, 0, 2, 2)


def test_single_ectopic_beats_are_no_run_at_either_edge() -> None:
    assert scored("VNVNV", "VNNNV") == RunCounts()


def test_a_run_may_begin_and_end_the_record() -> None:
    assert scored("VVNNVVV", "VVNNVVV").couplets.detected == 1
    assert scored("VVNNVVV", "VVNNVVV").short.detected == 1


def test_a_run_of_the_test_that_touches_flutter_is_not_counted_but_one_behind_it_is() -> None:
    flutter = np.array([[2 * STEP, 3 * STEP]])
    text = "NNVVNNVVN"
    counts = scored("N" * len(text), text, flutter=flutter)
    assert counts.couplets == EpisodeCounts(0, 0, 1, 0)
    assert scored(text, text, flutter=flutter).couplets == EpisodeCounts(2, 2, 1, 1)


def test_edges_may_be_other_than_those_of_ec57() -> None:
    counts = scored("NVVVVVN", "NVVVVVN", edges=(2, 3, 5))
    assert (counts.short, counts.long) == (EpisodeCounts(), EpisodeCounts(1, 1, 1, 1))


@pytest.mark.parametrize(("reference", "test"), [("", ""), ("", "VV"), ("VV", "")])
def test_an_empty_list_is_no_error(reference: str, test: str) -> None:
    counts = scored(reference, test)
    assert counts.couplets == EpisodeCounts(int(reference == "VV"), 0, int(test == "VV"), 0)


@given(st.lists(st.tuples(*[st.integers(0, 9)] * 4), min_size=1, max_size=5))
def test_counts_of_records_add_up(rows: list[tuple[int, int, int, int]]) -> None:
    total = sum((RunCounts(short=EpisodeCounts(*row)) for row in rows), RunCounts())
    assert total.short == EpisodeCounts(*np.sum(rows, axis=0).tolist())
    assert total.long == EpisodeCounts()
