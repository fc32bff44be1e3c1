"""The command ``bridge``: a serial device to a broker, until the device ends or Ctrl-C."""

from __future__ import annotations

import argparse
import sys
from urllib.parse import urlsplit

from platformdirs import user_state_path

from ecgmon.firmware_bridge.bridge import Bridge, BridgeSettings
from ecgmon.firmware_bridge.broker import Broker
from ecgmon.firmware_bridge.broker_settings import BrokerSettings
from ecgmon.monitor.core.errors import UsageError
from ecgmon.monitor.core.platform import run_async
from ecgmon.monitor.ingest.registry import open_source
from ecgmon.monitor.run.settings import load_settings


def bridge(arguments: argparse.Namespace) -> int:
    """Carry a device to a broker.

    Raises
    ------
    EcgmonError
        The device or the broker cannot be used.
    """
    settings = load_settings(arguments.config, {})
    source = open_source(arguments.source, settings)
    broker, _ = broker_at(arguments.broker, settings.mqtt)
    given = {
        "store": arguments.store or user_state_path("ecgmon") / f"bridge-{source.name}.sqlite",
        "store_max_mb": arguments.store_max_mb,
        "when_full": arguments.when_full,
        "topic": arguments.topic,
    }
    chosen = BridgeSettings.model_validate({key: value for key, value in given.items() if value is not None})
    sys.stdout.write(f"{source.name} to {broker.name}, topic {chosen.topic.format(device=source.name)}\n")
    run_async(Bridge(source, broker, chosen).run())
    return 0


def broker_at(url: str, settings: BrokerSettings) -> tuple[Broker, str]:
    """Return the broker of a URL, and the topic behind it.

    Raises
    ------
    UsageError
        The URL makes no sense, or carries a user name.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{url!r} has an impossible host or port.") from error
    if parts.scheme not in ("mqtt", "mqtts") or not host:
        raise UsageError(
            f"{url!r} is not the address of a broker.", "Write mqtt://HOST or mqtts://HOST:PORT."
        )
    if "@" in parts.netloc:
        raise UsageError(
            "A broker's address carries no user or password.",
            "Command lines are not secret; set user and password under [mqtt] in the settings file.",
        )
    return Broker(host, port, tls=parts.scheme == "mqtts", settings=settings), parts.path.strip("/")
