"""The command ``devices``: which ports there are, and which devices can be read."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from ecgmon.firmware_bridge.decoders import DEVICES
from ecgmon.firmware_bridge.links import list_ports


def devices(arguments: argparse.Namespace) -> int:
    """Print ports and kinds of device."""
    ports = list_ports()
    if arguments.json:
        kinds = {name: {"title": kind.title, "baud": kind.baud} for name, kind in DEVICES.items()}
        sys.stdout.write(json.dumps({"ports": [asdict(port) for port in ports], "devices": kinds}) + "\n")
        return 0
    sys.stdout.write("ports:\n" if ports else "There is no serial port on this machine.\n")
    for port in ports:
        about = ", ".join(part for part in (port.guess or port.description, port.serial_number) if part)
        sys.stdout.write(f"  {port.path:<20} {port.usb_id or '-':<10} {about}\n")
    sys.stdout.write("\ndevices (serial:PORT?device=NAME):\n")
    for name, kind in DEVICES.items():
        options = ", ".join(kind.settings.model_fields)
        sys.stdout.write(f"  {name:<10} {kind.title}; {kind.baud} baud\n  {'':<10} options: {options}\n")
    return 0
