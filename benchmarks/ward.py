"""What a ward costs, served by one process or several: virtual wearables through mosquitto into the service.

    python benchmarks/ward.py --devices 100 --workers 1 2

Broker, wearables and the service with its workers are processes of their own. Processor time is that of all
the service's processes together; what one core carries is what remains if it does nothing else.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.crowd import FS_HZ, publish
from benchmarks.mosquitto import mosquitto
from ecgmon.monitor.core.errors import EcgmonError
from ecgmon.monitor.headless.control import ask

SETTLE_S = 15.0

CONFIG = """
sources = ["mqtt://127.0.0.1:{port}/ecg/+/raw"]
[mqtt]
report_s = 5.0
[outputs]
console = "quiet"
[outputs.store]
address = "{folder}/events.db"
[service]
workers = {workers}
socket = "{folder}/ward.sock"
state = "{folder}/state.json"
"""


def used_s(process: psutil.Process) -> float:
    """Return the processor time of a process and its children."""
    times = [part.cpu_times() for part in (process, *process.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


def measure(devices: int, workers: int, seconds: float) -> dict[str, Any]:
    """Serve so many devices with so many workers, and return the figures."""
    with tempfile.TemporaryDirectory() as name, mosquitto(Path(name), "max_queued_messages 0") as port:
        folder = Path(name)
        config = folder / "ward.toml"
        config.write_text(CONFIG.format(folder=folder, port=port, workers=workers))
        began_s = time.monotonic() + 10.0 + 0.02 * devices
        whole_s = SETTLE_S + seconds + 5.0
        crowd = multiprocessing.get_context("spawn").Process(
            target=publish, args=(port, devices, whole_s, began_s, str(folder / "crowd.json"))
        )
        crowd.start()
        service = subprocess.Popen(
            [sys.executable, "-m", "ecgmon", "run", "--config", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        process = psutil.Process(service.pid)
        try:
            time.sleep(began_s + SETTLE_S - time.monotonic())
            before, from_s = used_s(process), time.monotonic()
            time.sleep(seconds)
            used = used_s(process) - before
            share = 100 * used / (time.monotonic() - from_s)
            report = ask(folder / "ward.sock", {"do": "status"})
        except EcgmonError as error:
            return {"devices": devices, "workers": workers, "failed": str(error)}
        finally:
            service.terminate()
            service.wait(30)
            crowd.kill()
            crowd.join()
    health = [device["health"] for device in report["devices"].values()]
    return {
        "devices": devices,
        "workers": workers,
        "heard": len(report["devices"]),
        "dealt_out": [worker["devices"] for worker in report.get("workers", ())],
        "lost_samples": sum(h.get("lost_samples", 0) for h in health),
        "dropped": sum(h.get("dropped_blocks", 0) for h in health),
        "core_percent": round(share, 1),
        "core_percent_per_stream": round(share / devices, 3),
        "streams_per_core": round(100 * devices / share),
        "rss_mb": round(report["memory_mb"]),
        "load": round(psutil.getloadavg()[0], 1),
    }


def main() -> int:
    """Print a line of JSON for each number of workers."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--devices", type=int, default=100, help=f"wearables at {FS_HZ:g} Hz")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=30.0)
    arguments = parser.parse_args()
    for workers in arguments.workers:
        figures = measure(arguments.devices, workers, arguments.seconds)
        sys.stdout.write(json.dumps(figures) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
