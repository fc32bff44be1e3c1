"""What was learned of a patient outlives the program, and nothing that does not fit is taken up."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgmon.monitor.core.events import Beat, RhythmChange, SampleBlock
from ecgmon.monitor.headless.patient_memory import PatientMemory, _to_plain
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.monitor.run.stream import Stream
from ecgmon.sim.devices.signal import record_signal

FS = 360.0
PATIENT = record_signal("207", FS, duration_s=120.0)


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path, clock: Clock) -> PatientMemory:
    return PatientMemory(tmp_path / "learned", every_s=30, fresh_s=600, wall=clock, steady=clock)


def stream_after(seconds: float, device: str = "bed-1") -> Stream:
    stream = Stream(device, FS)
    stream.process(block(0, seconds, device))
    return stream


def block(from_s: float, to_s: float, device: str = "bed-1") -> SampleBlock:
    first, last = round(from_s * FS), round(to_s * FS)
    return SampleBlock(PATIENT[None, first:last], first, FS, device)


def beats(events: list[Any]) -> list[Beat]:
    return [replace(event, attribution=None) for event in events if isinstance(event, Beat)]


def same(a: Any, b: Any) -> bool:
    return json.dumps(a, default=_to_plain) == json.dumps(b, default=_to_plain)


def test_what_was_learned_comes_back_to_the_last_bit(folder):
    stream = stream_after(60)
    folder.save_all({"bed-1": stream})
    learned = folder.load("bed-1")
    assert learned is not None
    assert learned.pop("away_s") == 0.0
    assert same(learned, stream.pipeline.patient_memory())


def test_a_restart_goes_on_as_if_there_had_been_only_a_gap(folder):
    before = stream_after(60)
    folder.save_all({"bed-1": before})
    after = Stream("bed-1", FS)
    after.pipeline.remember(folder.load("bed-1"))
    gap = beats([*before.process(block(72, 120)), *before.finish()])
    restart = beats([*after.process(block(72, 120)), *after.finish()])
    known = [beat for beat in gap if beat.sample >= 72 * FS]
    assert [beat.sample for beat in restart] == [beat.sample for beat in known]
    assert [beat.probabilities for beat in restart] == [beat.probabilities for beat in known]
    fresh = Stream("bed-1", FS)
    unaware = beats([*fresh.process(block(72, 120)), *fresh.finish()])
    assert [beat.probabilities for beat in unaware] != [beat.probabilities for beat in known]


def rhythms(events: list[Any]) -> list[tuple[str, int]]:
    return [(event.rhythm, event.sample) for event in events if isinstance(event, RhythmChange)]


@pytest.fixture(scope="module")
def sinus() -> Any:
    return record_signal("100", FS, duration_s=70.0)


def after_a_minute(sinus: Any) -> Stream:
    stream = Stream("bed-1", FS)
    assert rhythms(stream.process(SampleBlock(sinus[None, : round(60 * FS)], 0, FS, "bed-1")))[0][0] == "N"
    return stream


@pytest.mark.parametrize("first_s", [0, 62, 500])
def test_the_rhythm_goes_on_over_a_restart_wherever_its_samples_begin(sinus, first_s):
    stream = Stream("bed-1", FS)
    stream.pipeline.remember(after_a_minute(sinus).pipeline.patient_memory(), away_s=2.0)
    first = round(first_s * FS)
    assert rhythms(stream.process(SampleBlock(sinus[None, -720:], first, FS, "bed-1"))) == [("N", first)]


def test_a_rhythm_of_long_ago_is_not_believed(sinus):
    stream = Stream("bed-1", FS)
    stream.pipeline.remember(after_a_minute(sinus).pipeline.patient_memory(), away_s=500.0)
    assert rhythms(stream.process(SampleBlock(sinus[None, -720:], 0, FS, "bed-1"))) == []


def test_what_is_old_is_forgotten_for_another_may_wear_the_device(folder, clock):
    folder.save_all({"bed-1": stream_after(10)})
    clock.now += 601
    assert folder.load("bed-1") is None
    clock.now -= 2 * 601
    assert folder.load("bed-1") is None


def test_files_of_devices_long_gone_are_deleted(folder, clock, tmp_path):
    folder.save_all({"bed-1": stream_after(5)})
    clock.now = next((tmp_path / "learned").iterdir()).stat().st_mtime + 599
    folder.forget_old()
    assert len(list((tmp_path / "learned").iterdir())) == 1
    clock.now += 2
    folder.forget_old()
    assert list((tmp_path / "learned").iterdir()) == []


def test_files_are_written_when_due_and_a_tenth_at_a_time(folder, clock, tmp_path):
    stream = stream_after(5)
    streams = {f"bed-{number}": stream for number in range(20)}
    folder.save(streams)
    assert not (tmp_path / "learned").exists()
    counts = []
    for _ in range(8):
        clock.now += 30 if not counts else 0
        folder.save(streams)
        counts.append(len(list((tmp_path / "learned").iterdir())))
    assert counts == [3, 6, 9, 12, 15, 18, 20, 20]


@pytest.mark.parametrize("name", ["..", ".", "a/b", "../../etc/passwd", "bed 1", "Bett-ä"])
def test_no_name_of_a_device_leads_out_of_the_folder(folder, tmp_path, name):
    folder.save_all({name: stream_after(2, name)})
    assert [path.parent for path in tmp_path.rglob("*.json")] == [tmp_path / "learned"]
    assert folder.load(name) is not None


@pytest.mark.parametrize("damage", [b"", b"x", b"00000000\n{}", b"\xff\xfe"])
def test_a_damaged_file_is_left_aside(folder, tmp_path, damage, caplog):
    folder.save_all({"bed-1": stream_after(5)})
    (tmp_path / "learned" / "bed-1.json").write_bytes(damage)
    assert folder.load("bed-1") is None
    assert "is damaged" in caplog.text


def test_a_single_changed_byte_is_noticed(folder, tmp_path):
    folder.save_all({"bed-1": stream_after(5)})
    path = tmp_path / "learned" / "bed-1.json"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert folder.load("bed-1") is None


def test_what_another_model_learned_is_refused(caplog):
    source = stream_after(10)
    learned = {**source.pipeline.patient_memory(), "model": "another"}
    monitor = Monitor(MonitorSettings(), [])
    monitor.remember({}, lambda _: learned)
    with caplog.at_level(logging.WARNING):
        monitor._feed(block(0, 5), live=False)
    assert "begins without what was learned before" in caplog.text
    fresh = Stream("bed-1", FS)
    fresh.process(block(0, 5))
    assert same(monitor.streams["bed-1"].pipeline.patient_memory(), fresh.pipeline.patient_memory())


def test_a_damaged_memory_leaves_a_pipeline_as_new():
    stream = Stream("bed-1", FS)
    learned = stream_after(10).pipeline.patient_memory()
    learned["classifier"] = {"context": learned["classifier"]["context"]}
    with pytest.raises(ValueError, match=r"lacks.*memory"):
        stream.pipeline.remember(learned)
    assert same(stream.pipeline.patient_memory(), Stream("bed-1", FS).pipeline.patient_memory())


def test_a_disk_that_cannot_be_written_is_told_once(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    folder = PatientMemory(tmp_path / "file" / "learned", every_s=30, fresh_s=600)
    stream = stream_after(2)
    for _ in range(3):
        folder.save_all({"bed-1": stream})
    assert caplog.text.count("cannot be kept") == 1


def test_a_device_that_changes_its_rate_keeps_its_patient_and_its_alarms():
    monitor = Monitor(MonitorSettings(), [])
    flat = SampleBlock(np.zeros((1, 3600)), round(60 * FS), FS, "bed-1")
    monitor._feed(block(0, 60), live=True)
    monitor._feed(flat, live=True)
    stream = monitor.streams["bed-1"]
    latching = [alarm for alarm in stream.alarms.open_alarms() if alarm.priority == "high"]
    assert latching
    for second in range(3):
        monitor._feed(SampleBlock(np.zeros((1, 250)), 17500 + 250 * second, 250.0, "bed-1"), live=True)
    assert stream.fs_hz == 250.0
    open_now = [(alarm.kind, alarm.state) for alarm in stream.alarms.open_alarms()]
    assert set(open_now) >= {(alarm.kind, alarm.state) for alarm in latching}
    fresh = Stream("bed-1", 250.0).pipeline.patient_memory()["classifier"]
    assert not same(stream.pipeline.patient_memory()["classifier"], fresh)
