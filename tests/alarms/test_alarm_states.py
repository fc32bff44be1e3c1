"""The states after IEC 60601-1-8: latching, acknowledging, silencing, pausing, escalating."""

from __future__ import annotations

import json

import pytest
from alarm_script import FS, Script, play, states
from pydantic import ValidationError

from ecgmon.monitor.alarms import AlarmEngine, AlarmSettings


def run(engine: AlarmEngine, seconds: float) -> list[tuple[str, str]]:
    alarms = engine.process([], round(seconds * FS))
    return [(alarm.kind, alarm.state) for alarm in alarms]


@pytest.fixture
def in_asystole(script: Script) -> AlarmEngine:
    """An engine at 10 s, in asystole since 7.2 s."""
    engine = AlarmEngine(AlarmSettings().changed({"pause": {"enabled": False}}), "ecg", FS)
    play(engine, script.good(0, 10).beats(0.5, 60, 3), 10)
    return engine


def back_to_life(engine: AlarmEngine, start_s: float, end_s: float) -> list[tuple[str, str]]:
    events = Script().beats(start_s, 60, 4).ordered()
    return [(a.kind, a.state) for a in engine.process(events, round(end_s * FS))]


def test_a_life_threatening_alarm_that_nobody_saw_stays_latched(in_asystole):
    assert back_to_life(in_asystole, 12, 17) == [("asystole", "latched")]
    assert [a.state for a in in_asystole.open_alarms()] == ["latched"]
    assert [a.state for a in in_asystole.acknowledge("asystole")] == ["inactive"]
    assert in_asystole.open_alarms() == []


def test_a_latched_alarm_becomes_active_when_its_condition_returns(in_asystole):
    back_to_life(in_asystole, 12, 17)
    assert run(in_asystole, 22) == [("asystole", "active")]


def test_an_acknowledged_alarm_ends_with_its_condition(in_asystole):
    assert [a.state for a in in_asystole.acknowledge()] == ["acknowledged"]
    assert in_asystole.acknowledge() == []
    assert back_to_life(in_asystole, 12, 17) == [("asystole", "inactive")]


def test_a_silenced_alarm_sounds_again_after_its_time(in_asystole):
    assert [a.state for a in in_asystole.silence(30)] == ["silenced"]
    assert run(in_asystole, 39.9) == []
    assert run(in_asystole, 40.1) == [("asystole", "active")]


def test_silence_lasts_no_longer_than_the_settings_allow(in_asystole):
    in_asystole.silence(10_000)
    assert run(in_asystole, 131) == [("asystole", "active")]


def test_silencing_one_kind_touches_no_other(in_asystole):
    in_asystole.report("storage_full", True, "full")
    in_asystole.silence(kind="storage_full")
    assert {a.kind: a.state for a in in_asystole.open_alarms()} == {
        "asystole": "active",
        "storage_full": "silenced",
    }


def test_a_new_life_threatening_alarm_breaks_through_silence_and_pause(engine, script):
    events = script.good(0, 20).beats(0.5, 60, 5).ordered()
    engine.process(events[:6], round(5 * FS))
    engine.pause(60)
    assert engine.paused
    assert [a.state for a in engine.report("storage_full", True, "full")] == ["silenced"]
    alarms = engine.process(events[6:], round(12 * FS))
    assert ("asystole", "active") in [(a.kind, a.state) for a in alarms]
    assert ("pause", "silenced") in [(a.kind, a.state) for a in alarms]


def test_a_pause_ends_after_its_time_and_what_is_present_sounds(engine):
    engine.pause(20)
    engine.report("storage_full", True, "full")
    assert run(engine, 20.1) == [("storage_full", "active")]
    assert not engine.paused


def test_resuming_ends_a_pause_early(engine):
    engine.pause(20)
    engine.report("storage_full", True, "full")
    assert [a.state for a in engine.resume()] == ["active"]
    assert not engine.paused


def test_an_alarm_that_nobody_acknowledges_is_sent_on_once(in_asystole):
    alarms = in_asystole.process([], round(300 * FS))
    assert [(a.state, a.escalation, a.known_at) for a in alarms] == [("active", 1, round((7.2 + 60) * FS))]


def test_an_acknowledged_alarm_is_not_sent_on(in_asystole):
    in_asystole.acknowledge()
    assert in_asystole.process([], round(300 * FS)) == []


def test_a_latched_alarm_is_sent_on_too(in_asystole):
    back_to_life(in_asystole, 12, 17)
    beats = Script().beats(16, 60, 80).ordered()
    alarms = in_asystole.process(beats, round(80 * FS))
    assert [(a.state, a.escalation) for a in alarms if a.kind == "asystole"] == [("latched", 1)]


def test_silences_and_escalations_run_on_while_no_sample_arrives(in_asystole):
    alarms = in_asystole.idle(58)
    assert [(a.kind, a.escalation) for a in alarms] == [("asystole", 1)]
    in_asystole.silence(30)
    assert in_asystole.idle(29) == []
    assert [a.state for a in in_asystole.idle(2)] == ["active"]


def test_a_technical_alarm_never_hides_a_physiological_one(in_asystole):
    in_asystole.process(Script().source(10, "silent").ordered(), round(10 * FS))
    assert [(a.kind, a.state) for a in in_asystole.open_alarms()] == [
        ("asystole", "active"),
        ("signal_lost", "active"),
    ]


def test_a_device_restart_keeps_what_nobody_has_seen(in_asystole):
    in_asystole.report("storage_full", True, "full")
    alarms = in_asystole.rewind()
    assert [(a.kind, a.state) for a in alarms] == [("asystole", "latched"), ("storage_full", "inactive")]
    events = Script().good(0, 10).beats(0.5, 60, 3).ordered()
    again = in_asystole.process(events, round(10 * FS))
    assert states(again, "asystole") == [("active", 7.2)]


def test_open_alarms_survive_a_restart(in_asystole):
    state = json.loads(json.dumps(in_asystole.snapshot()))
    engine = AlarmEngine(in_asystole.settings, "ecg", FS)
    engine.restore(state)
    assert engine.open_alarms() == in_asystole.open_alarms()
    assert run(engine, 68) == run(in_asystole, 68)


@pytest.mark.parametrize(
    "damage",
    [{"time": "late"}, {"idle": 1.5}, {"paused_until": "noon"}, {"trackers": {}}, {"conditions": None}],
)
def test_of_a_damaged_state_nothing_is_taken_over(in_asystole, damage):
    state = {**in_asystole.snapshot(), **damage}
    engine = AlarmEngine(in_asystole.settings, "ecg", FS)
    before = engine.snapshot()
    with pytest.raises((KeyError, TypeError, ValueError)):
        engine.take_over(state, 1.0)
    assert engine.snapshot() == before


def test_settings_change_while_running_and_keep_open_alarms(in_asystole):
    changed = in_asystole.settings.changed({"heart_rate_high": {"limit_bpm": 100}})
    assert in_asystole.reconfigure(changed) == []
    assert [a.kind for a in in_asystole.open_alarms()] == ["asystole"]


def test_a_kind_that_is_switched_off_ends_visibly(in_asystole):
    off = in_asystole.reconfigure(in_asystole.settings.changed({"asystole": {"enabled": False}}))
    assert [(a.kind, a.state) for a in off] == [("asystole", "inactive")]
    assert in_asystole.open_alarms() == []


def test_a_part_of_a_rule_keeps_the_rest_of_it():
    rule = AlarmSettings.model_validate({"ventricular_tachycardia": {"beats": 3}}).ventricular_tachycardia
    assert (rule.beats, rule.limit_bpm, rule.priority, rule.latching) == (3, 100, "high", True)


@pytest.mark.parametrize(
    "changes",
    [
        {"heart_rate_hihg": {"limit_bpm": 100}},
        {"heart_rate_high": {"limit": 100}},
        {"heart_rate_high": {"limit_bpm": 9000}},
        {"asystole": {"priority": "urgent"}},
        {"asystole": 4},
    ],
)
def test_wrong_alarm_settings_are_refused(changes):
    with pytest.raises(ValidationError):
        AlarmSettings.model_validate(changes)
    with pytest.raises(ValidationError):
        AlarmSettings().changed(changes)


def busy(fs_hz: float) -> Script:
    """Return a script in which alarms of every sort come, hold, end and are raised again."""
    script = Script(fs_hz).good(0, 90).beats(0.5, 60, 8)
    script.beats(15, 60, 5).beats(20, 180, 9, "V").beats(24, 60, 3).gap(30, 3).beats(34, 30, 6)
    script.rhythm(50, "AFIB", 51).rate(52, 140).beats(52, 150, 40).rhythm(70, "N", 71).rate(71, 70)
    return script.source(75, "silent", battery_percent=5).source(78, "streaming").beats(79, 70, 10)


@pytest.mark.parametrize("switch_s", [2, 13, 22, 31, 45, 55, 76])
@pytest.mark.parametrize("rates", [(250.0, 500.0), (500.0, 250.0), (360.0, 128.0)])
def test_a_source_that_goes_on_at_another_rate_changes_no_alarm(switch_s, rates):
    """The same events, at one rate all along and at another from a second on, raise the same."""
    first, second = rates
    steady, changing = (AlarmEngine(AlarmSettings(), "ecg", first) for _ in range(2))
    heard = [[], []]
    for engine, at_hz, out in ((steady, first, heard[0]), (changing, second, heard[1])):
        before = [event for event in busy(first).ordered() if event.known_at < switch_s * first]
        after = busy(at_hz).ordered()[len(before) :]
        engine.follow(first)
        told = [(alarm, first) for alarm in engine.process(before, round(switch_s * first))]
        told += [(alarm, first) for alarm in engine.silence(5)]
        engine.follow(at_hz)
        told += [(alarm, at_hz) for alarm in engine.process(after, round(90 * at_hz))]
        out += [(a.kind, a.state, a.escalation, a.time_s, a.known_at / hz) for a, hz in told]
    assert len(heard[0]) > 15
    for one, other in zip(*heard, strict=True):
        assert one[:3] == other[:3]
        assert one[3:] == pytest.approx(other[3:], abs=2.5 / min(rates))


def test_what_is_left_out_is_signal_lost_until_nothing_is():
    engine = AlarmEngine(AlarmSettings(), "ecg", FS)
    script = Script().good(0, 20).source(4, "streaming", left_out_s=1.9)
    script.source(5, "streaming", left_out_s=2.1).source(9, "streaming").source(
        12, "streaming", left_out_s=0.0
    )
    assert states(play(engine, script, 20), "signal_lost") == [("active", 5.0), ("inactive", 13.0)]
