"""What one device behind a broker has sent: decoded, put in order, and bounded until it is taken."""

from __future__ import annotations

from collections import deque

from ecgmon.firmware_bridge.packet import Packet, StreamFormat, Trouble
from ecgmon.monitor.core.events import LinkState, SampleBlock, SourceStatus
from ecgmon.monitor.ingest.admission import Bucket
from ecgmon.monitor.ingest.clock_order import Reorder
from ecgmon.monitor.ingest.live import Arrival, LiveDevice
from ecgmon.monitor.ingest.live_settings import MqttSettings
from ecgmon.monitor.ingest.payload import PayloadDecoder
from ecgmon.monitor.ingest.topics import Identity

TURN_SAMPLES = 1000
"""Samples passed on before other devices have their turn."""

MESSAGES_HZ, MESSAGES_AT_ONCE = 1000.0, 20_000.0
"""Messages that a device may send in a second, day in, day out, and so many at once, such as what a
gateway held back. A kilobyte counts as one more."""

SAMPLES_HZ, SAMPLES_AT_ONCE = 20_000.0, 400_000.0
"""The same for its samples."""

FLOOD_S = 5.0
"""What comes beyond that is left out. A device that goes on for so long is shut out."""

SHUT_OUT_S = 60.0
"""How long a device that sends too much is not listened to; twice as long each time."""

LONGEST_SHUT_OUT_S = 600.0

UNREADABLE_AFTER_S = 2.5
"""Messages of which nothing comes for so long are told of."""

MOSTLY = 9
"""A device is unreadable if it sends so many bad messages for each good one."""

PROVEN_S = 10.0
"""A device that has given so much signal keeps its place however long it is silent."""


class Inbox:
    """What has arrived from one device and waits to be passed on.

    Parameters
    ----------
    name : str
        Name of the device; empty if it is not settled yet.
    settings : MqttSettings
        What messages hold, and how much may wait.
    identity : Identity
        Whose messages it takes.
    now_s : float
        When the device was first heard.
    """

    def __init__(
        self,
        name: str,
        settings: MqttSettings,
        identity: Identity = Identity("", ""),  # noqa: B008 - it is frozen
        now_s: float = 0.0,
    ) -> None:
        self.identity = identity
        self.device = LiveDevice(name, settings.clock)
        self.payloads = PayloadDecoder(settings)
        self.since_s = self.heard_s = now_s
        self.report_due_s = now_s + min(2.0, settings.report_s)
        self.dropped = 0
        self.refused = 0
        self.messages = self.counted = 0
        self.back = False
        self.first_s = 0.0
        self.given_s = 0.0
        self.shut_until_s = 0.0
        self._shut_s = SHUT_OUT_S
        self._why = ""
        self._unreadable = False
        self._bad = self._good = 0
        self._bad_since_s = 0.0
        self._frames: dict[int, int] = {}
        self._over_s = self._over_since_s = float("-inf")
        self._messages_left = Bucket(MESSAGES_HZ, MESSAGES_AT_ONCE)
        self._samples_left = Bucket(SAMPLES_HZ, SAMPLES_AT_ONCE)
        self._largest = settings.max_message_bytes
        self._limit = settings.queue_samples
        self._depth = settings.reorder
        self._order: Reorder | None = None
        self._waiting: deque[tuple[Packet, StreamFormat, float]] = deque()
        self._samples = 0

    @property
    def name(self) -> str:
        """Name that the events carry; empty before it is settled."""
        return self.device.name

    @property
    def proven(self) -> bool:
        """True once there was so much signal that it is no invented name."""
        return self.given_s >= PROVEN_S

    @property
    def readable(self) -> bool:
        """True if most of what came lately could be read."""
        return self._good > self._bad

    @property
    def seconds(self) -> float:
        """Length of the signal that waits, in seconds; infinite at an unknown rate."""
        rate = self._waiting[-1][1].fs_hz if self._waiting else None
        return self._samples / rate if rate else float("inf")

    @property
    def waits(self) -> bool:
        """True if something waits to be taken."""
        return bool(self._waiting)

    def put(self, payload: bytes, time_s: float) -> bool:
        """Take a message; return True if something waits that did not before."""
        self.heard_s = time_s
        self.messages += 1
        if time_s < self.shut_until_s:
            self.refused += 1
            return False
        weight = len(payload) // 1000 if len(payload) <= self._largest else 0  # longer ones are not read
        if not (self._samples_left.holds(1.0, time_s) and self._messages_left.take(1.0 + weight, time_s)):
            self._overdo(time_s)
            return False
        was_empty = not self._waiting
        packets = self._decoded(payload)
        form = self.payloads.form
        if self._order is None and packets:
            self._order = Reorder(form.seq_modulus, self._depth)
        for packet in packets:
            assert self._order is not None
            self._samples_left.level -= packet.n_samples
            for ready, when in self._order.push(packet, time_s):
                self._waiting.append((ready, form, when))
                self._samples += ready.n_samples
        while self._samples > self._limit and len(self._waiting) > 1:
            self._samples -= self._waiting.popleft()[0].n_samples
            self.dropped += 1
        if was_empty and self._waiting:
            self.first_s = time_s
        return was_empty and bool(self._waiting)

    def _overdo(self, time_s: float) -> None:
        """Leave out a message of a device that sends too much."""
        self.refused += 1
        if time_s - self._over_s > 1.0:
            self._over_since_s = time_s
        self._over_s = time_s
        if time_s - self._over_since_s >= FLOOD_S:
            most = f"{MESSAGES_HZ:g} messages or {SAMPLES_HZ:g} samples"
            self.shut_out(f"sends more than {most} a second", time_s)

    def take(self, now_s: float | None = None) -> list[SampleBlock]:
        """Return what waits as blocks, at most a turn's worth; the rest is due from now on."""
        blocks: list[SampleBlock] = []
        taken = 0
        while self._waiting and taken < TURN_SAMPLES:
            form = self._waiting[0][1]
            arrivals: list[Arrival] = []
            while self._waiting and self._waiting[0][1] is form and taken < TURN_SAMPLES:
                packet, _, when = self._waiting.popleft()
                taken += packet.n_samples
                if arrivals and arrivals[-1][1] == when:
                    arrivals[-1][0].append(packet)
                else:
                    arrivals.append(([packet], when))
            blocks += self.device.blocks(arrivals, form)
        self._samples -= taken
        self.first_s = self.first_s if now_s is None else now_s
        self.given_s += sum(block.samples_mv.shape[1] / block.fs_hz for block in blocks)
        return blocks

    def shut_out(self, why: str, time_s: float) -> None:
        """Listen to the device no more for a while, twice as long each time.

        Parameters
        ----------
        why : str
            Its fault, in words that follow its name.
        time_s : float
            Now.
        """
        self.refused += 1
        self.shut_until_s = time_s + self._shut_s
        self._why = f"{why}; it is not listened to for {self._shut_s:.0f} s"
        self._shut_s = min(2 * self._shut_s, LONGEST_SHUT_OUT_S)
        self._over_s = float("-inf")
        self._waiting.clear()
        self._samples = 0
        self._unreadable = False

    def look(self, now_s: float) -> SourceStatus | None:
        """Return what is to be said of messages of which nothing comes; to be asked once a second."""
        if now_s < self.shut_until_s:
            return self._say("unreadable", self._why)
        if self._why:
            self._why, self._bad, self._good = "", 0, 0
            self._unreadable = False
            return self._say("streaming", "the device is listened to again")
        mostly = self._bad >= MOSTLY * self._good
        if self._bad and mostly and now_s - self._bad_since_s >= UNREADABLE_AFTER_S:
            return self._say("unreadable", self.trouble())
        if self._unreadable and self._good:
            self._unreadable = False
            return self._say("streaming", "its messages can be read again")
        return None

    def report(self) -> SourceStatus:
        """Return how the device fares; a doubt about its signal stands in for the figures in words."""
        state: LinkState = "unreadable" if self._unreadable else "streaming"
        detail = "the device is back" if self.back else self.payloads.note
        self.back = False
        return self.device.status(state, self.trouble() if self._unreadable else detail, self.figures())

    def _say(self, state: LinkState, detail: str) -> SourceStatus | None:
        """Return news, once."""
        if state == "unreadable" and self._unreadable:
            return None
        self._unreadable = state == "unreadable"
        return self.device.status(state, detail, self.figures())

    def _judge(self, *, good: bool, bad: bool) -> None:
        """Count good and bad messages; what is long past weighs less and less.

        A message that holds no samples and is in order, such as a hello, is neither, unless there
        never were any samples.
        """
        self.refused += bad
        bad |= not good and not self._good
        if bad and not self._bad:
            self._bad_since_s = self.heard_s
        self._good, self._bad = self._good + good, self._bad + bad
        if self._good + self._bad > 10 * MOSTLY:
            self._good, self._bad = (self._good + 1) // 2, self._bad // 2

    def trouble(self) -> str:
        """Return why messages are refused, in words."""
        found = self.payloads.trouble
        words = f"messages arrive, {self.refused} refused"
        if found is None:
            return f"{words}: nothing comes of them"
        return f"{words}: {found.advice} Came: {found.example} Expected: {found.expected}"

    def _decoded(self, payload: bytes) -> list[Packet]:
        if len(payload) > self._largest:
            self._judge(good=False, bad=True)
            size = f"{len(payload) / 1e6:.1f} MB"
            self.payloads.trouble = Trouble(
                f"a message of {size}",
                f"at most {self._largest} bytes.",
                "The message is too long: see mqtt.max_message_bytes.",
            )
            return []
        packets = self.payloads.decode(payload)
        counters = self.payloads.counters
        in_order = counters.frames != self._frames.get(id(counters), 0)
        self._frames[id(counters)] = counters.frames
        self._judge(good=bool(packets), bad=not packets and not in_order)
        return packets

    def figures(self) -> dict[str, float]:
        """Return the figures of link and queue."""
        counters = self.payloads.counters
        return {
            "bad_frames": float(counters.bad_frames),
            "resyncs": float(counters.resyncs),
            "dropped_blocks": float(self.dropped),
            "reordered_packets": float(self._order.reordered if self._order else 0),
            "queue_depth": float(len(self._waiting)),
            "refused_messages": float(self.refused),
        }
