"""What one device on a serial port costs, alone in its process: ``python -m benchmarks.lone``.

The device (``ecgmon simulate``, on a pty, at the speed of life) and the service are processes of their
own. The service keeps its events in a database and prints nothing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

SETTLE_S = 15.0

CONFIG = """
[outputs]
console = "quiet"
[outputs.store]
address = "{folder}/events.db"
"""


def main() -> int:
    """Print the share of a core and the memory."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="native", help="kind of device (native)")
    parser.add_argument("--record", default="200", help="what it measures (200)")
    parser.add_argument("--gather-s", type=float, default=0.04, help="seconds of bytes in one block (0.04)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to measure (60)")
    options = parser.parse_args()
    ecgmon = [sys.executable, "-m", "ecgmon"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port, config = folder / "port", folder / "lone.toml"
        config.write_text(CONFIG.format(folder=folder))
        device = [
            *ecgmon,
            "simulate",
            "--device",
            options.device,
            "--record",
            options.record,
            "--link",
            str(port),
        ]
        source = f"serial:{port}?device={options.device}&gather_s={options.gather_s:g}"
        service = [*ecgmon, "run", "--source", source, "--headless", "--config", str(config)]
        with subprocess.Popen(device, stdout=subprocess.DEVNULL) as board:
            while not port.exists():
                time.sleep(0.1)
            with subprocess.Popen(service, stdout=subprocess.DEVNULL) as process:
                share, memory_mb = measured(process.pid, options.seconds)
                process.terminate()
            board.terminate()
    sys.stdout.write(
        f"{options.device}, {options.gather_s:g} s: {100 * share:.2f} % of a core, {memory_mb:.0f} MB\n"
    )
    return 0


def measured(pid: int, seconds: float) -> tuple[float, float]:
    """Return the share of a core that a process uses once it has settled, and its memory in MB."""
    process = psutil.Process(pid)
    time.sleep(SETTLE_S)
    begun, begun_s = process.cpu_times(), time.monotonic()
    time.sleep(seconds)
    ended, ended_s = process.cpu_times(), time.monotonic()
    used_s = ended.user + ended.system - begun.user - begun.system
    return used_s / (ended_s - begun_s), process.memory_info().rss / 1e6


if __name__ == "__main__":
    sys.exit(main())
