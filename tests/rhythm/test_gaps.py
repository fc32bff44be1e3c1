"""What is known of the time beside a gap, and of an interval that has one in it."""

from __future__ import annotations

import pytest
from rhythm_script import FS, RhythmScript, play, short

from ecgmon.monitor.rhythm.findings import SeenBeat
from ecgmon.monitor.rhythm.gaps import Unseen
from ecgmon.monitor.rhythm.intervals import IntervalMeter
from ecgmon.monitor.rhythm.runs import RunFinder
from ecgmon.monitor.rhythm.settings import RhythmSettings


def test_gaps_that_touch_are_one_and_none_counts_twice():
    unseen = Unseen()
    assert unseen.add(100, 110) == (100, 110)
    assert unseen.add(200, 250) == (200, 250)
    assert unseen.add(190, 205) == (190, 250)
    assert unseen.since(50) == 70
    assert unseen.since(105) == 65
    assert unseen.since(240) == 10
    assert unseen.since(250) == 0


def intervals(beats_s: list[float], gaps_s: list[tuple[float, float, bool]]) -> list[float | None]:
    """Return the intervals before beats at some seconds, with gaps between others: start, end, bridged."""
    meter = IntervalMeter()
    for start_s, end_s, bridged in gaps_s:
        meter.lose(start_s * FS, end_s * FS, bridged=bridged)
    return [meter.beat(at_s * FS) for at_s in beats_s]


@pytest.mark.parametrize(
    ("last_s", "gaps_s", "known"),
    [
        (4.0, [(3.45, 3.55, True)], True),  # as long as before
        (4.0, [(3.3, 3.6, False)], True),
        (4.0, [(3.2, 3.8, False)], False),  # so long a gap may hide an early beat
        (5.0, [(3.45, 3.55, True)], True),  # twice as long, but the beat that was due would have been seen
        (5.0, [(3.95, 4.05, True)], False),
        (5.0, [(3.98, 4.02, True)], True),  # too short to hide one
        (5.0, [(3.4, 3.6, False)], False),
        (6.0, [(3.95, 4.05, True)], True),  # one of two that were due would have been seen
        (6.0, [(3.95, 4.05, True), (4.95, 5.05, True)], False),
    ],
)
def test_an_interval_is_known_unless_a_gap_may_hide_a_beat_in_it(last_s, gaps_s, known):
    found = intervals([1.0, 2.0, 3.0, last_s, last_s + 1.0], gaps_s)
    assert found[:3] == [None, 1.0, 1.0]
    assert found[3] == (last_s - 3.0 if known else None)
    assert found[4] == 1.0


def test_behind_a_long_gap_nothing_is_known_of_the_interval_before():
    assert intervals([1.0, 2.0, 6.0, 7.0], [(2.5, 5.5, False)]) == [None, 1.0, None, 1.0]


@pytest.mark.parametrize(("gap_s", "runs"), [(1.2, [5]), (4.5, [2, 3])])
def test_a_run_goes_on_over_a_short_gap_and_its_rate_is_that_of_the_rest(gap_s, runs):
    finder, ended = RunFinder(RhythmSettings()), []
    places = [1.0, 1.4, 1.4 + gap_s, 1.8 + gap_s, 2.2 + gap_s]
    for number, at_s in enumerate(places):
        rr_s = None if number in (0, 2) else 0.4
        ended.append(finder.take(SeenBeat(at_s * FS, "V", 0.9, rr_s, 1.0), round(at_s * FS), irregular=False))
    ended.append(finder.end(9.0 * FS, 9 * FS))
    found = [episode for episode in ended if episode is not None]
    assert [episode.beats for episode in found] == runs
    assert all(episode.bpm == pytest.approx(150.0) for episode in found)
    assert found[-1].end == places[-1] * FS


def test_short_gaps_neither_end_a_run_nor_hide_a_beat_that_does_not_come():
    script = RhythmScript().beats(20, 0.8).beats(3, 0.4, "V").gap(18.4, 18.9)
    script.time_s = 18.6
    script.beats(2, 0.4, "V").beats(9, 0.8)
    assert short(play(script.ordered())) == [("ventricular_run", 5)]
