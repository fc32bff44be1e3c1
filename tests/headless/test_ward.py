"""Several processes serve one ward: every device once, one that dies is started again, one answer to all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ecgmon.monitor.cli import main
from ecgmon.monitor.core.errors import UsageError
from ecgmon.monitor.headless.control import ask
from ecgmon.monitor.headless.sharing import joined, part_of, useful_workers
from ecgmon.monitor.ingest.live_settings import MqttSettings
from ecgmon.monitor.run.settings import MonitorSettings

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def settings(**more: Any) -> MonitorSettings:
    sources = ["replay:100", "replay:200", "mqtt://localhost/ecg/+/raw", "replay:207"]
    return MonitorSettings.model_validate({"sources": sources, "service": {"workers": 2}, **more})


def test_sources_are_dealt_out_and_brokers_shared():
    first, second = (part_of(settings(), place, 2) for place in range(2))
    assert first.sources == ("replay:100", "replay:207", "mqtt://localhost/ecg/+/raw")
    assert second.sources == ("replay:200", "mqtt://localhost/ecg/+/raw")
    assert [(part.mqtt.part, part.mqtt.parts) for part in (first, second)] == [(0, 2), (1, 2)]


def test_topics_enough_for_all_workers_are_dealt_out_and_nobody_hears_too_much():
    sources = ["mqtt://h/ward1/+", "replay:100", "mqtt://h/ward2/+", "mqtt://h/ward3/+"]
    whole = MonitorSettings.model_validate({"sources": sources, "service": {"workers": 2}})
    parts = [part_of(whole, place, 2) for place in range(2)]
    assert sorted(source for part in parts for source in part.sources) == sorted(sources)
    assert [len(part.sources) for part in parts] == [2, 2]
    assert {part.mqtt.parts for part in parts} == {1}


def test_files_and_topics_that_cannot_be_shared_are_each_workers_own(tmp_path):
    outputs = {
        "store": {"address": "events.db"},
        "recorder": {"folder": tmp_path, "keep_mb": 100},
        "mqtt": {},
        "events": tmp_path / "events.jsonl",
    }
    parts = [part_of(settings(outputs=outputs), place, 2) for place in range(2)]
    assert len({part.outputs.store.address for part in parts}) == 1
    for own in (
        [part.outputs.recorder.folder for part in parts],
        [part.outputs.mqtt.status for part in parts],
        [part.outputs.events for part in parts],
        [part.service.socket for part in parts],
        [part.service.state for part in parts],
    ):
        assert len(set(own)) == 2
    assert [part.outputs.recorder.keep_mb for part in parts] == [50, 50]


def test_pins_cannot_be_shared():
    with pytest.raises(UsageError, match="one process only"):
        part_of(settings(outputs={"gpio": {}}), 0, 2)


def test_no_worker_is_started_for_nothing():
    assert useful_workers(MonitorSettings(sources=("replay:100",), service={"workers": 4})) == 1
    assert useful_workers(MonitorSettings(sources=("mqtt://h/e/+",), service={"workers": 4})) == 4
    assert useful_workers(MonitorSettings(sources=("replay:100", "replay:200"))) == 1


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_every_device_behind_a_broker_belongs_to_one_part_and_the_parts_are_alike(parts):
    shares = [MqttSettings(part=part, parts=parts) for part in range(parts)]
    owners = [[share.is_ours(f"bed-{bed}") for share in shares] for bed in range(700)]
    assert all(sum(row) == 1 for row in owners)
    sizes = [sum(column) for column in zip(*owners, strict=True)]
    assert min(sizes) > 0.7 * 700 / parts


def test_a_part_of_a_part_stays_within_it():
    whole = settings(mqtt={"part": 1, "parts": 3})
    parts = [part_of(whole, place, 2).mqtt for place in range(2)]
    for bed in range(200):
        ours, *workers = (mqtt.is_ours(f"bed-{bed}") for mqtt in (whole.mqtt, *parts))
        assert sum(workers) == ours


@pytest.mark.parametrize("workers", ["0", "65", "-1"])
def test_a_senseless_number_of_workers_is_refused(workers, capsys):
    assert main(["run", "--source", "replay:100", "--workers", workers]) == 3
    assert "workers" in capsys.readouterr().err


def test_reports_become_one():
    def report(**more: Any) -> dict[str, Any]:
        base = {"version": "1", "pid": 1, "uptime_s": 5.0, "memory_mb": 100.0, "core_share": 0.25}
        return {**base, "signal_s": 10.0, "devices": {}, "awaited": {}, "problems": {}, **more}

    whole = joined(
        [report(devices={"b": {}}, problems={"storage_full": "full"}), report(devices={"a": {}})], [2]
    )
    assert list(whole["devices"]) == ["a", "b"]
    assert (whole["memory_mb"], whole["core_share"], whole["signal_s"]) == (200.0, 0.5, 20.0)
    assert whole["problems"]["storage_full"] == "full"
    assert "Worker 2 does not answer" in whole["problems"]["worker"]
    assert [worker["devices"] for worker in whole["workers"]] == [1, 1]


class Service:
    """A ward in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "ward.sock"
        config = folder / "ward.toml"
        config.write_text(
            f"""
sources = ["replay:100", "replay:200", "replay:207"]
[replay]
speed = 1.0
[outputs]
console = "quiet"
[outputs.store]
address = "{folder}/events.db"
[service]
workers = 2
socket = "{self.socket}"
state = "{folder}/state.json"
"""
        )
        self.config = config
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ecgmon", "run", "--config", str(config)],
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def status(self) -> dict[str, Any]:
        return ask(self.socket, {"do": "status"})

    def until(self, so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                report = self.status()
            except Exception:
                report = None
            if report is not None and so(report):
                return report
            time.sleep(0.2)
        raise AssertionError("it never was so")

    def pids(self) -> list[int]:
        return [worker["pid"] for worker in self.status()["workers"]]


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    yield service
    service.process.kill()
    service.process.communicate()


def whole(report: dict[str, Any]) -> bool:
    return sorted(report["devices"]) == ["100", "200", "207"] and not report["problems"]


def test_a_ward_answers_as_one_and_ends_cleanly(ward, capsys):
    ward.until(lambda report: whole(report) and all(d["beats"] > 1 for d in report["devices"].values()))
    assert main(["status", "--socket", str(ward.socket)]) == 0
    shown = capsys.readouterr().out
    assert "3 devices" in shown
    assert "a device)" in shown
    assert shown.count("worker ") == 2
    assert main(["silence", "--socket", str(ward.socket), "--device", "207", "--seconds", "5"]) == 0
    assert main(["silence", "--socket", str(ward.socket), "--device", "nobody", "--seconds", "5"]) == 7
    assert "No device nobody is heard" in capsys.readouterr().err
    ward.config.write_text(ward.config.read_text() + "[alarms.asystole]\nlimit_s = 5.5\n")
    ward.process.send_signal(signal.SIGHUP)
    time.sleep(1.0)
    ward.process.send_signal(signal.SIGTERM)
    _, errors = ward.process.communicate(timeout=30)
    assert ward.process.returncode == 0, errors
    assert "Traceback" not in errors
    assert main(["events", "--config", str(ward.config), "--kind", "settings", "--format", "json"]) == 0
    changed = [json.loads(line)["device"] for line in capsys.readouterr().out.splitlines()]
    assert sorted(changed) == ["100", "200", "207"]


def test_a_worker_that_dies_is_started_again_and_the_others_go_on(ward):
    ward.until(whole)
    first, second = ward.pids()
    os.kill(first, signal.SIGKILL)
    report = ward.until(lambda report: whole(report) and report["workers"][0]["pid"] not in (first, second))
    assert report["workers"][1]["pid"] == second


def test_workers_end_when_nobody_looks_after_them(ward):
    ward.until(whole)
    pids = ward.pids()
    ward.process.kill()
    end = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < end:
        time.sleep(0.2)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_ward_whose_sources_end_ends(tmp_path):
    config = tmp_path / "c.toml"
    config.write_text(
        f'sources = ["replay:100", "replay:200"]\n[replay]\nspeed = "max"\n'
        f'[service]\nworkers = 2\nsocket = "{tmp_path}/s"\nstate = "{tmp_path}/state.json"\n'
    )
    command = [sys.executable, "-m", "ecgmon", "run", "--config", str(config), "--duration", "5"]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
