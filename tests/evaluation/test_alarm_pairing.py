"""Alarms and the episodes they belong to are paired so that each is counted once, whatever overlaps."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.core.events import Alarm
from ecgmon.monitor.evaluation.alarm_report import (
    COUNTED,
    OTHER_KINDS,
    VF,
    alarm_table,
    high_priority_kinds,
)
from ecgmon.monitor.evaluation.alarm_score import (
    TOLERANCE_S,
    AlarmJob,
    AlarmScore,
    Episode,
    episodes,
    reference_episodes,
    run_alarm_job,
    score_alarms,
)
from ecgmon.monitor.evaluation.table import Cell
from ecgmon.sim.library import BUNDLED
from ecgmon.sim.record import read_record

HOUR_S = 3600.0
FS = 360.0
KINDS = ("asystole", "extreme_tachycardia", VF)

some = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 900), st.integers(0, 60)).map(
        lambda made: Episode(made[0], made[1], made[1] + made[2], made[1])
    ),
    max_size=12,
).map(tuple)


def alarm(second: float, state: str, kind: str = "asystole", *, escalation: bool = False) -> Alarm:
    at = round(second * FS)
    return Alarm(
        sample=at,
        time_s=second,
        known_at=at,
        kind=kind,
        priority="high",
        state=state,  # type: ignore[arg-type]
        message="",
        escalation=escalation,
    )


def row(wanted: tuple[Episode, ...], raised: tuple[Episode, ...], kind: str) -> dict[str, Cell]:
    table = alarm_table([AlarmScore("x", HOUR_S, wanted, raised)], KINDS)
    return dict(next(row for row in table.rows if row["kind"] == kind))


def test_episodes_touch_up_to_the_tolerance_and_no_further() -> None:
    one = Episode("asystole", 100, 110, 100)
    for begin, touching in ((110 + TOLERANCE_S, True), (110.1 + TOLERANCE_S, False)):
        other = Episode("asystole", begin, begin + 5, begin)
        assert one.touches(other) is other.touches(one) is touching
    assert not one.touches(Episode("asystole", 110.1, 120, 110), 0.0)


@given(some, some)
def test_touching_goes_both_ways(one: tuple[Episode, ...], other: tuple[Episode, ...]) -> None:
    assert all(a.touches(b) == b.touches(a) for a in one for b in other)
    assert all(a.touches(a) for a in one)


@given(some, some, st.sampled_from(KINDS))
def test_every_episode_and_every_alarm_is_counted_once(
    wanted: tuple[Episode, ...], raised: tuple[Episode, ...], kind: str
) -> None:
    counts = row(wanted, raised, kind)
    assert counts["episodes"] == sum(episode.kind == kind for episode in wanted)
    assert counts["alarms"] == sum(episode.kind == kind for episode in raised)
    known = [counts[key] for key in ("found", "missed", "fibrillating", "false", "other")]
    assert all(isinstance(count, int) and count >= 0 for count in known)
    found, missed, told, false, other = (int(count or 0) for count in known)
    assert found + missed + told == counts["episodes"]
    assert false + other <= int(counts["alarms"] or 0)


@given(some)
def test_what_is_raised_as_the_reference_says_is_found_without_delay(wanted: tuple[Episode, ...]) -> None:
    for kind in KINDS:
        counts = row(wanted, wanted, kind)
        assert (counts["missed"], counts["fibrillating"], counts["false"], counts["other"]) == (0, 0, 0, 0)
        if len([episode for episode in wanted if episode.kind == kind]) == 1:
            assert counts["delay_mean_s"] == counts["delay_max_s"] == 0


@given(some)
def test_silence_misses_everything_and_is_never_false(wanted: tuple[Episode, ...]) -> None:
    for kind in KINDS:
        counts = row(wanted, (), kind)
        assert counts["missed"] == counts["episodes"]
        assert (counts["alarms"], counts["false"], counts["delay_mean_s"]) == (0, 0, None)


@given(some, some)
def test_the_last_row_is_the_sum_of_all_kinds(
    wanted: tuple[Episode, ...], raised: tuple[Episode, ...]
) -> None:
    table = alarm_table([AlarmScore("x", HOUR_S, wanted, raised)], KINDS)
    for key in COUNTED:
        assert table.summary[0][key] == sum(int(row[key] or 0) for row in table.rows)


@given(some, some)
def test_records_add_up(wanted: tuple[Episode, ...], raised: tuple[Episode, ...]) -> None:
    score = AlarmScore("x", HOUR_S, wanted, raised)
    one, two = alarm_table([score], KINDS).rows, alarm_table([score, score], KINDS).rows
    for single, double in zip(one, two, strict=True):
        assert all(double[key] == 2 * int(single[key] or 0) for key in COUNTED)
        assert double["false_per_day"] == pytest.approx(single["false_per_day"])


def test_no_record_at_all_has_no_rate_of_false_alarms() -> None:
    assert alarm_table([], KINDS).rows[0]["false_per_day"] is None


def test_silenced_is_still_present_and_an_escalation_is_no_new_alarm() -> None:
    events = [
        alarm(10, "active"),
        alarm(12, "silenced"),
        alarm(14, "active", escalation=True),
        alarm(20, "cleared"),
    ]
    assert [(e.begin_s, e.end_s) for e in episodes(events, 100.0, FS)] == [(10.0, 20.0)]


def test_kinds_are_told_apart_even_where_they_overlap() -> None:
    events = [
        alarm(10, "active"),
        alarm(12, "active", VF),
        alarm(14, "cleared"),
        alarm(30, "cleared", VF),
        alarm(35, "active"),
        alarm(36, "cleared"),
    ]
    found = {(e.kind, e.begin_s, e.end_s) for e in episodes(events, 100.0, FS)}
    assert found == {("asystole", 10.0, 14.0), (VF, 12.0, 30.0), ("asystole", 35.0, 36.0)}


def test_an_end_without_a_beginning_is_no_episode() -> None:
    assert episodes([alarm(10, "cleared")], 100.0, FS) == []


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(1, 40)), max_size=15))
def test_episodes_of_a_kind_are_further_apart_than_the_tolerance(listed: list[tuple[int, int]]) -> None:
    events, free = [], 0
    for begin, length in sorted(listed):
        if begin >= free:
            events += [alarm(begin, "active"), alarm(begin + length, "cleared")]
            free = begin + length
    found = episodes(events, 1000.0, FS)
    gaps = [after.begin_s - before.end_s for before, after in pairwise(found)]
    assert all(gap > TOLERANCE_S for gap in gaps)
    assert sum(e.end_s - e.begin_s for e in found) >= sum(
        events[i + 1].time_s - events[i].time_s for i in range(0, len(events), 2)
    )


def test_the_kinds_that_are_shown_are_kinds_of_the_alarms_and_no_kind_is_shown_twice() -> None:
    urgent = high_priority_kinds()
    assert {"asystole", VF} <= set(urgent)
    assert not set(urgent) & set(OTHER_KINDS)


def test_a_record_that_nobody_annotated_cannot_be_scored(tmp_path: Path) -> None:
    for suffix in ("hea", "dat"):
        (tmp_path / f"100.{suffix}").write_bytes((BUNDLED / "mitdb" / f"100.{suffix}").read_bytes())
    with pytest.raises(RecordError, match=r"no reference annotations \(\.atr\)"):
        run_alarm_job(AlarmJob(tmp_path / "100"))


def test_a_lead_that_is_not_there_is_refused_with_those_that_are() -> None:
    record = read_record(BUNDLED / "mitdb" / "100")
    with pytest.raises(RecordError, match=r"It has 0 \(MLII\), 1 \(V5\)"):
        score_alarms(record, channel=7)


def test_the_flutter_of_record_207_should_be_told() -> None:
    found = reference_episodes(read_record(BUNDLED / "mitdb" / "207"))
    assert any(e.kind == VF and e.end_s - e.begin_s > 10 for e in found)
    assert all(e.begin_s <= e.known_s <= e.end_s + TOLERANCE_S for e in found)


def test_the_ventricular_tachycardias_of_record_207_should_be_told() -> None:
    found = reference_episodes(read_record(BUNDLED / "mitdb" / "207"))
    begun = [round(e.begin_s) for e in found if e.kind == "ventricular_tachycardia"]
    assert begun == [43, 244, 1543]
