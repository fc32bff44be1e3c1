"""Alarms on real records, through the whole chain and checked against the reference annotations."""

from __future__ import annotations

from functools import cache

import numpy as np

from monitor.events import Alarm, SampleBlock
from monitor.stream import Stream
from sim.library import find_record
from sim.record import Record, read_record

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
