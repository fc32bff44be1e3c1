"""JSON lines: one object an event, soon on disk, and never torn."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.events import Alarm, Beat, Event
from ecgmon.monitor.outputs.jsonl import STANDARD_OUTPUT, JsonLinesOutput

ALARM = Alarm(
    sample=720,
    time_s=2.0,
    known_at=1000,
    device="200",
    kind="asystole",
    priority="high",
    state="active",
    message="No beat for 4 s",
)
BEAT = Beat(
    sample=360,
    time_s=1.0000004,
    known_at=550,
    device="200",
    symbol="V",
    aami="V",
    probabilities={"V": np.float64(0.75), "N": np.float64(0.25)},
    r_known_at=430,
    rr_s=0.8,
    quality=0.9,
    attribution=np.zeros(360, dtype=np.float32),
)


def test_every_event_is_a_line_with_its_type(tmp_path: Path) -> None:
    with JsonLinesOutput(tmp_path / "deep" / "events.jsonl") as output:
        output.write([BEAT, ALARM])
    rows = [json.loads(line) for line in (tmp_path / "deep" / "events.jsonl").read_text().splitlines()]
    assert rows[0] == {
        "type": "beat",
        "sample": 360,
        "time_s": 1.0,
        "known_at": 550,
        "device": "200",
        "symbol": "V",
        "aami": "V",
        "probabilities": {"V": 0.75, "N": 0.25},
        "r_known_at": 430,
        "rr_s": 0.8,
        "quality": 0.9,
    }
    assert (rows[1]["type"], rows[1]["kind"], rows[1]["state"]) == ("alarm", "asystole", "active")


def test_lines_can_be_followed_while_the_run_goes_on(tmp_path: Path) -> None:
    now = [10.0]
    with JsonLinesOutput(tmp_path / "events.jsonl", now=lambda: now[0]) as output:
        output.write([BEAT])
        output.write([BEAT])
        now[0] += 0.6
        output.write([ALARM])
        assert len((tmp_path / "events.jsonl").read_text().splitlines()) == 3


def test_standard_output_takes_the_same_lines(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with JsonLinesOutput(STANDARD_OUTPUT) as output:
        output.write([BEAT, ALARM])
    assert [json.loads(line)["type"] for line in capfdbinary.readouterr().out.splitlines()] == [
        "beat",
        "alarm",
    ]


def write_much(path: Path, event: Event) -> None:
    with JsonLinesOutput(path, now=iter(range(1000)).__next__) as output:
        for _ in range(100):
            output.write([event])


def test_a_full_disk_leaves_whole_lines_under_another_name(tmp_path: Path, small_disk) -> None:
    with small_disk(), pytest.raises(OutputError, match=r"events\.jsonl: File too large"):
        write_much(tmp_path / "events.jsonl", BEAT)
    assert [path.name for path in tmp_path.iterdir()] == ["events.jsonl.incomplete"]
    text = (tmp_path / "events.jsonl.incomplete").read_text()
    assert text.endswith("\n")
    assert all(json.loads(line)["type"] == "beat" for line in text.splitlines())


def test_a_full_device_is_one_error() -> None:
    with pytest.raises(OutputError, match="No space left on device"):
        write_much(Path("/dev/full"), BEAT)


def fail_after_a_beat(path: Path) -> None:
    with JsonLinesOutput(path) as output:
        output.write([BEAT])
        raise RuntimeError("the source died")


def test_a_run_that_fails_leaves_no_file_that_looks_whole(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="died"):
        fail_after_a_beat(tmp_path / "events.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["events.jsonl.incomplete"]


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="Is a directory"), JsonLinesOutput(tmp_path):
        pass


def test_the_first_event_does_not_wait_behind_blocks_without_events(tmp_path: Path) -> None:
    seconds = [10.0]
    path = tmp_path / "events.jsonl"
    with JsonLinesOutput(path, now=lambda: seconds[0]) as output:
        output.write([])
        seconds[0] += 0.01
        output.write([BEAT])
        assert len(path.read_bytes().splitlines()) == 1
        seconds[0] += 0.01
        output.write([ALARM])
        assert len(path.read_bytes().splitlines()) == 1, "lines that follow at once are gathered"
        seconds[0] += 1.0
        output.write([])
        assert len(path.read_bytes().splitlines()) == 2, "and wait no longer than the interval"
