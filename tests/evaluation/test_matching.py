"""Beats are paired one to one, the nearest first, as the field's own comparators do it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wfdb.processing import compare_annotations

from ecgmon.monitor.evaluation.annotations import Annotations
from ecgmon.monitor.evaluation.beats.matching import match_beats
from ecgmon.sim.library import BUNDLED
from ecgmon.sim.record import read_record

beats = st.lists(st.integers(0, 3000), max_size=40, unique=True).map(
    lambda times: np.array(sorted(times), dtype=np.int64)
)


def test_a_pair_may_be_exactly_the_window_apart_and_no_more():
    assert match_beats(np.array([100]), np.array([154]), 54).reference.size == 1
    assert match_beats(np.array([100]), np.array([155]), 54).reference.size == 0


def test_of_two_candidates_the_nearer_one_is_the_beat_and_the_other_is_extra():
    pairs = match_beats(np.array([1000]), np.array([960, 1010]), 54)
    assert pairs.test.tolist() == [1]
    assert pairs.extra.tolist() == [0]


def test_a_beat_between_two_reference_beats_is_only_one_of_them():
    pairs = match_beats(np.array([1000, 1080]), np.array([1050]), 54)
    assert pairs.reference.tolist() == [1]
    assert pairs.missed.tolist() == [0]


@given(beats, beats, st.integers(0, 80))
def test_no_beat_is_used_twice_none_is_lost_and_no_pair_could_still_be_made(reference, test, window):
    pairs = match_beats(reference, test, window)
    assert sorted([*pairs.reference, *pairs.missed]) == list(range(reference.size))
    assert sorted([*pairs.test, *pairs.extra]) == list(range(test.size))
    assert np.all(np.abs(reference[pairs.reference] - test[pairs.test]) <= window)
    left = np.abs(reference[pairs.missed][:, None] - test[pairs.extra][None, :])
    assert np.all(left > window)


@given(beats)
def test_a_list_agrees_with_itself(reference):
    assert match_beats(reference, reference, 54).test.tolist() == list(range(reference.size))


@pytest.mark.parametrize("name", ["100", "200", "207", "232"])
def test_counts_equal_those_of_wfdbs_comparator_on_whole_records(name):
    record = read_record(BUNDLED / "mitdb" / name)
    truth = Annotations(record.reference.samples, record.reference.symbols).beats().samples
    random = np.random.default_rng(int(name))
    found = truth[random.random(truth.size) > 0.03]
    extra = random.integers(0, record.n_samples, 40)
    test = np.unique(np.concatenate([found + random.integers(-30, 31, found.size), extra]))
    ours = match_beats(truth, test, 54)
    theirs = compare_annotations(truth, test, 55)
    assert ours.reference.size == theirs.tp
    assert ours.missed.size == theirs.fn
    assert ours.extra.size == theirs.fp
