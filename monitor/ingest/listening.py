"""Listens at an address, and finds out what is there: a device, a capture, or topics of a broker."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from ecgmon.firmware_bridge.decoders import device_kinds, make_decoder
from ecgmon.firmware_bridge.packet import shown
from ecgmon.monitor.core.errors import EcgmonError, UsageError
from ecgmon.monitor.ingest.address import Address
from ecgmon.monitor.ingest.listen_broker import EVERYTHING, hear_topics
from ecgmon.monitor.ingest.listen_bytes import Reading, readings
from ecgmon.monitor.ingest.listen_paste import Paste, common_pattern, serial_paste, topic_paste
from ecgmon.monitor.ingest.listen_port import Heard, PortWanted, Tell, hear
from ecgmon.monitor.ingest.listen_topics import TopicReading, read_topics
from ecgmon.monitor.ingest.live_settings import MqttSettings
from ecgmon.monitor.ingest.mqtt import broker_of

_PORTS = ("serial",)
_BROKERS = ("mqtt", "mqtts")


@dataclass(frozen=True, slots=True)
class Found:
    """Settings that read something.

    Parameters
    ----------
    reads : tuple of str
        Port, file or topics.
    paste : Paste
        What to write.
    others : tuple of str
        Topics that its pattern catches too and that these settings do not read.
    """

    reads: tuple[str, ...]
    paste: Paste
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PortReport:
    """What was heard at a port or in a capture.

    Parameters
    ----------
    heard : Heard
        What came, at which speed.
    readings : tuple of Reading
        What decoders make of it, the best first.
    found : tuple of Found
        What reads it; empty if nothing does.
    advice : str
        What to do where nothing was recognised.
    """

    heard: Heard
    readings: tuple[Reading, ...]
    found: tuple[Found, ...]
    advice: str = ""

    @property
    def silent(self) -> bool:
        """Say whether nothing came."""
        return not self.heard.chunks


@dataclass(frozen=True, slots=True)
class BrokerReport:
    """What was heard from a broker.

    Parameters
    ----------
    broker, pattern : str
        Where, and what was subscribed to.
    seconds : float
        How long was listened.
    readings : tuple of TopicReading
        What each topic brings, those that look like an ECG first.
    found : tuple of Found
        What reads them; empty if nothing does.
    left_out : int
        Messages of more topics than are kept.
    ended : str
        Why it ended early; empty if it did not.
    advice : str
        What to do where nothing was recognised.
    """

    broker: str
    pattern: str
    seconds: float
    readings: tuple[TopicReading, ...]
    found: tuple[Found, ...]
    left_out: int = 0
    ended: str = ""
    advice: str = ""

    @property
    def silent(self) -> bool:
        """Say whether nothing came."""
        return not self.readings


Report = PortReport | BrokerReport


async def listen(
    address: Address, settings: MqttSettings, seconds: float, tell: Tell, stop: asyncio.Event
) -> Report:
    """Listen, and find out what comes.

    Parameters
    ----------
    address : Address
        Port, capture or broker, with what is known of it as options.
    settings : MqttSettings
        How brokers are spoken to, and what their messages hold, as far as the address does not say it.
    seconds : float
        How long to listen, once the speed of a port is found.
    tell : callable
        Is told how far it has come.
    stop : asyncio.Event
        Ends the listening early; what came is looked at.

    Raises
    ------
    EcgmonError
        The address is of another kind or refused, or what it names cannot be opened.
    """
    if address.scheme in _PORTS:
        wanted = PortWanted.of(address)
        heard = await hear(wanted, seconds, tell, stop)
        tell("looking at what came")
        return await asyncio.to_thread(port_report, heard, wanted)
    if address.scheme not in _BROKERS:
        raise UsageError(
            f"{address.shown} cannot be listened to.",
            "Name a port (serial:/dev/ttyUSB0), a capture (serial:FILE) or a broker (mqtt://HOST/TOPIC).",
        )
    broker, chosen = broker_of(address, settings)
    pattern = address.path.removeprefix("/") or EVERYTHING
    heard_topics = await hear_topics(broker, pattern, seconds, tell, stop)
    tell("looking at what came")
    found = await asyncio.to_thread(read_topics, heard_topics, chosen)
    return BrokerReport(
        broker.name,
        pattern,
        heard_topics.seconds,
        tuple(found),
        tuple(by_settings(address, pattern, found)),
        heard_topics.left_out,
        heard_topics.ended,
        "" if any(one.recognised for one in found) else _topic_advice(found, pattern),
    )


def port_report(heard: Heard, wanted: PortWanted) -> PortReport:
    """Return what came over a port, and what reads it.

    Raises
    ------
    EcgmonError
        The device or an option that the user names does not exist.
    """
    read = readings(heard.chunks, wanted.device, wanted.options) if heard.chunks else []
    best = read[0] if read and read[0].recognised else None
    if best is None:
        return PortReport(heard, tuple(read), (), _port_advice(heard, wanted))
    baud = heard.baud if wanted.baud is None or heard.baud is not None else wanted.baud
    paste = serial_paste(heard.name, best.device, baud, best.options)
    return PortReport(heard, tuple(read), (Found((heard.name,), paste),))


def _port_advice(heard: Heard, wanted: PortWanted) -> str:
    if heard.chunks:
        if not heard.live:
            return "No device that is known sent this. docs/extending.md says how to write a decoder."
        return (
            "Nothing that is known speaks so. Say the speed (baud=…) or the device (device=…) if you know"
            " them; docs/extending.md says how to write a decoder."
        )
    if not heard.live:
        return "The capture is empty."
    if wanted.device:
        return f"Is the {wanted.device} switched on, and is this its port? 'ecgmon devices' lists the ports."
    asked = ", ".join(f"device={name}" for name in _asked_devices())
    return (
        "Is the device switched on? Some are silent until they are asked: add what it is to the address, such"
        f" as serial:PORT?device=… ({asked})."
    )


def _asked_devices() -> list[str]:
    """Return the devices that stream only when told to."""
    names = []
    for name in device_kinds():
        try:
            if make_decoder(name, {}).start_command:
                names.append(name)
        except EcgmonError:  # it has settings that must be given, or is broken
            continue
    return names


def _topic_advice(found: Sequence[TopicReading], pattern: str) -> str:
    if not found:
        return f"No message came on {shown(pattern)}. Is this the topic? '#' in its place hears all."
    return "No topic brings samples that are understood. docs/devices.md says what messages may hold."


def by_settings(address: Address, pattern: str, found: Sequence[TopicReading]) -> list[Found]:
    """Return what reads the topics that were recognised, together those that one setting reads."""
    groups: list[tuple[dict[str, object], list[str]]] = []
    for one in found:
        if not one.recognised:
            continue
        options = dict(one.options)
        group = next((group for group in groups if group[0] == options), None)
        if group is None:
            groups.append((options, [one.topic]))
        else:
            group[1].append(one.topic)
    return [
        Found(tuple(topics), topic_paste(address, one, options), tuple(others))
        for options, topics in groups
        for one, others in [_pattern_for(topics, pattern, found)]
    ]


def _pattern_for(topics: Sequence[str], heard: str, found: Sequence[TopicReading]) -> tuple[str, list[str]]:
    """Return the narrowest pattern for topics, and what else it catches."""
    others = [one.topic for one in found if one.topic not in topics]
    if not others and heard != EVERYTHING:
        return heard, []
    common = common_pattern(topics)
    if not common:
        return heard, others
    return common, [one for one in others if common_pattern([*topics, one]) == common]
