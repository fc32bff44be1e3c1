"""The commands that look after a running monitor, and that install it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from ecgmon.monitor.headless.control import ask
from ecgmon.monitor.headless.unit import install, unit_text
from ecgmon.monitor.run.service_settings import default_socket
from ecgmon.monitor.run.settings import load_settings

SERVICE_SOCKET = Path("/run/ecgmon/ecgmon.sock")
"""Where the service of systemd answers."""

MARKS = {"good": "ok     ", "warning": "warning", "fault": "FAULT  "}
FAULT_FOUND = 1


def status(arguments: argparse.Namespace) -> int:
    """Print what a running monitor says of itself.

    Raises
    ------
    SourceError
        None answers.
    """
    report = ask(_socket(arguments), {"do": "status"})
    if arguments.json:
        sys.stdout.write(json.dumps(report, indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(report)) + "\n")
    return 0


def acknowledge(arguments: argparse.Namespace) -> int:
    """Acknowledge alarms of a running monitor."""
    ask(_socket(arguments), {"do": "acknowledge", "device": arguments.device, "kind": arguments.kind})
    return 0


def silence(arguments: argparse.Namespace) -> int:
    """Silence the present alarms of a running monitor for a time."""
    ask(_socket(arguments), {"do": "silence", "device": arguments.device, "seconds": arguments.seconds})
    return 0


def pause(arguments: argparse.Namespace) -> int:
    """Pause the alarm signals of a running monitor; new ones of high priority break through."""
    ask(_socket(arguments), {"do": "pause", "device": arguments.device, "seconds": arguments.seconds})
    return 0


def resume(arguments: argparse.Namespace) -> int:
    """End a pause and all silences of a running monitor."""
    ask(_socket(arguments), {"do": "resume", "device": arguments.device})
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    """Print what is there, what is not, and how to mend it; 1 if something is at fault."""
    from ecgmon.monitor.headless.doctor import examine  # noqa: PLC0415 - it loads what it looks at

    faults = 0
    for finding in examine(load_settings(arguments.config)):
        sys.stdout.write(f"{MARKS[finding.verdict]}  {finding.about}: {finding.text}\n")
        if finding.cure and finding.verdict != "good":
            sys.stdout.write(f"         {finding.cure}\n")
        faults += finding.verdict == "fault"
    sys.stdout.write(f"\n{faults or 'no'} fault{'' if faults == 1 else 's'} found\n")
    return FAULT_FOUND if faults else 0


def install_service(arguments: argparse.Namespace) -> int:
    """Write the unit of systemd and say what to do next.

    Raises
    ------
    EcgmonError
        The settings are refused or the files cannot be written.
    """
    if arguments.print:
        sys.stdout.write(unit_text())
        return 0
    if arguments.config is not None:
        load_settings(arguments.config)
    done = install(arguments.root, arguments.config)
    kept = "" if done.new_config else " (was there, stays as it is)"
    sys.stdout.write(
        f"unit      {done.unit}\nsettings  {done.config}{kept}\n\n"
        "next:\n"
        f"  edit {done.config}\n"
        f"  ecgmon doctor --config {done.config}\n"
        "  sudo systemctl daemon-reload\n"
        "  sudo systemctl enable --now ecgmon\n"
        "  sudo ecgmon status\n"
    )
    return 0


def _socket(arguments: argparse.Namespace) -> Path:
    if arguments.socket is not None:
        return Path(arguments.socket)
    own = default_socket()
    return SERVICE_SOCKET if not own.exists() and SERVICE_SOCKET.parent.exists() else own


def _lines(report: Mapping[str, Any]) -> list[str]:
    running = timedelta(seconds=int(report["uptime_s"]))
    lines = [f"ecgmon {report['version']}, running for {running}, {_cost(report)}"]
    for place, worker in enumerate(report.get("workers", ())):
        lines.append(f"worker {place}: process {worker['pid']}, {_cost(worker)}")
    if not report["devices"]:
        lines.append("no device is heard yet")
    for name, device in report["devices"].items():
        lines += [f"{name}: {_device(device)}"]
        lines += [
            f"  ALARM {alarm['priority']} {alarm['kind']} {alarm['state']}: {alarm['message']}"
            for alarm in device["alarms"]
        ]
    lines += [f"problem: {text}" for text in report["problems"].values()]
    return lines


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
    if device["paused"]:
        parts.append("ALARMS PAUSED")
    return ", ".join([device["link"], f"{device['fs_hz']:g} Hz", *parts])
