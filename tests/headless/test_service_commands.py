"""The commands around the service: status, doctor, install-service."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ecgmon.monitor.cli import main
from ecgmon.monitor.headless.doctor import examine
from ecgmon.monitor.headless.unit import CONFIG_PATH, UNIT_PATH, unit_text
from ecgmon.monitor.run.settings import load_settings


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "ecgmon.toml"
    path.write_text(
        f"""
sources = ["replay:207?speed=1"]
[replay]
speed = 1.0
[outputs.store]
address = "{tmp_path}/events.db"
[outputs.recorder]
folder = "{tmp_path}/recordings"
flush_s = 1.0
[service]
socket = "{tmp_path}/run/ecgmon.sock"
state = "{tmp_path}/state.json"
"""
    )
    return path


def test_the_service_starts_answers_and_leaves_clean_files(config, tmp_path, capsys):
    begin = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "ecgmon", "run", "--config", str(config)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    path = str(tmp_path / "run" / "ecgmon.sock")
    beats = 0
    while beats < 2 and time.monotonic() - begin < 60:
        time.sleep(0.2)
        if main(["status", "--socket", path, "--json"]) == 0:
            report = json.loads(capsys.readouterr().out)
            beats = sum(device["beats"] for device in report["devices"].values())
    assert beats >= 2
    assert main(["status", "--socket", path]) == 0
    assert re.search(r"207: streaming, 360 Hz, .*beats \d", capsys.readouterr().out)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert b"Traceback" not in errors
    assert main(["events", "--config", str(config), "--kind", "minute"]) == 0
    assert "minute" in capsys.readouterr().out
    assert len(list((tmp_path / "recordings" / "207" / "signal").glob("*.hea"))) == 1


def test_doctor_finds_nothing_wrong_with_a_good_set_up(config, capsys):
    assert main(["doctor", "--config", str(config)]) == 0
    out = capsys.readouterr().out
    assert "no faults found" in out
    assert "model" in out


def test_doctor_says_what_is_wrong_and_how_to_mend_it(tmp_path, capsys):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    path = tmp_path / "ecgmon.toml"
    path.write_text(
        f"""
sources = ["serial:/dev/ttyNOTHERE?device=cyton"]
[outputs.store]
address = "{in_the_way}/deeper/events.db"
[outputs.mqtt]
host = "127.0.0.1"
port = {port}
"""
    )
    assert main(["doctor", "--config", str(path)]) == 1
    out = capsys.readouterr().out
    assert "FAULT    source: /dev/ttyNOTHERE is not there" in out
    assert f"FAULT    MQTT: 127.0.0.1:{port} does not answer" in out
    assert "FAULT    event store" in out
    assert "3 faults found" in out


def test_doctor_warns_when_nobody_is_told(config):
    warnings = [f for f in examine(load_settings(config)) if f.verdict == "warning"]
    assert "nobody outside this machine is told" in [finding.text for finding in warnings]


def test_doctor_changes_nothing(config, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    list(examine(load_settings(config)))
    assert sorted(tmp_path.rglob("*")) == before


def test_the_service_is_installed_with_settings_that_stay(config, tmp_path, capsys):
    root = tmp_path / "root"
    assert main(["install-service", "--root", str(root), "--config", str(config)]) == 0
    assert (root / CONFIG_PATH).read_text() == config.read_text()
    assert "ExecStart=" in (root / UNIT_PATH).read_text()
    (root / CONFIG_PATH).write_text("# mine\n")
    assert main(["install-service", "--root", str(root)]) == 0
    assert (root / CONFIG_PATH).read_text() == "# mine\n"
    assert "stays as it is" in capsys.readouterr().out


def test_the_settings_that_a_new_service_begins_with_are_valid(tmp_path):
    assert main(["install-service", "--root", str(tmp_path)]) == 0
    assert load_settings(tmp_path / CONFIG_PATH).outputs.store is not None


def test_a_unit_that_cannot_be_written_is_one_clear_line(tmp_path, capsys):
    (tmp_path / "etc").write_text("in the way")
    assert main(["install-service", "--root", str(tmp_path)]) == 8
    assert "Try again with sudo" in capsys.readouterr().err


HARDENING = ("DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=\n")


def test_the_unit_exposes_little(tmp_path):
    unit = tmp_path / "ecgmon.service"
    unit.write_text(unit_text(command="/bin/true"))
    assert [line for line in HARDENING if line not in unit.read_text()] == []
    analyze = shutil.which("systemd-analyze")
    if analyze is not None:
        command = [analyze, "security", "--offline=true", "--no-pager", str(unit)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        level = re.search(r"exposure level for ecgmon.service: ([\d.]+)", answer.stdout)
        assert level is not None, answer.stdout + answer.stderr
        assert float(level[1]) <= 3.0
