"""A line is drawn through each hole, however it is cut, and it is told how long it was."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgmon.monitor.dsp.holes import HoleFiller, HoleSettings

FS = 100.0
"""Rate of the filler here: holes of up to 12 samples are bridged, missing ones wait for 100."""


def feed(filler: HoleFiller, values: list[float]) -> tuple[list[float], list[bool], list[tuple]]:
    """Feed values, of which those that are not finite are none."""
    chunk = np.array(values, dtype=np.float64)
    out = filler.process(np.nan_to_num(chunk), ~np.isfinite(chunk))
    told = [(hole.start, hole.length, hole.known_at, hole.bridged) for hole in out.holes]
    return out.samples.tolist(), out.missing.tolist(), told


@pytest.mark.parametrize("lost", [True, False])
def test_a_line_goes_through_samples_that_were_lost_or_came_as_none(lost):
    filler = HoleFiller(fs_hz=FS)
    assert feed(filler, [1.0, 2.0]) == ([1.0, 2.0], [False, False], [])
    if lost:
        filler.lose(3)
    else:
        assert feed(filler, [np.nan] * 3) == ([], [], [])
    assert (filler.settled, filler.open_since) == (2, 2)
    samples, missing, holes = feed(filler, [6.0, 5.0])
    assert samples == pytest.approx([3.0, 4.0, 5.0, 6.0, 5.0])
    assert missing == [True] * 3 + [False] * 2
    assert holes == [(2, 3, 5, True)]
    assert [filler.known_with(index) for index in range(1, 7)] == [1, 5, 5, 5, 5, 6]


@pytest.mark.parametrize(
    ("length", "bridged"), [(1, True), (12, True), (13, False), (99, False), (999, False)]
)
def test_a_hole_is_bridged_up_to_its_limit_and_told_whole_if_it_was_lost(length, bridged):
    filler = HoleFiller(HoleSettings(bridge_s=0.12), FS)
    feed(filler, [1.0])
    filler.lose(length)
    samples, _, holes = feed(filler, [0.0])
    assert len(samples) == length + 1
    assert holes == [(1, length, 1 + length, bridged)]


def test_samples_that_stay_away_are_told_after_a_second_and_the_rest_when_it_is_over():
    filler = HoleFiller(fs_hz=FS)
    feed(filler, [3.0])
    assert feed(filler, [np.nan] * 99) == ([], [], [])
    assert feed(filler, [np.nan]) == ([3.0] * 100, [True] * 100, [(1, 100, 100, False)])
    assert feed(filler, [np.nan] * 7) == ([3.0] * 7, [True] * 7, [])
    assert filler.open_since == filler.held_from == 101
    filler.lose(2)
    samples, missing, holes = feed(filler, [0.0])
    assert (samples, missing) == (pytest.approx([2.0, 1.0, 0.0]), [True, True, False])
    assert holes == [(101, 9, 110, False)]
    assert filler.held_from is None


def test_before_the_first_sample_a_hole_holds_what_comes():
    filler = HoleFiller(fs_hz=FS)
    assert feed(filler, [np.nan, np.nan, 4.0])[0] == [4.0, 4.0, 4.0]


PIECES = st.lists(
    st.tuples(st.sampled_from(["good", "none", "lost"]), st.integers(1, 130)), min_size=1, max_size=12
)


@settings(max_examples=60, deadline=None)
@given(PIECES, st.integers(1, 40))
def test_blocks_do_not_matter_and_holes_are_told_once_and_whole(pieces, step):
    def run(filler: HoleFiller, step: int) -> tuple[list[float], list[bool], list[tuple]]:
        outs, random = [], np.random.default_rng(1)
        for kind, length in [*pieces, ("good", 1)]:
            if kind == "lost":
                filler.lose(length)
                continue
            values = (
                np.round(random.standard_normal(length), 3) if kind == "good" else np.full(length, np.nan)
            )
            outs += [feed(filler, values[at : at + step].tolist()) for at in range(0, length, step)]
        samples, missing, holes = (list(chain.from_iterable(parts)) for parts in zip(*outs, strict=True))
        return samples, missing, holes

    whole = run(HoleFiller(fs_hz=FS), 1000)
    assert run(HoleFiller(fs_hz=FS), step) == whole
    samples, missing, holes = whole
    total = sum(length for _, length in pieces) + 1
    assert len(samples) == total
    assert np.isfinite(samples).all()
    assert sum(length for _, length, _, _ in holes) == sum(missing)
    inside = [at for start, length, _, _ in holes for at in range(start, start + length)]
    assert inside == np.flatnonzero(missing).tolist()
