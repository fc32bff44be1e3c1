"""The command ``devices``: which ports there are, and which devices can be read."""

from __future__ import annotations

import json as _json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ecgmon.monitor.cli.options import Flag, command

if TYPE_CHECKING:
    from ecgmon.monitor.core.plugins import Offer

_EXAMPLES = """\
examples:
  ecgmon devices             ports of this machine, and what can be read there
  ecgmon run --source 'serial:/dev/ttyUSB0?device=cyton'
"""

app = command("devices", _EXAMPLES)


@app.default
def devices(*, json: Flag = False) -> int:
    """Print ports and kinds of device; one of another package that is broken says why.

    Parameters
    ----------
    json : bool
        Print JSON.
    """
    from ecgmon.firmware_bridge.decoders import DECODERS
    from ecgmon.firmware_bridge.links import list_ports

    ports, offers = list_ports(), DECODERS.offers()
    if json:
        kinds = {offer.name: _as_json(offer) for offer in offers}
        sys.stdout.write(_json.dumps({"ports": [asdict(port) for port in ports], "devices": kinds}) + "\n")
        return 0
    sys.stdout.write("ports:\n" if ports else "There is no serial port on this machine.\n")
    for port in ports:
        about = ", ".join(part for part in (port.guess or port.description, port.serial_number) if part)
        sys.stdout.write(f"  {port.path:<20} {port.usb_id or '-':<10} {about}\n")
    sys.stdout.write("\ndevices (serial:PORT?device=NAME):\n")
    for offer in offers:
        sys.stdout.write(f"  {offer.name:<10} {_about(offer)}\n")
    return 0


def _about(offer: Offer) -> str:
    if offer.problem:
        return f"broken: {offer.problem}"
    from ecgmon.monitor.core.plugins import OURS

    origin = "" if offer.package == OURS else f"; from the package {offer.package}"
    options = ", ".join(offer.part.settings.model_fields)
    return f"{offer.part.title}; {offer.part.baud} baud{origin}\n  {'':<10} options: {options}"


def _as_json(offer: Offer) -> dict[str, Any]:
    if offer.problem:
        return {"package": offer.package, "problem": offer.problem}
    from ecgmon.monitor.core.plugins import OURS

    origin = {} if offer.package == OURS else {"package": offer.package}
    return {"title": offer.part.title, "baud": offer.part.baud, **origin}
