"""Takes a broker's address from a command line."""

from __future__ import annotations

from urllib.parse import urlsplit

from ecgmon.firmware_bridge.broker import Broker
from ecgmon.firmware_bridge.broker_settings import BrokerSettings
from ecgmon.monitor.core.errors import UsageError
from ecgmon.monitor.core.secrets import shown_address


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
    except ValueError:  # its words would repeat what may be a password
        raise UsageError(f"{shown_address(url)!r} has an impossible host or port.") from None
    if parts.scheme not in ("mqtt", "mqtts") or not host:
        raise UsageError(
            f"{shown_address(url)!r} is not the address of a broker.",
            "Write mqtt://HOST or mqtts://HOST:PORT.",
        )
    if "@" in parts.netloc:
        raise UsageError(
            "A broker's address carries no user or password.",
            "Command lines are not secret; set user and password under [mqtt] in the settings file.",
        )
    return Broker(host, port, tls=parts.scheme == "mqtts", settings=settings), parts.path.strip("/")
