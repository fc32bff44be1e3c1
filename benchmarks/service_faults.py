"""Breaks what a running monitor depends on, and looks whether anything else is lost.

    python benchmarks/service_faults.py

Each fault happens to the whole program, which watches record 207 at twenty times the speed of life with
event store, recorder, broker and webhook. Needs mosquitto and, for the disks, the right to mount (root, or
``unshare --user --map-root-user --mount``); the clock is one that the program is given. The broker stays
away for a minute, or for ``--away-s``, from a virtual device that plays the record over and over.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ecgmon.monitor.headless.control import ask
from ecgmon.monitor.recorder.recorder import Recorder
from ecgmon.monitor.recorder.settings import RecorderSettings
from ecgmon.monitor.wfdb.records import read_info

CONFIG = """
sources = ["{source}"]
[outputs.store]
address = "{disk}/events.db"
[outputs.recorder]
folder = "{disk}/recordings"
flush_s = 0.5
free_mb = 0.0
[outputs.mqtt]
host = "127.0.0.1"
port = {broker}
[outputs.webhook]
url = "http://127.0.0.1:{web}/"
[service]
socket = "{folder}/ecgmon.sock"
state = "{folder}/state.json"
state_every_s = 0.2
"""

STEPPED_CLOCK = """
import sys, time
real, offset = time.time, sys.argv[1]
def stepped():
    try:
        with open(offset) as file:
            return real() + float(file.read() or 0)
    except (OSError, ValueError):
        return real()
time.time = stepped
from ecgmon.monitor.cli import main
sys.exit(main(sys.argv[2:]))
"""
"""The program with a wall clock that can be set."""


class Web(ThreadingHTTPServer):
    """A web service that can be made to hang; keeps what it was told."""

    daemon_threads = True

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.answering = threading.Event()
        self.answering.set()
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                web.answering.wait()
                with contextlib.suppress(OSError):
                    self.send_response(204)
                    self.end_headers()
                    alarm = json.loads(body)
                    del alarm["at"]
                    web.told.append(alarm)

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Broker:
    """A mosquitto that can be taken away, and the alarms that a subscriber got from it."""

    def __init__(self, folder: Path) -> None:
        found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
        if found is None:
            sys.exit("mosquitto is not installed")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        config = folder / "mosquitto.conf"
        user = "user root\n" if getpass.getuser() == "root" else ""
        config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n{user}")
        self._command = [found, "-c", str(config)]
        self._process: subprocess.Popen[bytes] | None = None
        self.told: list[dict[str, Any]] = []
        self._subscriber = paho.Client(CallbackAPIVersion.VERSION2)
        self._subscriber.reconnect_delay_set(1, 1)
        self._subscriber.on_connect = lambda client, *_: client.subscribe("ecgmon/+/alarm", qos=1)
        self._subscriber.on_message = lambda *got: self.told.append(json.loads(got[2].payload))

    def start(self) -> None:
        """Start it, again if need be."""
        self._process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)
        if not self._subscriber.is_connected():
            self._subscriber.connect_async("127.0.0.1", self.port)
            self._subscriber.loop_start()

    def kill(self) -> None:
        """Take it away."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class Run:
    """A running monitor and what it announced."""

    def __init__(self, folder: Path, broker: Broker, web: Web, source: str) -> None:
        self.folder, self.disk = folder, folder / "disk"
        self.disk.mkdir(exist_ok=True)
        self.offset = folder / "offset"
        self.away_s = 60.0
        self.announced: list[dict[str, Any]] = []
        self.beats = 0
        config = folder / "ecgmon.toml"
        values = {"folder": folder, "disk": self.disk, "broker": broker.port}
        config.write_text(CONFIG.format(**values, web=web.server_address[1], source=source))
        self.process = subprocess.Popen(
            [sys.executable, "-c", STEPPED_CLOCK, str(self.offset), "run", "--config", str(config), "--json"],
            stdout=subprocess.PIPE,
            stderr=(folder / "log").open("w"),
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event = json.loads(line)
            self.beats += event["type"] == "beat"
            if event["type"] == "alarm":
                self.announced.append(event)

    def status(self) -> dict[str, Any]:
        """Return what the monitor says of itself."""
        return ask(self.folder / "ecgmon.sock", {"do": "status"})

    def wait(self, until: Callable[[], bool], seconds: float = 40.0) -> bool:
        """Wait until something is so; False if it never was."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(Exception):
                if until():
                    return True
            time.sleep(0.1)
        return False

    def problem(self, kind: str) -> bool:
        """Tell whether both the status and an open alarm show a problem."""
        report = self.status()
        alarms = {alarm["kind"] for device in report["devices"].values() for alarm in device["alarms"]}
        return kind in report["problems"] and kind in alarms

    def end(self) -> int:
        """End it cleanly; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self._reader.join()
        return self.process.returncode


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Give a folder a disk of its own."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def disk_full(run: Run, *_: object) -> bool:
    """Fill the disk for ten seconds."""
    ballast = run.disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    seen = run.wait(lambda: run.problem("storage_full"))
    time.sleep(10)
    ballast.unlink()
    return seen and run.wait(lambda: not run.status()["problems"])


def disk_read_only(run: Run, *_: object) -> bool:
    """Let the program find a disk that is read-only, and mend it."""
    seen = run.wait(lambda: run.problem("storage_full"))
    time.sleep(5)
    subprocess.run(["mount", "-o", "remount,rw", run.disk], check=True)
    return seen and run.wait(lambda: not run.status()["problems"])


def clock_set(run: Run, *_: object) -> bool:
    """Set the clock a year back, two years forward, and right again."""
    for days in (-365, 730, 0):
        run.offset.write_text(str(days * 86_400))
        before = run.beats
        time.sleep(3)
        if run.beats <= before or run.status()["problems"]:
            return False
    return True


def broker_away(run: Run, broker: Broker, _: Web) -> bool:
    """Take the broker away for ``run.away_s``."""
    broker.kill()
    seen = run.wait(lambda: run.problem("output_failed"))
    time.sleep(run.away_s)
    if not run.problem("output_failed"):
        return False
    broker.start()
    return seen and run.wait(lambda: not run.status()["problems"], 90)


def service_hangs(run: Run, _: Broker, web: Web) -> bool:
    """Let the web service hang for 25 seconds."""
    web.answering.clear()
    seen = run.wait(lambda: run.problem("output_failed"))
    time.sleep(5)
    web.answering.set()
    return seen and run.wait(lambda: not run.status()["problems"], 90)


def store_locked(run: Run, *_: object) -> bool:
    """Lock the database for ten seconds."""
    thief = sqlite3.connect(run.disk / "events.db", isolation_level=None, timeout=20)
    thief.execute("BEGIN EXCLUSIVE")
    seen = run.wait(lambda: run.problem("storage_full"))
    time.sleep(10)
    thief.execute("ROLLBACK")
    thief.close()
    return seen and run.wait(lambda: not run.status()["problems"])


FAULTS: dict[str, Callable[[Run, Broker, Web], bool]] = {
    "disk full": disk_full,
    "disk read-only": disk_read_only,
    "clock set": clock_set,
    "broker away": broker_away,
    "service hangs": service_hangs,
    "store locked": store_locked,
}
ON_SMALL_DISK = ("disk full", "disk read-only")
"""Faults that need a disk of their own."""


@contextlib.contextmanager
def endless_device(folder: Path) -> Iterator[str]:
    """Give the address of a virtual device that plays record 207 over and over."""
    port = folder / "device"
    command = [sys.executable, "-m", "ecgmon", "simulate", "--device", "native", "--record", "207"]
    device = subprocess.Popen([*command, "--repeat", "--link", str(port)], stdout=subprocess.DEVNULL)
    try:
        while not port.exists():
            time.sleep(0.1)
        yield f"serial:{port}?device=native"
    finally:
        device.kill()
        device.wait()


def missing(announced: list[dict[str, Any]], kept: list[dict[str, Any]]) -> int:
    """Return how many announced alarms are not among those kept."""
    known = {json.dumps(body, sort_keys=True) for body in kept}
    return sum(json.dumps(alarm, sort_keys=True) not in known for alarm in announced)


def stored(path: Path) -> list[dict[str, Any]]:
    """Return the alarms of a sound store."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [json.loads(row[0]) for row in database.execute("SELECT body FROM events WHERE type='alarm'")]


def unreadable(folder: Path) -> int:
    """Return how many records do not open."""
    Recorder(RecorderSettings(folder=folder)).open()
    return sum(not read_info(header)[1] for header in folder.glob("*/signal/*.hea"))


def try_fault(name: str, away_s: float) -> dict[str, Any]:
    """Run one fault and return what became of the monitor."""
    source = "replay:207?speed=20"
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if name in ON_SMALL_DISK:
            stack.enter_context(small_disk(folder / "disk", 12))
        if name == "disk read-only":
            subprocess.run(["mount", "-o", "remount,ro", folder / "disk"], check=True)
        broker, web = Broker(folder), Web()
        broker.start()
        stack.callback(broker.kill)
        if name == "broker away":
            source = stack.enter_context(endless_device(folder))
        run = Run(folder, broker, web, source)
        run.away_s = away_s
        try:
            run.wait(lambda: run.beats > 20, 60)
            visible = FAULTS[name](run, broker, web)
            time.sleep(3)
            before = run.beats
            alive = run.wait(lambda: run.beats > before)
            code = run.end()
        finally:
            run.process.kill()
        kept = stored(run.disk / "events.db")
        log = (folder / "log").read_text()
        return {
            "fault": name,
            "visible_and_mended": visible,
            "beats_go_on": alive,
            "exit": code,
            "announced": len(run.announced),
            "missing_in_store": missing(run.announced, kept),
            "missing_at_webhook": missing([a for a in run.announced if a["priority"] == "high"], web.told),
            "missing_at_broker": missing(run.announced, broker.told),
            "records_damaged": unreadable(run.disk / "recordings"),
            "tracebacks": log.count("Traceback"),
        }


def main() -> int:
    """Print a line of JSON for each fault."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faults", nargs="+", choices=sorted(FAULTS), default=list(FAULTS))
    parser.add_argument("--away-s", type=float, default=60.0, help="how long the broker is away")
    arguments = parser.parse_args()
    for name in arguments.faults:
        sys.stdout.write(json.dumps(try_fault(name, arguments.away_s)) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
