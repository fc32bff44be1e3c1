"""Alarm scores: what the reference says should be raised, against what was."""

from __future__ import annotations

from ecgmon.monitor.cli import main
from ecgmon.monitor.core.events import Alarm
from ecgmon.monitor.evaluation.alarm_report import alarm_table, high_priority_kinds
from ecgmon.monitor.evaluation.alarm_score import AlarmScore, Episode, episodes, reference_episodes
from ecgmon.sim.library import find_record
from ecgmon.sim.record import read_record

DAY_S = 86_400.0


def alarm(second: float, state: str, kind: str = "asystole") -> Alarm:
    at = round(second * 360)
    return Alarm(
        sample=at,
        time_s=second,
        known_at=at + 252,
        kind=kind,
        priority="high",
        state=state,  # type: ignore[arg-type]
        message="",
    )


def row(scores: list[AlarmScore], kind: str) -> dict[str, object]:
    table = alarm_table(scores, high_priority_kinds())
    return dict(next(row for row in table.rows if row["kind"] == kind))


def test_an_episode_lasts_from_active_to_its_end():
    found = episodes([alarm(10, "active"), alarm(14, "latched")], 100.0, 360.0)
    assert found == [Episode("asystole", 10.0, 14.0, 10.7)]


def test_episodes_that_are_near_are_one():
    events = [alarm(10, "active"), alarm(14, "latched"), alarm(20, "active"), alarm(24, "latched")]
    assert [(e.begin_s, e.end_s) for e in episodes(events, 100.0, 360.0)] == [(10.0, 24.0)]


def test_an_alarm_that_does_not_end_lasts_to_the_end_of_the_record():
    assert episodes([alarm(10, "active")], 100.0, 360.0)[0].end_s == 100.0


def test_hits_misses_and_false_alarms_are_counted():
    wanted = (Episode("asystole", 100, 104, 100), Episode("asystole", 500, 504, 500))
    raised = (Episode("asystole", 101, 104, 101.7), Episode("asystole", 900, 904, 900))
    found = row([AlarmScore("x", DAY_S / 2, wanted, raised)], "asystole")
    assert (found["episodes"], found["found"], found["missed"]) == (2, 1, 1)
    assert (found["alarms"], found["false"], found["false_per_day"]) == (2, 1, 2.0)
    assert round(float(str(found["delay_mean_s"])), 6) == 1.7


def test_an_alarm_within_an_emergency_of_another_kind_is_counted_apart():
    wanted = (Episode("ventricular_fibrillation", 100, 200, 100),)
    raised = (Episode("asystole", 150, 154, 150),)
    found = row([AlarmScore("x", DAY_S, wanted, raised)], "asystole")
    assert (found["false"], found["other"]) == (0, 1)


def test_a_tachycardia_that_is_told_as_fibrillation_is_not_missed():
    wanted = (Episode("extreme_tachycardia", 100, 110, 100), Episode("extreme_tachycardia", 500, 510, 500))
    raised = (Episode("ventricular_fibrillation", 95, 120, 99),)
    found = row([AlarmScore("x", DAY_S, wanted, raised)], "extreme_tachycardia")
    assert (found["found"], found["missed"], found["fibrillating"]) == (0, 1, 1)


def test_the_reference_of_record_232_holds_its_long_pauses():
    record = read_record(find_record("232"))
    found = [e for e in reference_episodes(record) if e.kind == "asystole"]
    assert len(found) > 8
    assert all(e.known_s - e.begin_s < 2.1 for e in found)


def test_the_command_prints_and_saves_its_tables(tmp_path, capsys):
    assert main(["evaluate", "alarms", "100", "--chunk", "3600", "--jobs", "1", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "1 records, 0.5 hours" in out
    assert "extreme_tachycardia" in out
    assert (tmp_path / "alarms_high.csv").read_text().startswith("kind,")
