"""The recorder: other tools read what it writes, power cuts and full disks cost little."""

from __future__ import annotations

import os
import shutil
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import edfio
import numpy as np
import pytest

from ecgmon.monitor.core.events import Alarm, Beat, BeatRevision, Event, RhythmChange, SampleBlock
from ecgmon.monitor.outputs.recorder import RecorderOutput
from ecgmon.monitor.recorder.disk import DiskGuard
from ecgmon.monitor.recorder.recorder import RETRY_S, Recorder
from ecgmon.monitor.recorder.settings import RecorderSettings
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.sim.synthetic import Episode, SyntheticSettings, synthesise

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import wfdb

FS = 360.0
START = 1_800_000_000.0


class Clock:
    """Both clocks; they go on with the signal."""

    def __init__(self) -> None:
        self.now = 0.0

    def wall(self) -> float:
        return START + self.now

    def steady(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def settings(folder: Path, **changes: Any) -> RecorderSettings:
    return RecorderSettings(**{"folder": folder, "segment_s": 60, "flush_s": 1, "free_mb": 0, **changes})


def signal(start: int, length: int) -> np.ndarray:
    index = np.arange(start, start + length)
    return np.vstack([np.sin(index / 50), 0.5 * np.cos(index / 30)])


def feed(
    recorder: Recorder, clock: Clock, first_s: float, last_s: float, events: tuple[Event, ...] = ()
) -> None:
    """Feed seconds of a known signal, events as they become known."""
    for second in np.arange(first_s, last_s):
        start = round(second * FS)
        clock.now = float(second) + 1
        recorder.take(SampleBlock(signal(start, 360), start, FS, "ecg", ("I", "II")))
        recorder.events([event for event in events if start <= event.known_at < start + 360])


def beat(second: float, symbol: str = "N") -> Beat:
    at = round(second * FS)
    return Beat(
        sample=at,
        time_s=second,
        known_at=at + 200,
        symbol=symbol,
        aami="N",
        probabilities={},
        r_known_at=at,
        rr_s=None,
        quality=1.0,
    )


def alarm(second: float, **changes: Any) -> Alarm:
    at = round(second * FS)
    place = {"sample": at, "time_s": second, "known_at": at}
    rest = {"kind": "asystole", "priority": "high", "state": "active", "message": "No beat"}
    return Alarm(**{**place, **rest, **changes})


def segments(folder: Path) -> list[Path]:
    return sorted(p.with_suffix("") for p in (folder / "ecg" / "signal").glob("*.hea"))


def strips(folder: Path) -> list[Path]:
    return sorted(p.with_suffix("") for p in (folder / "ecg" / "alarms").glob("*.hea"))


def intact(path: Path) -> bool:
    """Tell whether the checksums of a record's header are those of its samples."""
    record = wfdb.rdrecord(str(path), physical=False)
    return record.checksum == record.calc_checksum()


def test_a_segment_is_read_by_wfdb_as_it_was_recorded(tmp_path, clock):
    recorder = Recorder(settings(tmp_path), clock.wall, clock.steady)
    recorder.open()
    rhythm = RhythmChange(sample=720, time_s=2.0, known_at=1500, rhythm="AFIB")
    feed(recorder, clock, 0, 30, (beat(1.0), beat(5.0, "V"), rhythm))
    recorder.close()
    (path,) = segments(tmp_path)
    record = wfdb.rdrecord(str(path))
    assert record.sig_name == ["I", "II"]
    assert record.fs == FS
    assert record.base_datetime == datetime.fromtimestamp(START + 1, UTC).replace(tzinfo=None)
    np.testing.assert_allclose(record.p_signal.T, signal(0, 10_800), atol=5.1e-4)
    assert intact(path)
    notes = wfdb.rdann(str(path), "ecgmon")
    assert list(zip(notes.sample, notes.symbol, notes.aux_note, strict=True)) == [
        (360, "N", ""),
        (720, "+", "(AFIB"),
        (1800, "V", ""),
    ]


def test_a_beat_whose_class_was_revised_is_annotated_with_the_final_one(tmp_path, clock):
    recorder = Recorder(settings(tmp_path), clock.wall, clock.steady)
    recorder.open()
    revision = BeatRevision(
        sample=360, time_s=1.0, known_at=900, was="N", symbol="V", aami="V", probabilities={}
    )
    feed(recorder, clock, 0, 10, (beat(1.0), beat(2.0), revision))
    recorder.close()
    assert wfdb.rdann(str(segments(tmp_path)[0]), "ecgmon").symbol == ["V", "N"]


def test_segments_follow_each_other_without_a_hole(tmp_path, clock):
    recorder = Recorder(settings(tmp_path, segment_s=10), clock.wall, clock.steady)
    recorder.open()
    feed(recorder, clock, 0, 35, (beat(9.9), beat(10.1)))
    recorder.close()
    records = [wfdb.rdrecord(str(path)) for path in segments(tmp_path)]
    records.sort(key=lambda record: int(record.record_name.rsplit("_")[-1]))
    assert [record.sig_len for record in records] == [3600, 3600, 3600, 1800]
    whole = np.concatenate([record.p_signal for record in records])
    np.testing.assert_allclose(whole.T, signal(0, 12_600), atol=5.1e-4)
    by_start = sorted(segments(tmp_path), key=lambda path: int(path.name.rsplit("_")[-1]))
    marks = [wfdb.rdann(str(path), "ecgmon").sample.tolist() for path in by_start[:2]]
    assert marks == [[round(9.9 * FS)], [round(10.1 * FS) - 3600]]


def test_lost_samples_are_recorded_as_missing(tmp_path, clock):
    recorder = Recorder(settings(tmp_path), clock.wall, clock.steady)
    recorder.open()
    feed(recorder, clock, 0, 5)
    feed(recorder, clock, 8, 10)
    recorder.close()
    (path,) = segments(tmp_path)
    samples = wfdb.rdrecord(str(path)).p_signal
    assert samples.shape == (3600, 2)
    assert np.isnan(samples[1800:2880]).all()
    assert np.isfinite(np.delete(samples, range(1800, 2880), axis=0)).all()


def test_a_growing_segment_is_readable_up_to_its_last_flush(tmp_path, clock):
    recorder = Recorder(settings(tmp_path, flush_s=2), clock.wall, clock.steady)
    recorder.open()
    feed(recorder, clock, 0, 21, (beat(3.0),))
    copy = tmp_path / "after the power cut"
    shutil.copytree(tmp_path / "ecg", copy / "ecg")
    (path,) = segments(copy)
    record = wfdb.rdrecord(str(path))
    assert record.sig_len >= 19 * 360
    np.testing.assert_allclose(record.p_signal.T, signal(0, record.sig_len), atol=5.1e-4)
    assert wfdb.rdann(str(path), "ecgmon").sample.tolist() == [1080]
    recorder.close()


def test_a_restart_completes_what_a_power_cut_left(tmp_path, clock):
    recorder = Recorder(settings(tmp_path), clock.wall, clock.steady)
    recorder.open()
    feed(recorder, clock, 0, 10)
    copy = tmp_path / "after the power cut"
    shutil.copytree(tmp_path / "ecg", copy / "ecg")
    recorder.close()
    (path,) = segments(copy)
    with path.with_suffix(".dat").open("ab") as stream:
        stream.write(b"\x01\x02\x03")
    Recorder(settings(copy), clock.wall, clock.steady).open()
    assert wfdb.rdheader(str(path)).sig_name == ["I", "II"]
    assert intact(path)
    assert path.with_suffix(".dat").stat().st_size % 4 == 0


def test_a_strip_shows_the_alarm_with_thirty_seconds_around_it(tmp_path, clock):
    recorder = Recorder(settings(tmp_path, edf=True, signal=False), clock.wall, clock.steady)
    recorder.open()
    feed(recorder, clock, 0, 100, (beat(35.0), alarm(50.0), beat(70.0, "V")))
    (path,) = strips(tmp_path)
    record = wfdb.rdrecord(str(path))
    np.testing.assert_allclose(record.p_signal.T, signal(20 * 360, 60 * 360), atol=5.1e-4)
    notes = wfdb.rdann(str(path), "ecgmon")
    assert notes.sample.tolist() == [15 * 360, 30 * 360, 50 * 360]
    assert notes.aux_note[1] == "asystole: No beat"
    edf = edfio.read_edf(path.with_suffix(".edf"))
    assert [s.label for s in edf.signals] == ["ECG I", "ECG II"]
    np.testing.assert_allclose(edf.signals[0].data, signal(7200, 21_600)[0], atol=1e-3)
    assert [(a.onset, a.text) for a in edf.annotations][1] == (30.0, '" asystole: No beat')
    assert edf.patient.name == "X"
    recorder.close()


def test_alarms_shortly_after_each_other_each_get_their_strip(tmp_path, clock):
    recorder = Recorder(settings(tmp_path), clock.wall, clock.steady)
    recorder.open()
    feed(recorder, clock, 0, 100, (alarm(40.0), alarm(45.0, kind="pause", priority="medium")))
    recorder.close()
    assert [wfdb.rdrecord(str(path)).sig_len for path in strips(tmp_path)] == [21_600, 21_600]


def test_technical_low_and_ending_alarms_get_no_strip(tmp_path, clock):
    recorder = Recorder(settings(tmp_path), clock.wall, clock.steady)
    recorder.open()
    others = (
        alarm(40.0, technical=True, priority="medium"),
        alarm(41.0, priority="low"),
        alarm(42.0, state="inactive"),
        alarm(43.0, escalation=1),
    )
    feed(recorder, clock, 0, 100, others)
    recorder.close()
    assert strips(tmp_path) == []


def test_the_end_of_the_signal_cuts_a_strip_short(tmp_path, clock):
    recorder = Recorder(settings(tmp_path), clock.wall, clock.steady)
    recorder.open()
    feed(recorder, clock, 0, 50, (alarm(45.0),))
    recorder.close()
    (path,) = strips(tmp_path)
    assert wfdb.rdrecord(str(path)).sig_len == 35 * 360


def test_a_change_of_rate_begins_a_new_segment(tmp_path, clock):
    recorder = Recorder(settings(tmp_path), clock.wall, clock.steady)
    recorder.open()
    feed(recorder, clock, 0, 5)
    recorder.take(SampleBlock(np.zeros((2, 250)), 1250, 250.0, "ecg", ("I", "II")))
    recorder.close()
    assert sorted(wfdb.rdheader(str(path)).fs for path in segments(tmp_path)) == [250, 360]


def test_the_oldest_signal_goes_first_and_strips_stay(tmp_path, clock):
    free = [10_000_000]
    guard = DiskGuard(tmp_path, keep_mb=None, free_mb=1, free=lambda _: free[0])
    recorder = Recorder(settings(tmp_path, segment_s=10), clock.wall, clock.steady, guard)
    recorder.open()
    feed(recorder, clock, 0, 95, (alarm(40.0),))
    assert len(segments(tmp_path)) == 10
    for age, path in enumerate(sorted(segments(tmp_path), key=lambda p: int(p.name.rsplit("_")[-1]))):
        os.utime(path.with_suffix(".dat"), (age, age))
    free[0] = 0
    feed(recorder, clock, 95, 105)
    assert segments(tmp_path) == []
    assert recorder.problem == "The disk is full: the signal is not recorded"
    assert len(strips(tmp_path)) == 1
    free[0] = 10_000_000
    feed(recorder, clock, 105, 230)
    assert recorder.problem is None
    assert segments(tmp_path)
    recorder.close()


def test_strips_stay_within_their_size_and_the_newest_are_kept(tmp_path, clock):
    limits = {"signal": False, "keep_strips_mb": 1, "edf": True}
    recorder = Recorder(settings(tmp_path, **limits), clock.wall, clock.steady)
    recorder.open()
    for second in range(60, 2460, 120):
        feed(recorder, clock, second, second + 120, (alarm(second + 60.0),))
    kept = sorted(int(path.name.rsplit("_")[-1]) for path in strips(tmp_path))
    recorder.close()
    folder = tmp_path / "ecg" / "alarms"
    assert sum(path.stat().st_size for path in folder.glob("*.dat")) < 1_200_000
    assert kept[-1] > 2300 * 360
    assert kept[0] > 120 * 360
    assert len(list(folder.glob("*.edf"))) == len(strips(tmp_path))


def test_recordings_stay_within_their_size(tmp_path, clock):
    recorder = Recorder(settings(tmp_path, segment_s=100, keep_mb=1, flush_s=60), clock.wall, clock.steady)
    recorder.open()
    feed(recorder, clock, 0, 1500)
    recorder.close()
    size = sum(path.stat().st_size for path in (tmp_path / "ecg" / "signal").iterdir())
    assert 600_000 < size < 1_300_000


def test_a_disk_that_fails_is_told_and_tried_again(tmp_path, clock):
    folder = tmp_path / "sd"
    recorder = Recorder(settings(folder), clock.wall, clock.steady)
    recorder.open()
    feed(recorder, clock, 0, 5)
    recorder.close()
    shutil.rmtree(folder)
    folder.write_text("in the way")
    feed(recorder, clock, 5, 7)
    assert recorder.problem is not None
    folder.unlink()
    feed(recorder, clock, 7, 9 + RETRY_S)
    assert recorder.problem is None
    recorder.close()
    assert len(segments(folder)) == 1


def test_the_output_records_in_its_own_thread(tmp_path):
    with RecorderOutput(settings(tmp_path)) as output:
        for second in range(20):
            start = second * 360
            output.take(SampleBlock(signal(start, 360), start, FS, "ecg", ("I", "II")))
            output.write([beat(second + 0.5)])
        assert output.problem is None
    (path,) = segments(tmp_path)
    assert wfdb.rdrecord(str(path)).sig_len == 7200
    assert len(wfdb.rdann(str(path), "ecgmon").sample) == 20


def test_changes_of_a_device_begin_new_records_with_the_annotations_that_belong_there(tmp_path):
    """Through the loop: rate, then leads; beats of the end of the old rate stay in the old record."""
    output = RecorderOutput(settings(tmp_path))
    monitor = Monitor(MonitorSettings(), [], [output])
    with output:
        for fs_hz, leads, first_s in ((250.0, ("II",), 0), (500.0, ("II",), 10), (500.0, ("V", "II"), 20)):
            heart = synthesise([Episode(seconds=30)], SyntheticSettings(fs_hz=fs_hz)).samples_mv
            for second in range(first_s, first_s + 10):
                start = round(second * fs_hz)
                rows = np.tile(heart[start : start + round(fs_hz)], (len(leads), 1))
                monitor._feed(SampleBlock(rows, start, fs_hz, "ecg", leads), live=True)
    records = sorted(segments(tmp_path), key=lambda path: int(path.name.rpartition("_")[2]))
    headers = [wfdb.rdheader(str(path)) for path in records]
    assert [(header.fs, header.sig_len, header.sig_name) for header in headers] == [
        (250, 2500, ["II"]),
        (500, 5000, ["II"]),
        (500, 5000, ["II", "V"]),
    ]
    for path, header in zip(records, headers, strict=True):
        beats = wfdb.rdann(str(path), "ecgmon").sample
        assert 10 <= len(beats) <= 15
        assert max(beats) < header.sig_len
