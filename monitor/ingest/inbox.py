"""What one device behind a broker has sent: decoded, put in order, and bounded until it is taken."""

from __future__ import annotations

from collections import deque

from ecgmon.firmware_bridge.packet import Packet, StreamFormat
from ecgmon.monitor.core.events import SampleBlock
from ecgmon.monitor.ingest.clock.order import Reorder
from ecgmon.monitor.ingest.live import Arrival, LiveDevice
from ecgmon.monitor.ingest.live_settings import MqttSettings
from ecgmon.monitor.ingest.payload import PayloadDecoder


class Inbox:
    """What has arrived from one device and waits to be passed on.

    Parameters
    ----------
    name : str
        Name of the device.
    settings : MqttSettings
        What messages hold, and how much may wait.
    """

    def __init__(self, name: str, settings: MqttSettings) -> None:
        self.device = LiveDevice(name, settings.clock)
        self.payloads = PayloadDecoder(settings)
        self.report_due_s = 0.0
        self.dropped = 0
        self.back = False
        self.first_s = 0.0
        self._limit = settings.queue_samples
        self._depth = settings.reorder
        self._order: Reorder | None = None
        self._waiting: deque[tuple[Packet, StreamFormat, float]] = deque()
        self._samples = 0

    @property
    def seconds(self) -> float:
        """Length of the signal that waits, in seconds; infinite at an unknown rate."""
        rate = self._waiting[-1][1].fs_hz if self._waiting else None
        return self._samples / rate if rate else float("inf")

    def put(self, payload: bytes, time_s: float) -> bool:
        """Take a message; return True if something waits that did not before."""
        was_empty = not self._waiting
        packets = self.payloads.decode(payload)
        form = self.payloads.form
        if self._order is None and packets:
            self._order = Reorder(form.seq_modulus, self._depth)
        for packet in packets:
            assert self._order is not None
            for ready, when in self._order.push(packet, time_s):
                self._waiting.append((ready, form, when))
                self._samples += ready.n_samples
        while self._samples > self._limit and len(self._waiting) > 1:
            self._samples -= self._waiting.popleft()[0].n_samples
            self.dropped += 1
        if was_empty and self._waiting:
            self.first_s = time_s
        return was_empty and bool(self._waiting)

    def take(self) -> list[SampleBlock]:
        """Return all that waits as blocks."""
        blocks: list[SampleBlock] = []
        while self._waiting:
            form = self._waiting[0][1]
            arrivals: list[Arrival] = []
            while self._waiting and self._waiting[0][1] is form:
                packet, _, when = self._waiting.popleft()
                if arrivals and arrivals[-1][1] == when:
                    arrivals[-1][0].append(packet)
                else:
                    arrivals.append(([packet], when))
            blocks += self.device.blocks(arrivals, form)
        self._samples = 0
        return blocks

    def figures(self) -> dict[str, float]:
        """Return the figures of link and queue."""
        counters = self.payloads.counters
        return {
            "bad_frames": float(counters.bad_frames),
            "resyncs": float(counters.resyncs),
            "dropped_blocks": float(self.dropped),
            "reordered_packets": float(self._order.reordered if self._order else 0),
            "queue_depth": float(len(self._waiting)),
        }
