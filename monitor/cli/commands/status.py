"""The command ``status``: how a running service is doing."""

from __future__ import annotations

import json as _json
import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ecgmon.monitor.cli.control import Service
from ecgmon.monitor.cli.options import Flag, command
from ecgmon.monitor.core.names import LINE_CHARACTERS, printable

app = command("status")


@app.default
def status(*, json: Flag = False, service: Service | None = None) -> int:
    """Print what a running monitor says of itself.

    Parameters
    ----------
    json : bool
        As JSON.
    service : Service
        Which.

    Raises
    ------
    SourceError
        No monitor answers.
    """
    report = (service or Service()).ask("status")
    if json:
        sys.stdout.write(_json.dumps(report, indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(printable(line, LINE_CHARACTERS) for line in _lines(report)) + "\n")
    return 0


def _lines(report: Mapping[str, Any]) -> list[str]:
    running = timedelta(seconds=int(report["uptime_s"]))
    lines = [f"ecgmon {report['version']}, running for {running}, {_cost(report)}"]
    for place, worker in enumerate(report.get("workers", ())):
        lines.append(f"worker {place}: process {worker['pid']}, {_cost(worker)}")
    if not report["devices"]:
        lines.append("no device is heard yet")
    for name, device in report["devices"].items():
        lines += [f"{name}: {_device(device)}", *_alarms(device)]
    for name, link in report["awaited"].items():
        lines += [f"{name}: {link['link']}, no sample yet: {link['detail']}", *_alarms(link)]
    lines += [f"problem: {text}" for text in report["problems"].values()]
    return lines


def _alarms(whose: Mapping[str, Any]) -> list[str]:
    return [
        f"  ALARM {alarm['priority']} {alarm['kind']} {alarm['state']}: {alarm['message']}"
        for alarm in whose["alarms"]
    ]


def _cost(report: Mapping[str, Any]) -> str:
    """Return what a process, or all of them, cost in all and by the stream."""
    devices = report["devices"] if isinstance(report["devices"], int) else len(report["devices"])
    share, memory_mb = 100 * report["core_share"], report["memory_mb"] or 0.0
    text = f"{devices} device{'' if devices == 1 else 's'}, {memory_mb:.0f} MB, {share:.1f} % of a core"
    return (
        text if devices < 2 else f"{text} ({share / devices:.2f} % and {memory_mb / devices:.1f} MB a device)"
    )


def _device(device: Mapping[str, Any]) -> str:
    known = {
        "heart rate": f"{device['bpm']:.0f}/min" if device["bpm"] is not None else None,
        "rhythm": device["rhythm"],
        "quality": device["quality"],
        "beats": device["beats"],
    }
    parts = [f"{name} {value}" for name, value in known.items() if value is not None]
    if device["core_share"] is not None:
        parts.append(f"{100 * device['core_share']:.1f} % of a core")
    if device.get("silent_s") is not None:
        parts.append(f"NO SAMPLES for {device['silent_s']:.0f} s")
    if device["paused"]:
        parts.append("ALARMS PAUSED")
    if device.get("clock"):
        parts.append(f"time by {device['clock']}")
    return ", ".join([device["link"], f"{device['fs_hz']:g} Hz", *parts])
