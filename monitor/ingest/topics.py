"""Who sent a message behind a broker: the topic and the device named in it, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ecgmon.monitor.core.names import LONGEST_NAME, bounded, device_name, is_plain, told_apart

_UNFIT = re.compile(r"[^\w.:-]+")
_SHARED = re.compile(r"\$share/[^/]+/")


class Identity(NamedTuple):
    """One device behind a broker.

    Parameters
    ----------
    topic : str
        Topic of its messages.
    device : str
        Name within its messages; empty where they hold none, or repeat that of the topic.
    """

    topic: str
    device: str


def refusal_of(subscribed: str) -> str:
    """Return what is wrong with a topic to subscribe to; empty if nothing is."""
    levels = subscribed.split("/")
    if not subscribed or "\x00" in subscribed:
        return "it is empty" if not subscribed else "it holds a zero"
    if any("#" in level and (level != "#" or place + 1 < len(levels)) for place, level in enumerate(levels)):
        return "# stands alone and last"
    if any("+" in level and level != "+" for level in levels):
        return "+ stands alone between slashes"
    return "it has more than 65535 bytes" if len(subscribed.encode()) > 65535 else ""


def topics_of(subscribed: str, names: Iterable[str]) -> list[str]:
    """Return the topics of devices by their names, where a single ``+`` stands for the name; else none."""
    topic = _SHARED.sub("", subscribed, count=1)
    if topic.split("/").count("+") != 1 or "#" in topic:
        return []
    return [topic.replace("+", name) for name in names if is_plain(name)]


def levels_of(subscribed: str, topic: str) -> tuple[str, ...]:
    """Return the levels of a topic for which the wildcards of a subscription stand."""
    levels = topic.split("/")
    found: list[str] = []
    for place, level in enumerate(_SHARED.sub("", subscribed, count=1).split("/")):
        if level == "#":
            found += levels[place:]
        elif level == "+" and place < len(levels):
            found.append(levels[place])
    return tuple(found)


def topic_name(subscribed: str, topic: str) -> str:
    """Return the name of a device from its topic.

    Parameters
    ----------
    subscribed : str
        Topic with wildcards.
    topic : str
        Topic of a message.

    Returns
    -------
    str
        What the wildcards stand for, joined by dots, told apart where that is no plain name;
        empty without wildcards.
    """
    levels = levels_of(subscribed, topic)
    if not levels:
        return ""
    name = ".".join(levels)
    doubtful = len(levels) > 1 and any("." in level for level in levels)  # a/b.c and a.b/c
    if all(map(is_plain, levels)) and len(name) <= LONGEST_NAME and not doubtful:
        return name
    return told_apart(name, "/".join(levels))


class Names:
    """Gives every identity behind one subscription a name that no other has.

    A device is called by its topic, as far as wildcards stand for it, else by the name in its
    messages. Further devices on one topic have both: ``ward3~bed7``.

    Parameters
    ----------
    subscribed : str
        Topic with wildcards.
    """

    def __init__(self, subscribed: str) -> None:
        self._subscribed = subscribed
        self._owners: dict[str, Identity] = {}

    def identity(self, topic: str, device: str) -> Identity:
        """Return who sent a message on a topic that names a device, or none.

        A device that calls itself as its topic does is the topic's own.
        """
        levels = levels_of(self._subscribed, topic)
        own = bool(levels) and device == levels[-1]
        return Identity(bounded(topic), "" if own else bounded(device))

    def name(self, identity: Identity, *, shared: bool) -> str:
        """Return the name of an identity, and keep it from others.

        Parameters
        ----------
        identity : Identity
            Whom to name.
        shared : bool
            Others send on its topic too.
        """
        wanted = self.wanted(identity, shared=shared)
        if self._owners.setdefault(wanted, identity) != identity:
            wanted = told_apart(wanted, "\x00".join(identity))
            self._owners[wanted] = identity
        return wanted

    def forget(self, name: str) -> None:
        """Give a name free."""
        self._owners.pop(name, None)

    def wanted(self, identity: Identity, *, shared: bool = False) -> str:
        """Return what an identity is called if nobody else is called so."""
        topic, device = identity
        by_topic = topic_name(self._subscribed, topic)
        if not by_topic:
            return device_name(device) if device else _UNFIT.sub("-", topic)[:LONGEST_NAME] or "device"
        if not device or not shared:
            return by_topic
        name = f"{by_topic}~{device_name(device)}"
        return name if len(name) <= LONGEST_NAME else told_apart(name, "\x00".join(identity))
