"""Packets put back into the order in which they were sent."""

from __future__ import annotations

from ecgmon.firmware_bridge.packet import Packet


class Reorder:
    """Hold a packet that came too early until those before it are there.

    Parameters
    ----------
    modulus : int or None
        The counter of the packets runs from 0 to one less; None if it does not wrap.
    depth : int
        Packets held at most; then what is missing counts as lost.
    """

    def __init__(self, modulus: int | None, depth: int = 4) -> None:
        self._modulus = modulus
        self._depth = depth
        self._expected: int | None = None
        self._held: dict[int, tuple[Packet, float]] = {}
        self.reordered = 0

    def push(self, packet: Packet, time_s: float) -> list[tuple[Packet, float]]:
        """Take a packet and its time of arrival; return those whose turn it is."""
        if packet.seq is None:
            return [(packet, time_s)]
        if self._expected is None:
            self._expected = packet.seq
        ahead = self._ahead(packet.seq)
        if ahead < 0:
            return [(packet, time_s)]
        self.reordered += ahead == 0 and bool(self._held)
        self._held[self._expected + ahead] = (packet, time_s)
        if ahead > self._depth or len(self._held) > self._depth:
            self._expected = min(self._held)
        return self._release()

    def _ahead(self, seq: int) -> int:
        """Return how many packets lie between the expected one and this; negative if it is late."""
        assert self._expected is not None
        ahead = seq - self._expected
        if self._modulus is None:
            return ahead
        return (ahead + self._modulus // 2) % self._modulus - self._modulus // 2

    def _release(self) -> list[tuple[Packet, float]]:
        assert self._expected is not None
        released = []
        while self._expected in self._held:
            released.append(self._held.pop(self._expected))
            self._expected += 1
        return released
