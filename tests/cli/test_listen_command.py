"""``ecgmon devices --listen``: what is printed, exit codes, Ctrl-C, and topics with evil names."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import paho.mqtt.client as paho
import pytest
from as_a_user import environment
from paho.mqtt.enums import CallbackAPIVersion

sys.path.insert(0, str(Path(__file__).parents[1] / "ingest"))

from mosquitto import BINARY, Mosquitto

from ecgmon.monitor.cli import main
from ecgmon.sim.devices.boards import BOARDS
from ecgmon.sim.devices.device import VirtualDevice
from ecgmon.sim.devices.pty import PtyDevice
from ecgmon.sim.devices.signal import record_signal, resampled


def ecg(seconds: float = 12.0) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return resampled(record_signal("100", 360.0, duration_s=seconds), 360.0, 250.0)


def test_a_capture_is_shown_with_what_reads_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capture = tmp_path / "it's a capture.txt"
    counts = np.round((ecg() / 3 + 0.5) * 4095).astype(int)
    capture.write_text("ECG,LO\n" + "".join(f"{n},0\n" for n in counts))
    assert main(["devices", "--listen", str(capture)]) == 0
    out = capsys.readouterr().out
    assert "ascii: lines of numbers" in out
    assert "R peaks a minute" in out
    assert "it looks like an ECG" in out
    assert "adc_max=4095" in out
    assert "[serial.options]" in out
    (typed,) = [line.strip() for line in out.splitlines() if "ecgmon run --source" in line]
    typed = typed.replace("ecgmon", f"{sys.executable} -m ecgmon", 1) + " --quiet"
    done = subprocess.run(
        ["sh", "-c", typed], env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "beats" in done.stdout
    assert main(["devices", "--json", "--listen", f"serial:{capture.as_posix().replace(' ', '%20')}"]) == 0
    assert json.loads(capsys.readouterr().out)["readings"][0]["recognised"] is True


@pytest.mark.parametrize(
    ("data", "code", "word"),
    [(b"\x00\x81\x93\x07" * 900, 24, "decoder"), (b"hello\n" * 500, 24, "decoder"), (b"", 29, "empty")],
)
def test_what_is_not_recognised_has_a_code_and_advice(
    data: bytes, code: int, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "capture").write_bytes(data)
    assert main(["devices", "--listen", str(tmp_path / "capture")]) == code
    out, errors = capsys.readouterr()
    assert word in errors
    assert errors.count("\n") == 1
    assert out.startswith(str(tmp_path / "capture"))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--listen", "/dev/ttyMISSING"], 21),
        (["--listen", "replay:100"], 2),
        (["--listen", "nothing here"], 2),
        (["--listen", "mqtt://127.0.0.1:1/ecg"], 27),
        (["--listen", "serial:/dev/ttyX?device=cytn"], 20),
        (["--seconds", "5"], 2),
        (["--listen", "/dev/ttyX", "--seconds", "0"], 2),
    ],
)
def test_what_cannot_be_listened_to_is_refused(
    words: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["devices", *words]) == code
    out, errors = capsys.readouterr()
    assert (out, errors.count("\n")) == ("", 1)


def test_ctrl_c_ends_listening_and_shows_what_was_found(tmp_path: Path) -> None:
    device = VirtualDevice(BOARDS["native"](), ecg(30.0))
    with PtyDevice(device, tmp_path / "tty", speed=8.0):
        running = subprocess.Popen(
            [sys.executable, "-m", "ecgmon", "devices", "--listen", tmp_path / "tty", "--seconds", "600"],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 30
        while not device.finished and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        out, errors = running.communicate(timeout=60)
    assert (running.returncode, errors) == (0, "")
    assert "device    native" in out
    assert "ecgmon run --source" in out


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    server = Mosquitto(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.mark.skipif(BINARY is None, reason="mosquitto is not installed")
def test_topics_of_a_broker_are_shown_with_what_reads_them(
    broker: Mosquitto, capsys: pytest.CaptureFixture[str]
) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    stop = threading.Event()

    def publish() -> None:
        signal_mv = ecg()
        for n in range(10_000):
            part = np.take(signal_mv, range(50 * n, 50 * n + 50), mode="wrap")
            client.publish("ward/bed 1/ecg", json.dumps([round(float(v), 3) for v in part]))
            client.publish("ward/\u202ered/x", '{"\x1b[2Jkey": "\x1b]0;title"}')
            if stop.wait(0.2):
                return

    sender = threading.Thread(target=publish)
    sender.start()
    try:
        code = main(["devices", "--listen", f"mqtt://127.0.0.1:{broker.port}", "--seconds", "7"])
    finally:
        stop.set()
        sender.join()
        client.loop_stop()
        client.disconnect()
    out, errors = capsys.readouterr()
    assert (code, errors) == (0, "")
    assert not {"\x1b", "\u202e"} & set(out)
    assert "ward/\\u202ered/x" in out
    assert "\\x1b]0;title" in out
    assert f"mqtt://127.0.0.1:{broker.port}/ward/bed%201/ecg?payload=numbers&unit=mv" in out
    assert "a JSON list of 50 numbers" in out
    assert "refused" in out
