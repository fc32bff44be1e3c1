"""Each part of the rhythm analyser for itself: what it says, what ends it, and what it keeps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgmon.monitor.rhythm.absence import AbsenceWatch
from ecgmon.monitor.rhythm.af import GONE_AFTER, AfWatch
from ecgmon.monitor.rhythm.base_rhythm import BaseRhythm
from ecgmon.monitor.rhythm.findings import SeenBeat
from ecgmon.monitor.rhythm.heart_rate import HeartRateMeter, HeartRateSettings
from ecgmon.monitor.rhythm.layer import Layer
from ecgmon.monitor.rhythm.patterns import PatternFinder
from ecgmon.monitor.rhythm.runs import RunFinder
from ecgmon.monitor.rhythm.settings import RhythmSettings
from ecgmon.monitor.rhythm.unreadable import UnreadableWatch, is_unreadable, may_hide_a_beat

FS = 360.0
SETTINGS = RhythmSettings()


class Sure:
    """A classifier of atrial fibrillation that says what it was told to."""

    def __init__(self, probability: float) -> None:
        self.value = probability

    def probability(self, features: list[float]) -> float:
        return self.value


def beats(classes: str, rr_s: float = 0.8, first: float = 1000.0, **more) -> list[SeenBeat]:
    return [
        SeenBeat(first + number * rr_s * FS, aami, 0.9, rr_s if number else None, 1.0, **more)
        for number, aami in enumerate(classes)
    ]


def test_a_layer_keeps_its_beginning_while_it_says_the_same():
    layer = Layer()
    layer.say("VT", 5.0, 0.7)
    layer.say("VT", 9.0, 0.9)
    assert (layer.rhythm, layer.since, layer.confidence) == ("VT", 5.0, 0.7)
    layer.mute(12.0)
    assert (layer.rhythm, layer.since) == ("", 12.0)


@pytest.mark.parametrize(
    ("classes", "rhythm"),
    [("NVNVNVN", "B"), ("NVNNVNNVNN", "T"), ("NSNSNSN", "AB"), ("NVNVN", ""), ("NNNNNN", "")],
)
def test_a_pattern_is_named_after_three_repetitions(classes, rhythm):
    finder = PatternFinder(SETTINGS)
    said = set()
    for beat in beats(classes):
        finder.take(beat, irregular=False)
        said.add(finder.layer.rhythm)
    assert said - {""} == ({rhythm} - {""})


def test_a_pattern_begins_at_its_first_beat_and_ends_with_the_beat_that_breaks_it():
    finder, all_beats = PatternFinder(SETTINGS), beats("NNVNVNVNVNNN")
    for beat in all_beats[:9]:
        finder.take(beat, irregular=False)
    assert (finder.layer.rhythm, finder.layer.since) == ("B", all_beats[1].at)
    for beat in all_beats[9:]:
        finder.take(beat, irregular=False)
    assert finder.layer.rhythm == ""
    assert finder.layer.since == all_beats[10].at


def test_early_atrial_beats_mean_nothing_while_the_atria_fibrillate():
    finder = PatternFinder(SETTINGS)
    for beat in beats("NSNSNSNSN"):
        finder.take(beat, irregular=True)
    assert finder.layer.rhythm == ""


@pytest.mark.parametrize(
    ("classes", "rr_s", "kind", "count", "rhythm"),
    [
        ("NVVN", 0.4, "ventricular_couplet", 2, ""),
        ("NVVVVN", 0.4, "ventricular_run", 4, "VT"),
        ("NVVVVN", 0.9, "ventricular_run", 4, "IVR"),
        ("NSSN", 0.4, "supraventricular_couplet", 2, ""),
        ("NSSSSN", 0.4, "supraventricular_run", 4, "SVTA"),
    ],
)
def test_ectopic_beats_in_a_row_are_told_when_they_are_over(classes, rr_s, kind, count, rhythm):
    finder, said, ended = RunFinder(SETTINGS), set(), []
    for number, beat in enumerate(beats(classes + "NN", rr_s)):
        ended += [finder.take(beat, number, irregular=False)]
        said.add(finder.layer.rhythm)
    (found,) = [finding for finding in ended if finding is not None]
    assert (found.kind, found.beats) == (kind, count)
    assert found.bpm == pytest.approx(60.0 / rr_s, abs=0.1)
    assert said - {""} == ({rhythm} - {""})
    assert finder.layer.rhythm == ""


def test_a_run_broken_off_by_lost_samples_is_no_run_behind_them_but_what_was_said_stays():
    finder = RunFinder(SETTINGS)
    for beat in beats("NVVVV", 0.4):
        finder.take(beat, 0, irregular=False)
    finder.break_off()
    assert finder.layer.rhythm == "VT"
    assert finder.end(9e9, 9) is None


def test_asystole_is_due_so_long_after_the_last_beat_and_a_beat_ends_it():
    watch = AbsenceWatch(SETTINGS)
    watch.seen(1000.0)
    assert watch.due == 1000 + round((SETTINGS.asystole_s + SETTINGS.latency_s) * FS)
    assert watch.is_ended_by(1000.0 + SETTINGS.asystole_s * FS)
    assert not watch.is_ended_by(1000.0 + SETTINGS.asystole_s * FS - 1.0)
    watch.expire()
    assert (watch.layer.rhythm, watch.layer.since, watch.due) == ("ASYS", 1000.0, None)
    watch.seen(5000.0)
    assert watch.layer.rhythm == ""


def test_seconds_through_which_no_beat_could_be_seen_do_not_count():
    watch = AbsenceWatch(SETTINGS)
    assert watch.due is None
    watch.second(0, 360, unreadable=False)
    first = watch.due
    watch.second(360, 720, unreadable=True)
    assert watch.due == first + 720


def test_a_break_forgets_the_beats_and_not_the_asystole():
    watch = AbsenceWatch(SETTINGS)
    watch.seen(0.0)
    watch.expire()
    watch.break_off()
    assert watch.layer.rhythm == "ASYS"
    assert watch.due is None
    watch.seen(100.0)
    assert watch.layer.rhythm == ""


@pytest.mark.parametrize(
    ("intervals", "kinds"),
    [
        ([0.8] * 8 + [1.6], ["dropped_beat"]),
        ([0.8] * 8 + [2.0], ["pause"]),
        ([1.0] * 8 + [2.0], ["pause", "dropped_beat"]),
        ([0.8] * 8 + [1.2], []),
        ([0.8] * 3 + [1.6], []),
    ],
)
def test_a_long_interval_is_a_pause_or_a_dropped_beat(intervals, kinds):
    watch, at, found = AbsenceWatch(SETTINGS), 0.0, []
    for rr_s in intervals:
        at += rr_s * FS
        found = watch.take(SeenBeat(at, "N", 0.9, rr_s, 1.0), round(at))
    assert sorted(finding.kind for finding in found) == sorted(kinds)


@pytest.mark.parametrize(
    ("index", "reasons", "unreadable", "hides"),
    [
        (1.0, (), False, False),
        (0.0, ("lead_off",), True, True),
        (0.0, ("flat",), False, False),
        (0.1, ("motion",), True, True),
        (0.9, ("drift",), False, True),
        (0.9, ("missing",), True, True),
    ],
)
def test_which_seconds_cannot_be_read_and_which_may_hide_a_beat(index, reasons, unreadable, hides):
    assert is_unreadable(index, reasons, 0.15) is unreadable
    assert may_hide_a_beat(index, reasons, 0.15) is hides


def test_a_rhythm_is_unknown_after_three_unreadable_seconds_and_known_after_three_good_ones():
    watch = UnreadableWatch(SETTINGS)
    since = []
    for second, unreadable in enumerate([False] * 5 + [True] * 4 + [False] * 4):
        watch.second(second * 360, unreadable=unreadable)
        since.append(watch.unreadable_since)
    assert since == [None] * 7 + [5 * 360.0] * 4 + [None] * 2


@pytest.mark.parametrize(("length_s", "unknown"), [(2.9, False), (3.0, True), (100.0, True)])
def test_a_gap_makes_the_rhythm_unknown_if_it_is_as_long(length_s, unknown):
    watch = UnreadableWatch(SETTINGS)
    watch.second(0, unreadable=False)
    watch.gap(360, round(360 + length_s * 360))
    assert (watch.unreadable_since == 360.0) is unknown


@pytest.mark.parametrize(("rr_s", "name"), [(0.8, "N"), (1.5, "SBR"), (0.5, "STACH")])
def test_the_base_rhythm_is_named_by_its_rate_and_holds_since_the_first_beat(rr_s, name):
    base = BaseRhythm(SETTINGS, Sure(0.0))
    for beat in beats("N" * 14, rr_s):
        base.take(beat)
    assert (base.layer.rhythm, base.layer.since) == (name, 1000.0)


def test_forgetting_the_beats_of_a_flutter_leaves_those_before_it():
    base = BaseRhythm(SETTINGS, Sure(0.0))
    for beat in beats("N" * 14):
        base.take(beat)
    before = len(base.state.intervals)
    base.forget_since(beats("N" * 14)[10].at)
    assert len(base.state.intervals) == before - 4
    assert base.layer.rhythm == "N"


def test_atrial_fibrillation_is_found_at_once_and_over_only_after_many_doubts():
    sure = Sure(0.99)
    base = BaseRhythm(SETTINGS, sure)
    for beat in beats("N" * 40):
        base.take(beat)
    assert base.fibrillates
    sure.value = 0.1
    later = beats("N" * (4 * GONE_AFTER + 4), first=beats("N" * 40)[-1].at + 0.8 * FS)
    held = []
    for beat in later:
        base.take(beat)
        held.append(base.fibrillates)
    assert held[4 * GONE_AFTER - 8]
    assert not held[-1]


def test_indices_counted_anew_change_nothing_but_places():
    base, shifted = (BaseRhythm(SETTINGS, Sure(0.99)) for _ in range(2))
    rng = np.random.default_rng(1)
    shapes = [rng.standard_normal(200) for _ in range(40)]
    first = [
        SeenBeat(beat.at, "N", 0.9, beat.rr_s, 1.0, shape)
        for beat, shape in zip(beats("N" * 40), shapes, strict=True)
    ]
    for beat in first:
        base.take(beat)
        shifted.take(beat)
    shifted.shift(5000.0)
    assert shifted.layer.since == base.layer.since + 5000.0
    assert shifted.af.changed_at() == base.af.changed_at() + 5000.0
    assert shifted.fibrillates
    assert [rr_s for _, rr_s in shifted.state.intervals] == [rr_s for _, rr_s in base.state.intervals]


def test_too_many_ventricular_beats_keep_the_atria_from_being_classified():
    watch = AfWatch(SETTINGS, Sure(0.99))
    for beat in beats("NV" * 40):
        assert not watch.take(beat)
    assert watch.probability is None
    assert not watch.present


PARTS = {
    "patterns": lambda: PatternFinder(SETTINGS),
    "runs": lambda: RunFinder(SETTINGS),
    "absence": lambda: AbsenceWatch(SETTINGS),
    "unreadable": lambda: UnreadableWatch(SETTINGS),
    "base": lambda: BaseRhythm(SETTINGS, Sure(0.99)),
}


def shown(part, beat: SeenBeat) -> None:
    if isinstance(part, UnreadableWatch):
        part.second(round(beat.at), unreadable=beat.aami == "V")
    elif isinstance(part, AbsenceWatch):
        part.seen(beat.at)
        part.take(beat, 0)
    elif isinstance(part, BaseRhythm):
        part.take(beat)
    elif isinstance(part, RunFinder):
        part.take(beat, 0, irregular=False)
    else:
        part.take(beat, irregular=False)


@pytest.mark.parametrize("make", PARTS.values(), ids=PARTS)
@settings(max_examples=15, deadline=None)
@given(
    classes=st.lists(st.sampled_from("NNNNVS"), max_size=60), rr_s=st.floats(0.3, 1.6), cut=st.integers(0, 60)
)
def test_a_part_goes_on_from_a_snapshot_and_says_the_same(make, classes, rr_s, cut):
    first, second = make(), make()
    all_beats = beats("".join(classes), rr_s)
    for beat in all_beats[:cut]:
        shown(first, beat)
    for beat in all_beats[:3]:
        shown(second, beat)
    second.restore(first.snapshot())
    assert second.layer == first.layer
    for beat in all_beats[cut:]:
        shown(first, beat)
        shown(second, beat)
        assert second.layer == first.layer
    assert second.snapshot() == first.snapshot()


@pytest.mark.parametrize("make", PARTS.values(), ids=PARTS)
def test_a_part_that_is_reset_is_silent_and_as_new(make):
    part, new = make(), make()
    for beat in beats("NVVVVNVNVNVNV", 0.4):
        shown(part, beat)
    part.reset()
    assert part.layer == Layer()
    assert part.layer is part.state.layer
    assert part.snapshot() == new.snapshot()


@given(st.lists(st.floats(0.25, 2.0), min_size=1, max_size=80), st.floats(1.0, 10.0), st.integers(1, 6))
def test_a_heart_rate_lies_between_those_of_its_shortest_and_longest_interval(intervals, span_s, least):
    meter = HeartRateMeter(HeartRateSettings(span_s=span_s, min_intervals=least))
    at_s = 10.0
    rates = [meter.beat(at_s)]
    for rr_s in intervals:
        at_s += rr_s
        rates.append(meter.beat(at_s))
    assert rates[:least] == [None] * min(least, len(rates))
    for rate in rates[least:]:
        assert 60.0 / max(intervals) - 1e-6 <= rate <= 60.0 / min(intervals) + 1e-6


def test_a_rate_is_kept_over_a_gap_which_is_no_time_without_a_beat():
    meter = HeartRateMeter(HeartRateSettings(stale_s=4.5))
    for at_s in (1.0, 2.0, 3.0, 4.0):
        rate = meter.beat(at_s)
    assert not meter.lose(4.2, 5.7)
    assert meter.stale_at_s == 4.0 + 4.5 + 1.5
    assert meter.beat(6.5, follows=False) == rate == 60.0
    assert meter.beat(7.5) == 60.0
    assert meter.lose(8.0, 9.5) is False
    assert meter.lose(9.0, 10.0) is True


def test_a_rate_is_stale_so_long_after_the_last_beat_and_never_without_one():
    meter = HeartRateMeter(HeartRateSettings(stale_s=4.5))
    assert meter.stale_at_s is None
    meter.beat(3.0)
    assert meter.stale_at_s == 7.5
    meter.reset()
    assert meter.stale_at_s is None
