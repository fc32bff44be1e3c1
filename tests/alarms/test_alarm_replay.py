"""Alarms on real records, through the whole chain and checked against the reference annotations."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from ecgmon.monitor.core.events import Alarm, SampleBlock
from ecgmon.monitor.run.stream import Stream
from ecgmon.sim.library import find_record
from ecgmon.sim.record import Record, read_record

FS = 360.0
TOLERANCE_S = 0.03


@cache
def record(name: str) -> Record:
    return read_record(find_record(name))


@cache
def replay(name: str, start_s: int, end_s: int) -> tuple[Alarm, ...]:
    """Return the alarms raised in a stretch of a record, timed from the record's beginning."""
    first, last = int(start_s * FS), int(end_s * FS)
    samples = record(name).samples_mv(first, last, (0,))
    stream = Stream(name, FS)
    events = []
    for start in range(0, samples.shape[1], 720):
        block = SampleBlock(samples[:, start : start + 720], first + start, FS, device=name)
        events += stream.process(block)
    return tuple(event for event in events if isinstance(event, Alarm) and event.state == "active")


def reference_pauses(name: str, start_s: int, end_s: int, limit_s: float) -> np.ndarray:
    """Return when a stretch without a reference beat has lasted for the limit, in seconds."""
    marks = record(name).reference
    assert marks is not None
    beats = marks.samples[np.isin(marks.symbols, list("NLRAaJSVEFejQ/f"))] / FS
    beats = beats[(beats >= start_s) & (beats < end_s)]
    return beats[:-1][np.diff(beats) >= limit_s] + limit_s


def test_each_asystole_of_record_232_is_announced_in_time_and_no_other():
    pauses = reference_pauses("232", 940, 1310, 4.0)
    alarms = [a for a in replay("232", 940, 1310) if a.kind == "asystole"]
    assert len(pauses) == len(alarms) > 3
    delays = np.array([alarm.known_at / FS for alarm in alarms]) - pauses
    assert delays.min() >= 0
    assert delays.max() <= 0.7 + TOLERANCE_S


def test_ten_minutes_of_record_100_raise_nothing():
    assert replay("100", 0, 600) == ()


def test_the_flutter_of_record_207_raises_a_life_threatening_alarm():
    alarms = [a for a in replay("207", 1540, 1640) if a.priority == "high"]
    assert alarms
    assert {a.kind for a in alarms} & {"ventricular_tachycardia", "extreme_tachycardia"}


def announced(samples_mv: np.ndarray) -> list[tuple[str, float]]:
    """Return each alarm raised over a signal of one lead, and the second it was known at."""
    stream = Stream("made", FS)
    events = []
    for start in range(0, samples_mv.size, 360):
        block = SampleBlock(samples_mv[None, start : start + 360], start, FS, device="made")
        events += stream.process(block)
    alarms = [event for event in events if isinstance(event, Alarm) and event.state == "active"]
    return [(alarm.kind, alarm.known_at / FS) for alarm in alarms]


def beating(seconds: int) -> np.ndarray:
    """Return seconds of record 100 that end with the rest between two beats."""
    samples: np.ndarray = record("100").samples_mv(0, seconds * 360, (0,))[0]
    return samples


@pytest.mark.parametrize("noise_mv", [0.0, 0.005, 0.02])
def test_a_heart_that_stops_is_announced_within_4_7_seconds_of_its_last_beat(noise_mv):
    noise = np.random.default_rng(1).normal(0.0, noise_mv, 12 * 360)
    before = beating(30)
    alarms = dict(announced(np.concatenate((before, before[-1] + noise))))
    last_beat_s = 29.418
    assert alarms["asystole"] == pytest.approx(last_beat_s + 4.7, abs=0.02)


def test_an_electrode_that_jumps_and_hides_the_heart_for_five_seconds_is_not_asystole():
    hidden = 4.0 * np.exp(-np.arange(5 * 360) / (1.5 * 360))
    signal = np.concatenate((beating(30), hidden, beating(30)))
    assert "asystole" not in dict(announced(signal))


def test_a_heart_that_stops_while_the_electrode_jumps_is_still_found():
    jump = 4.0 * np.exp(-np.arange(20 * 360) / (1.5 * 360))
    alarms = dict(announced(np.concatenate((beating(30), jump))))
    assert alarms["asystole"] < 30 + 12
