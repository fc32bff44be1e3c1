"""Packets put back into the order in which they were sent."""

from __future__ import annotations

from ecgmon.firmware_bridge.packet import Packet

_LONGEST_S = 2.0
_SURE = 3
_FAR_BACK = 64
"""A packet that many packets late comes from a counter that began anew."""

Timed = tuple[Packet, float]


class Reorder:
    """Hold a packet that came too early until those before it are there.

    Parameters
    ----------
    modulus : int or None
        The counter of the packets runs from 0 to one less; None if that is not known. It may
        then count samples.
    depth : int
        Packets held at most, and two seconds at most; then what is missing counts as lost.
    """

    def __init__(self, modulus: int | None, depth: int = 4) -> None:
        self._modulus = modulus
        self._depth = depth
        self._expected: int | None = None
        self._held: dict[int, Timed] = {}
        self._before: Packet | None = None
        self._in_samples = 0
        self.reordered = 0

    def push(self, packet: Packet, time_s: float) -> list[Timed]:
        """Take a packet and its time of arrival; return those whose turn it is."""
        if packet.seq is None:
            return [(packet, time_s)]
        released = self._learned(packet)
        if self._expected is None:
            self._expected = packet.seq
        ahead, length = self._ahead(packet.seq), self._length(packet)
        if ahead < -_FAR_BACK * length:
            released += self._all()
            self._expected, ahead = packet.seq, 0
        if ahead < 0:
            return [*released, (packet, time_s)]
        self.reordered += ahead == 0 and bool(self._held)
        self._held[self._expected + ahead] = (packet, time_s)
        waited_s = time_s - min(when for _, when in self._held.values())
        if ahead > self._depth * length or len(self._held) > self._depth or waited_s > _LONGEST_S:
            self._expected = min(self._held)
        return released + self._release()

    def _length(self, packet: Packet) -> int:
        """Return by how much the counter goes on over a packet."""
        return packet.n_samples if self._in_samples >= _SURE else 1

    def _learned(self, packet: Packet) -> list[Timed]:
        """Notice a counter of samples; return what was held in the belief that it counts packets."""
        before, self._before = self._before, packet
        if self._modulus is not None or before is None or before.seq is None or packet.seq is None:
            return []
        step = packet.seq - before.seq
        if step == before.n_samples > 1:
            self._in_samples = min(_SURE, self._in_samples + 1)
        elif step == 1:
            self._in_samples = max(0, self._in_samples - 1)
            return []
        if self._in_samples < _SURE or self._expected != before.seq + 1:
            return []
        self._expected = packet.seq
        return self._all()

    def _ahead(self, seq: int) -> int:
        """Return how far a counter lies behind the expected one; negative if it is late."""
        assert self._expected is not None
        ahead = seq - self._expected
        if self._modulus is None:
            return ahead
        return (ahead + self._modulus // 2) % self._modulus - self._modulus // 2

    def _release(self) -> list[Timed]:
        assert self._expected is not None
        released = []
        while self._expected in self._held:
            released.append(self._held.pop(self._expected))
            self._expected += self._length(released[-1][0])
        return released

    def _all(self) -> list[Timed]:
        released = [self._held[key] for key in sorted(self._held)]
        self._held.clear()
        return released
