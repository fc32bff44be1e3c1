"""The command ``devices``: which ports there are, and which devices can be read."""

from __future__ import annotations

import json as _json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter
from cyclopts.validators import Number

from ecgmon.monitor.cli.options import File, Flag, command, only_with

if TYPE_CHECKING:
    from ecgmon.monitor.core.plugins import Offer

_EXAMPLES = """\
examples:
  ecgmon devices                          ports, and what can be read there
  ecgmon devices --listen /dev/ttyUSB0    what comes there, and how to read it
  ecgmon devices --listen mqtt://broker   what comes on all its topics
  ecgmon run --source 'serial:/dev/ttyUSB0?device=cyton'
"""

_LISTEN_S = 10.0
_LISTEN = Group("Listen", validator=only_with("--listen"))
_FROM_TO = Number(gte=1, lte=600)

app = command("devices", _EXAMPLES)


@app.default
def devices(
    *,
    json: Flag = False,
    listen: Annotated[str | None, Parameter(group=_LISTEN, metavar="ADDRESS")] = None,
    seconds: Annotated[
        float | None, Parameter(group=_LISTEN, metavar="S", show_default="10", validator=_FROM_TO)
    ] = None,
    config: Annotated[File, Parameter(group=_LISTEN)] = None,
) -> int:
    """Print ports and kinds of device, or listen at one and say how to read it.

    Parameters
    ----------
    json : bool
        Print JSON.
    listen : str, optional
        Port, capture or broker to listen to.
    seconds : float, optional
        How long to listen.
    config : Path, optional
        Settings file (TOML): [mqtt].

    Raises
    ------
    EcgmonError
        What is listened to cannot be opened, or sends nothing that is known.
    """
    if listen is not None:
        from ecgmon.monitor.cli.listening import listen_and_show
        from ecgmon.monitor.run.settings import load_settings

        settings = load_settings(config, {})
        listen_and_show(listen, settings.mqtt, _LISTEN_S if seconds is None else seconds, as_json=json)
        return 0
    _list_all(as_json=json)
    return 0


def _list_all(*, as_json: bool) -> None:
    """Print ports and kinds of device; one of another package that is broken says why."""
    from ecgmon.firmware_bridge.decoders import DECODERS
    from ecgmon.firmware_bridge.links import list_ports

    ports, offers = list_ports(), DECODERS.offers()
    if as_json:
        kinds = {offer.name: _as_json(offer) for offer in offers}
        sys.stdout.write(_json.dumps({"ports": [asdict(port) for port in ports], "devices": kinds}) + "\n")
        return
    sys.stdout.write("ports:\n" if ports else "There is no serial port on this machine.\n")
    for port in ports:
        about = ", ".join(part for part in (port.guess or port.description, port.serial_number) if part)
        sys.stdout.write(f"  {port.path:<20} {port.usb_id or '-':<10} {about}\n")
    sys.stdout.write("\ndevices (serial:PORT?device=NAME):\n")
    for offer in offers:
        sys.stdout.write(f"  {offer.name:<10} {_about(offer)}\n")


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
