"""The command ``devices``: which ports there are, and which devices can be read."""

from __future__ import annotations

import json as _json
import sys
from dataclasses import asdict

from ecgmon.monitor.cli.options import Flag, command

_EXAMPLES = """\
examples:
  ecgmon devices             ports of this machine, and what can be read there
  ecgmon run --source 'serial:/dev/ttyUSB0?device=cyton'
"""

app = command("devices", _EXAMPLES)


@app.default
def devices(*, json: Flag = False) -> int:
    """Print ports and kinds of device.

    Parameters
    ----------
    json : bool
        Print JSON.
    """
    from ecgmon.firmware_bridge.decoders import DEVICES
    from ecgmon.firmware_bridge.links import list_ports

    ports = list_ports()
    if json:
        kinds = {name: {"title": kind.title, "baud": kind.baud} for name, kind in DEVICES.items()}
        sys.stdout.write(_json.dumps({"ports": [asdict(port) for port in ports], "devices": kinds}) + "\n")
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
