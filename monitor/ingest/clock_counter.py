"""What the counter in packets counts: messages, samples, steps of its own, or nothing."""

from __future__ import annotations

from collections import Counter, deque
from typing import Literal

from ecgmon.firmware_bridge.packet import Packet

Counts = Literal["", "messages", "samples", "ends", "steps", "still", "erratic"]
"""``samples`` is the index of a packet's first sample, ``ends`` that behind its last."""

_RECENT = 8
_SURE = 3
_NEAR_S = 0.1
"""A counter that disagrees with the time of arrival by more than this has started anew."""
_LATE_PACKETS = 16


class FrameCounter:
    """Find out what a counter counts, and how many samples are missing by it.

    Parameters
    ----------
    modulus : int or None
        The counter runs from 0 to one less and counts packets; None where that is not known.
    """

    def __init__(self, modulus: int | None) -> None:
        self._modulus = modulus
        self._recent: deque[tuple[Counts, int]] = deque(maxlen=_RECENT)
        self._seq: int | None = None
        self._n = 0
        self._stride = 0
        self.seen = False
        self.kind: Counts = ""

    @property
    def tells(self) -> bool:
        """True if missing packets can be counted with it."""
        return self._seq is not None and self.kind not in ("still", "erratic")

    @property
    def sure(self) -> bool:
        """True once several packets in a row have agreed on what it counts."""
        return bool(self.kind) and sum(kind == self.kind for kind, _ in self._recent) >= _SURE

    def step(self, packet: Packet) -> int | None:
        """Return by how much it went on since the packet before; negative if it went back."""
        if packet.seq is None or self._seq is None:
            return None
        step = packet.seq - self._seq
        if self._modulus is None:
            return step
        step %= self._modulus
        return step - self._modulus if step > self._modulus - min(_LATE_PACKETS, self._modulus // 4) else step

    def take(self, packet: Packet) -> None:
        """Learn from a packet that is given out."""
        step = self.step(packet)
        self.seen |= packet.seq is not None
        if step is not None:
            self._learn(step, packet.n_samples)
        self._seq, self._n = packet.seq, packet.n_samples

    def _learn(self, step: int, n: int) -> None:
        kind = self._kind_of(step, n)
        self._recent.append((kind, step))
        if kind and kind == self.kind:
            return
        (best, count), *_ = Counter(kind for kind, _ in self._recent).most_common(1)
        if best and 2 * count > len(self._recent):
            self.kind = best
        elif len(self._recent) == _RECENT and sum(step < 0 for _, step in self._recent) > 2:
            self.kind = "erratic"

    def _kind_of(self, step: int, n: int) -> Counts:
        if step == 1:
            return "messages"
        if step == 0:
            return "still"
        if self._modulus is None:
            if step == self._n:
                return "samples"
            if step == n:
                return "ends"
            alike = sum(other == step for _, other in self._recent)
            if step > 0 and alike >= _SURE and self.kind not in ("messages", "samples", "ends"):
                self._stride = step
                return "steps"
        return ""

    def missing(self, packet: Packet, arrival: int, *, reconnected: bool, rate_hz: float) -> int | None:
        """Return how many samples are missing before a packet; None if it cannot tell.

        Parameters
        ----------
        packet : Packet
            The packet.
        arrival : int
            Samples missing by the time of arrival; 0 where that is too short to mean something.
        reconnected : bool
            The link was lost in between, so that the device may have started anew.
        rate_hz : float
            True rate of the device in Hz.
        """
        step, n = self.step(packet), packet.n_samples
        if step is None or not self.tells:
            return None
        if self._modulus is not None:
            hint = max(packet.missed_samples, arrival)
            between = (step - 1) % self._modulus
            wraps = max(0, round((hint / n - between) / self._modulus))
            counted = (between + wraps * self._modulus) * n
            return None if reconnected and abs(counted - arrival) > _NEAR_S * rate_hz else counted
        kind = self.kind or ("samples" if step == self._n else "ends" if step == n else "messages")
        if step <= 0:
            return None
        if kind in ("samples", "ends"):
            rest = step - (self._n if kind == "samples" else n)
            return rest if rest >= 0 else None
        if kind == "steps":
            return (round(step / self._stride) - 1) * n
        return (step - 1) * n
