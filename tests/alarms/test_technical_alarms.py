"""Technical alarms: signal lost and electrode off, raised and cleared."""

from __future__ import annotations

import pytest
from alarm_script import play, states


@pytest.mark.parametrize("state", ["silent", "reconnecting"])
def test_signal_lost_lasts_until_signal_is_seen_again(engine, script, state):
    script.good(0, 5).source(5.0, state).source(9.0, "streaming").good(9, 12)
    alarms = play(engine, script, 12)
    assert states(alarms, "signal_lost") == [("active", 5.0), ("inactive", 10.0)]
    assert all(alarm.technical for alarm in alarms if alarm.kind == "signal_lost")


def test_a_source_that_ended_is_no_alarm(engine, script):
    assert states(play(engine, script.good(0, 3).source(3.0, "ended"), 4), "signal_lost") == []


@pytest.mark.parametrize(("length_s", "raised"), [(1.5, False), (2.0, True), (60.0, True)])
def test_a_long_gap_is_signal_lost(engine, script, length_s, raised):
    script.good(0, 3).gap(3.0, length_s).good(70, 72)
    kinds = [state for state, _ in states(play(engine, script, 72), "signal_lost")]
    assert kinds == (["active", "inactive"] if raised else [])


def test_samples_that_go_on_missing_are_signal_lost(engine, script):
    script.good(0, 2).gap(2.0, 1.0).quality(2, 5, 0.0, "missing").good(5, 7)
    assert states(play(engine, script, 7), "signal_lost") == [("active", 4.0), ("inactive", 6.0)]


def test_seconds_with_many_short_gaps_are_not_signal_lost(engine, script):
    for at in range(2, 20):
        script.gap(at, 0.3).gap(at + 0.4, 0.3)
    script.quality(2, 20, 0.0, "missing")
    assert states(play(engine, script, 20), "signal_lost") == []


@pytest.mark.parametrize(
    ("every_s", "length_s", "raised"), [(1.0, 0.1, False), (1.0, 0.25, True), (0.02, 0.01, True)]
)
def test_a_link_that_loses_too_much_is_told_within_ten_seconds_and_until_it_is_better(
    engine, script, every_s, length_s, raised
):
    for number in range(round(20 / every_s)):
        script.gap(10 + number * every_s, length_s)
    told = states(play(engine, script.good(0, 60), 60), "signal_gaps")
    assert [state for state, _ in told] == (["active", "inactive"] if raised else [])
    assert all(at <= limit for (_, at), limit in zip(told, (20.0, 40.0), strict=False))


def test_a_long_gap_is_not_told_twice(engine, script):
    script.good(0, 5).gap(5.0, 6.0).good(11, 30)
    assert states(play(engine, script, 30), "signal_gaps") == []


def test_a_device_that_sends_nothing_new_is_signal_lost_and_its_flat_line_asystole(engine, script):
    script.beats(0.5, 60, 3).good(0, 3).quality(3, 6, 1.0).quality(6, 9, 0.0, "flat", "stuck").good(9, 11)
    alarms = play(engine, script, 11)
    assert states(alarms, "signal_lost") == [("active", 7.0), ("inactive", 10.0)]
    assert "again and again" in next(a.message for a in alarms if a.kind == "signal_lost")
    assert states(alarms, "asystole")[0] == ("active", 7.2)


def test_a_buffer_that_is_sent_again_is_no_asystole(engine, script):
    script.beats(0.5, 60, 3).good(0, 3).quality(3, 12, 0.0, "stuck")
    alarms = play(engine, script, 12)
    assert states(alarms, "signal_lost") == [("active", 4.0)]
    assert states(alarms, "asystole") == []


def test_one_second_of_lead_off_is_forgiven_two_are_not(engine, script):
    script.good(0, 3).quality(3, 4, 0.0, "lead_off").good(4, 6).quality(6, 8, 0.0, "lead_off").good(8, 10)
    assert states(play(engine, script, 10), "lead_off") == [("active", 8.0), ("inactive", 9.0)]


def test_ten_seconds_of_poor_signal_are_told(engine, script):
    script.good(0, 3).quality(3, 20, 0.1, "muscle").good(20, 24)
    alarms = play(engine, script, 24)
    assert states(alarms, "poor_signal") == [("active", 14.0), ("inactive", 21.0)]
    assert next(a for a in alarms if a.kind == "poor_signal").message == "Poor signal: muscle"


def test_poor_signal_for_hum_says_what_to_set(engine, script):
    alarms = play(engine, script.good(0, 3).quality(3, 20, 0.1, "hum"), 20)
    (message,) = (alarm.message for alarm in alarms if alarm.kind == "poor_signal")
    assert 'mains_hz = "auto"' in message


def test_a_low_battery_is_told_until_it_is_charged(engine, script):
    for second, charge in enumerate((40, 16, 14, 16, 19, 21)):
        script.source(second + 1.0, "streaming", battery_percent=charge)
    assert states(play(engine, script, 9), "device_battery") == [("active", 3.0), ("inactive", 6.0)]


def test_dropped_blocks_are_overload_while_more_are_dropped(engine, script):
    for second, dropped in enumerate((0, 0, 3, 5, 5)):
        script.source(second + 1.0, "streaming", dropped_blocks=dropped)
    assert states(play(engine, script, 9), "pipeline_overload") == [("active", 3.0), ("inactive", 5.0)]


def test_what_the_program_reports_is_raised_once_and_cleared(engine, script):
    play(engine, script.good(0, 2), 2)
    assert [a.state for a in engine.report("storage_full", True, "3 MB left")] == ["active"]
    assert engine.report("storage_full", True, "2 MB left") == []
    assert [a.state for a in engine.report("storage_full", False, "space again")] == ["inactive"]
