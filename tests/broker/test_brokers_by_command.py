"""A settings file and a command: beats through a guarded broker, and the exit code of each failure."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from certificates import Authority
from mosquitto import Mosquitto, free_port
from paho.mqtt.enums import CallbackAPIVersion
from ways_in import PASSWORD, USER

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))

from as_a_user import environment

PATIENCE_S = 60.0


def start(folder: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-m", "ecgmon", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    env = environment(XDG_STATE_HOME=str(folder / "state"))
    return subprocess.Popen(command, cwd=folder, text=True, env=env, **pipes)  # type: ignore[call-overload, no-any-return]


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=PATIENCE_S)
    return process.returncode, output


def settings_file(folder: Path, text: str) -> Path:
    path = folder / "my.toml"
    path.write_text(text)
    return path


def exit_of(command: str, folder: Path, broker: str, keys: str) -> tuple[int, str]:
    """Return exit code and output of a command that reads from, or carries to, a broker."""
    config = settings_file(folder, f"[mqtt]\n{keys}\n")
    if command == "run":
        return finish(
            start(folder, "run", "--config", config, "--headless", "--source", f"{broker}/ecg/+/raw")
        )
    arguments = ("--config", config, "--source", "replay:100?speed=max", "--broker", broker)
    return finish(start(folder, "bridge", *arguments))


@pytest.fixture(params=["run", "bridge"])
def command(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_wrong_password_ends_a_command_with_25(command: str, guarded: Mosquitto, tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("wr0ng")
    keys = f'user = "{USER}"\npassword = "file:pw"'
    code, output = exit_of(command, tmp_path, f"mqtt://127.0.0.1:{guarded.port}", keys)
    assert (code, "refuses user name or password" in output) == (25, True), output
    assert "wr0ng" not in output
    assert "Traceback" not in output


def test_an_expired_certificate_ends_a_command_with_26(
    command: str, expired: Mosquitto, authority: Authority, tmp_path: Path
) -> None:
    keys = f'ca_file = "{authority.file}"'
    code, output = exit_of(command, tmp_path, f"mqtts://127.0.0.1:{expired.port}", keys)
    assert (code, "certificate has expired" in output) == (26, True), output


def test_an_unknown_authority_ends_a_command_with_26(
    command: str, expired: Mosquitto, tmp_path: Path
) -> None:
    code, output = exit_of(command, tmp_path, f"mqtt://127.0.0.1:{expired.port}", "tls = true")
    assert (code, "is not trusted" in output) == (26, True), output


def test_no_broker_ends_a_run_with_27(tmp_path: Path) -> None:
    code, output = exit_of("run", tmp_path, f"mqtt://127.0.0.1:{free_port()}", "")
    assert (code, "There is no broker at 127.0.0.1" in output) == (27, True), output


def test_a_missing_secret_of_an_output_ends_a_run_with_3(tmp_path: Path) -> None:
    config = settings_file(tmp_path, '[outputs.mqtt]\nuser = "u"\npassword = "env:NOT_SET_AT_ALL"\n')
    code, output = finish(
        start(tmp_path, "run", "--config", config, "--headless", "--source", "replay:100?speed=max")
    )
    assert code == 3, output
    assert "outputs.mqtt.password: the environment variable NOT_SET_AT_ALL is not set" in output


def test_one_settings_file_carries_beats_through_a_guarded_broker(guarded: Mosquitto, tmp_path: Path) -> None:
    """Bridge to broker, broker to monitor, monitor to broker: the same keys, the secret beside the file."""
    (tmp_path / "secret").write_text(f"{PASSWORD}\n")
    keys = f'user = "{USER}"\npassword = "file:secret"\nport = {guarded.port}\nhost = "127.0.0.1"\n'
    config = settings_file(
        tmp_path, f'sources = ["mqtt:ecg/+/raw"]\n[mqtt]\n{keys}\n[outputs.mqtt]\n{keys}discovery = "ha"\n'
    )
    seen: dict[str, str] = {}
    listener = paho.Client(CallbackAPIVersion.VERSION2)
    listener.username_pw_set(USER, PASSWORD)
    listener.on_connect = lambda client, *_: client.subscribe("ecgmon/#")
    listener.on_message = lambda _client, _data, message: seen.update(
        {message.topic: message.payload.decode()}
    )
    listener.connect("127.0.0.1", guarded.port)
    listener.loop_start()
    monitor = start(tmp_path, "run", "--config", config, "--headless", "--quiet")
    bridge = None
    try:
        bridge = start(
            tmp_path,
            *("bridge", "--config", config, "--source", "replay:100?speed=4&device=bed1"),
            *("--broker", f"mqtt://127.0.0.1:{guarded.port}"),
        )
        end = time.monotonic() + PATIENCE_S
        while "ecgmon/bed1/hr" not in seen and time.monotonic() < end and bridge.poll() is None:
            time.sleep(0.1)
    finally:
        for process in (monitor, bridge):
            if process is not None:
                process.terminate()
                process.communicate(timeout=PATIENCE_S)
        listener.disconnect()
        listener.loop_stop()
    assert 60 < json.loads(seen["ecgmon/bed1/hr"])["bpm"] < 90
    assert seen["ecgmon/status"] in ("online", "offline")
