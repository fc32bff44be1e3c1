"""All devices behind one broker: who is let in, what each is called, who has to go."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import fields

from ecgmon.monitor.core.events import Forgotten, LinkState, SourceStatus
from ecgmon.monitor.core.names import printable
from ecgmon.monitor.ingest.admission import Admission
from ecgmon.monitor.ingest.flood import FloodWatch
from ecgmon.monitor.ingest.inbox import Inbox
from ecgmon.monitor.ingest.live_settings import MqttSettings
from ecgmon.monitor.ingest.payload import PayloadDecoder
from ecgmon.monitor.ingest.topics import Identity, Names, topic_name, topics_of

LOG = logging.getLogger(__name__)

SETTLE_S = 1.0
"""How long a device waits for its name, to see whether others send on its topic."""

LOOK_S = 1.0
"""Seconds between two looks at everybody."""

FORGET_AFTER_S = 300.0
"""A name that gave next to nothing loses its place after so long a silence."""

REPLACE_AFTER_S = 30.0
"""It loses it after so short a one if somebody else needs the place."""

TRUSTED_AFTER_S = 600.0
"""A device heard for so long is not sent away when the machine has too much to do."""

BUSY_S = 0.5
"""Nobody new is let in while samples wait for longer than this."""

OVERLOADED_S, OVERLOADED_FOR_S = 1.0, 5.0
"""The last who came are sent away if samples have waited for longer than this, for so many seconds."""

RELIEF = 20
"""One in so many is sent away at a time."""

SAY_AGAIN_S = 10.0

_HEAD_BYTES = 200
"""A name that stands so near to the beginning of a message is known again by its bytes."""

_HELD_S = 0.1
"""What a good frame counts for whose rate is told by another."""


class Crowd:
    """Sorts messages into the inboxes of those who sent them.

    Parameters
    ----------
    subscribed : str
        Topic with wildcards.
    settings : MqttSettings
        What messages hold, and how many devices there may be.
    known : frozenset of str
        Names of devices that are expected.
    link : str
        Name of the connection, for news that concern no single device.
    """

    def __init__(self, subscribed: str, settings: MqttSettings, known: frozenset[str], link: str) -> None:
        self._subscribed = subscribed
        self._settings = settings
        self._link = link
        self._names = Names(subscribed)
        self._admission = Admission(known)
        self.watch = FloodWatch(self, topics_of(subscribed, known))
        self._reader = PayloadDecoder(settings)
        self._key = f'"{settings.fields.device.rpartition(".")[2]}"'.encode()
        self._heads: dict[bytes, str] = {}
        self._by_topic: dict[str, dict[Identity, Inbox]] = {}
        self._unsettled: list[Inbox] = []
        self._elsewhere: set[Identity] = set()
        self._news: list[SourceStatus] = []
        self._turned_away: Counter[str] = Counter()
        self._example = ""
        self._turning_away = False
        self._said_s = self._looked_s = float("-inf")
        self._retained = 0
        self._counted_s = float("-inf")
        self._lag_s, self._lag_at_s = 0.0, float("-inf")
        self._late_since_s: float | None = None

    def __iter__(self) -> Iterator[Inbox]:
        """All inboxes."""
        return (inbox for inboxes in self._by_topic.values() for inbox in inboxes.values())

    def __len__(self) -> int:
        return sum(map(len, self._by_topic.values()))

    def take(self, topic: str, payload: bytes, *, retained: bool, now_s: float) -> Inbox | None:
        """Take a message; return the inbox in which something waits that did not before."""
        self.watch.taken += 1
        if retained:
            self._retained += 1
            self.watch.strange += 1
            return None
        inbox = self._inbox(topic, payload, now_s)
        if inbox is None:
            return None
        try:
            waits = inbox.put(payload, now_s)
        except Exception as error:
            self.fault(inbox, error, now_s)
            return None
        return inbox if waits and inbox.name else None

    def fault(self, inbox: Inbox, error: Exception, now_s: float) -> None:
        """Shut out a device whose data make the program fail; nobody else shall suffer from it."""
        LOG.error("%s: its data cannot be processed.", printable(inbox.name), exc_info=error)
        inbox.shut_out(f"its data cannot be processed ({type(error).__name__})", now_s)

    def settled(self, now_s: float) -> list[Inbox]:
        """Give names to those who have waited long enough; return the inboxes in which something waits."""
        due = [inbox for inbox in self._unsettled if now_s - inbox.since_s >= SETTLE_S]
        shared = {inbox.identity.topic: len(self._by_topic[inbox.identity.topic]) > 1 for inbox in due}
        for inbox in due:
            self._unsettled.remove(inbox)
            inbox.first_s = now_s
            inbox.device.name = self._names.name(inbox.identity, shared=shared[inbox.identity.topic])
        return [inbox for inbox in due if inbox.waits]

    def next_look_s(self) -> float:
        """Return when `settled` or `news` have something to do next."""
        return min([self._looked_s + LOOK_S, *(inbox.since_s + SETTLE_S for inbox in self._unsettled)])

    def late(self, lag_s: float, now_s: float) -> None:
        """Note for how long samples that were due have waited."""
        self._lag_s, self._lag_at_s = lag_s, now_s
        if lag_s < OVERLOADED_S:
            self._late_since_s = None
        elif self._late_since_s is None:
            self._late_since_s = now_s

    def is_busy(self, now_s: float) -> bool:
        """Tell whether samples wait for too long."""
        return self._lag_s > BUSY_S and now_s - self._lag_at_s < LOOK_S

    def rank(self, inbox: Inbox) -> tuple[bool, float]:
        """Return what is less for those who go before others: who is expected, then who came first."""
        return not self._admission.is_known(inbox.name), inbox.since_s

    def news(self, now_s: float) -> list[SourceStatus]:
        """Look at everybody, and return what there is to say."""
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            idle = [inbox for inbox in self if self._is_idle(inbox, now_s, FORGET_AFTER_S)]
            self._forget(idle, "gave next to nothing and is silent; its place is free")
            self._relieve(now_s)
            self._news += [said for inbox in self if inbox.name and (said := inbox.look(now_s)) is not None]
            self._speak(now_s)
        news, self._news = self._news, []
        return news

    def _inbox(self, topic: str, payload: bytes, now_s: float) -> Inbox | None:
        named = len(payload) <= self._settings.max_message_bytes and self._key in payload
        device = self._device(payload) if named else ""
        identity = self._names.identity(topic, device)
        inboxes = self._by_topic.get(identity.topic, {})
        inbox = inboxes.get(identity)
        if inbox is not None:
            return inbox
        if not identity.device and len(inboxes) == 1 and not self._signal_s(payload):
            return next(iter(inboxes.values()))  # what nobody can read is of the only one there is
        return self._newcomer(identity, topic, payload, now_s)

    def _device(self, payload: bytes) -> str:
        """Return the name in a message; what stands before and in it is not read twice."""
        end = payload.find(b",", payload.find(self._key) + len(self._key))
        head = payload[:end] if 0 < end <= _HEAD_BYTES else None
        device = self._heads.get(head) if head is not None else None
        if device is None:
            device = self._reader.device(payload)
            if head is not None and device and payload.count(self._key) == 1:
                if len(self._heads) >= self._settings.max_devices:
                    self._heads.clear()
                self._heads[head] = device
        return device

    def _signal_s(self, payload: bytes) -> float:
        """Return the seconds of signal in a message of somebody unknown; a guess where it does not tell."""
        if len(payload) > self._settings.max_message_bytes:
            return 0.0
        decoder = PayloadDecoder(self._settings)
        samples = sum(packet.n_samples for packet in decoder.decode(payload))
        if not samples:
            return _HELD_S if decoder.counters.frames else 0.0
        return samples / (decoder.form.fs_hz or samples)

    def _newcomer(self, identity: Identity, topic: str, payload: bytes, now_s: float) -> Inbox | None:
        if identity in self._elsewhere:
            return None
        name = self._names.wanted(identity)
        if not self._settings.is_ours(name):
            if len(self._elsewhere) < self._settings.parts * self._settings.max_devices:
                self._elsewhere.add(identity)
            return None
        known = self._admission.is_known(name)
        reason = "this machine has too much to do" if self.is_busy(now_s) and not known else ""
        reason = reason or self._admission.refusal(
            name, hash(identity), lambda: self._signal_s(payload), now_s
        )
        if not reason and len(self) >= self._settings.max_devices and not self._make_room(now_s, known=known):
            reason = f"max_devices is {self._settings.max_devices}"
        if reason:
            self.watch.strange += 1
            self._turned_away[reason] += 1
            self._example = printable(name, 40)
            return None
        inbox = Inbox("", self._settings, identity, now_s)
        self._by_topic.setdefault(identity.topic, {})[identity] = inbox
        if identity.device and topic_name(self._subscribed, topic):
            self._unsettled.append(inbox)
        else:
            inbox.device.name = self._names.name(identity, shared=False)
        return inbox

    def _is_idle(self, inbox: Inbox, now_s: float, silent_s: float) -> bool:
        """Tell whether a device may lose its place."""
        idle = now_s - max(inbox.heard_s, inbox.shut_until_s) >= silent_s
        return idle and not inbox.proven and not self._admission.is_known(inbox.name)

    def _make_room(self, now_s: float, *, known: bool) -> bool:
        """Let go of somebody who needs no place; for a known device, of the last who came."""
        strangers = [inbox for inbox in self if not self._admission.is_known(inbox.name)]
        idle = [inbox for inbox in strangers if self._is_idle(inbox, now_s, REPLACE_AFTER_S)]
        going = idle or (strangers if known else [])
        if not going:
            return False
        why = "somebody else needs its place" if idle else "a device named in the settings needs its place"
        self._forget([max(going, key=lambda inbox: inbox.since_s)], why)
        return True

    def _relieve(self, now_s: float) -> None:
        """Shut out the last who came if the machine cannot follow."""
        if self._late_since_s is None or now_s - self._lag_at_s >= LOOK_S:
            self._late_since_s = None
            return
        if now_s - self._late_since_s < OVERLOADED_FOR_S:
            return
        young = [
            inbox
            for inbox in self
            if not self._admission.is_known(inbox.name)
            and now_s - inbox.since_s < TRUSTED_AFTER_S
            and now_s >= inbox.shut_until_s
        ]
        for last in sorted(young, key=self.rank)[-1 - len(self) // RELIEF :]:
            last.shut_out("came last, and this machine has too much to do", now_s)

    def _forget(self, going: Iterable[Inbox], why: str) -> None:
        for inbox in going:
            topic = self._by_topic[inbox.identity.topic]
            del topic[inbox.identity]
            if not topic:
                del self._by_topic[inbox.identity.topic]
            if inbox in self._unsettled:
                self._unsettled.remove(inbox)
            self._names.forget(inbox.name)
            if inbox.name:
                status = inbox.device.status("ended", why)
                self._news.append(
                    Forgotten(**{part.name: getattr(status, part.name) for part in fields(status)})
                )

    def _speak(self, now_s: float) -> None:
        """Say what concerns no single device."""
        if self._retained:
            self._say(
                "streaming", f"{self._retained} retained messages left aside: what a broker kept is old"
            )
            self._retained = 0
        if now_s - self._said_s < SAY_AGAIN_S:
            return
        if self._turned_away:
            reasons = ", ".join(f"{count}: {reason}" for reason, count in self._turned_away.items())
            self._say("unreadable", f"messages of new names refused, {reasons} (such as {self._example})")
            self._said_s = now_s
            self._turning_away = True
            self._turned_away.clear()
        elif self._turning_away:
            self._turning_away = False
            self._say("streaming", "no new name is turned away any more")

    def _say(self, state: LinkState, detail: str) -> None:
        self._news.append(
            SourceStatus(sample=0, time_s=0.0, known_at=0, device=self._link, state=state, detail=detail)
        )
