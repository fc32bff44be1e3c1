"""Packets that bring nothing new: sent twice, or come after their place was given up."""

from __future__ import annotations

from collections import deque

from ecgmon.firmware_bridge.packet import Packet

_REMEMBERED = 256
_HOLES = 32
_STUCK = 3
"""The same packet more often than this in a row is a device that stands still."""

_Seen = tuple[int | None, float | None, int]


class Received:
    """Remember what came and what is missing.

    A packet is a duplicate only if counter, clock and samples are those of one that came; it
    is late only if its number or its time lies in a hole.
    """

    def __init__(self) -> None:
        self._seen: deque[_Seen] = deque(maxlen=_REMEMBERED)
        self._seq_holes: deque[tuple[int, int]] = deque(maxlen=_HOLES)
        self._clock_holes: deque[tuple[float, float]] = deque(maxlen=_HOLES)
        self._same = 0

    def drop(
        self, packet: Packet, value: float | None, seq_step: int | None, clock_step: float | None
    ) -> str:
        """Return ``duplicate`` or ``late`` for a packet that brings nothing new, else nothing.

        Parameters
        ----------
        packet : Packet
            The packet.
        value : float or None
            Its clock as sent.
        seq_step, clock_step : int, float or None
            By how much counter and clock went on; None for one that does not tell.
        """
        ahead = clock_step is not None and clock_step > 0 if seq_step is None else seq_step > 0
        if ahead or (seq_step is None and clock_step is None):
            self._same = 0
            return ""
        if _key(packet, value) in self._seen:
            again = self._seen[-1] == _key(packet, value)
            self._same = self._same + 1 if again else 0
            return "duplicate" if self._same < _STUCK else ""
        seq = packet.seq
        if seq_step is not None and seq is not None:
            return "late" if any(first <= seq < end for first, end in self._seq_holes) else ""
        if value is not None and any(begin < value < end for begin, end in self._clock_holes):
            return "late"
        return ""

    def take(self, packet: Packet, value: float | None, *, hole: bool, modulus: int | None) -> None:
        """Note a packet that is given out, and whether samples are missing before it."""
        if hole and self._seen:
            seq, clock, _ = self._seen[-1]
            if seq is not None and packet.seq is not None:
                self._seq_holes.append((seq + 1, packet.seq))
                if modulus is not None and packet.seq <= seq:
                    self._seq_holes[-1] = (seq + 1, modulus)
                    self._seq_holes.append((0, packet.seq))
            if clock is not None and value is not None:
                self._clock_holes.append((clock, value))
        if packet.seq is not None or value is not None:
            self._seen.append(_key(packet, value))


def _key(packet: Packet, value: float | None) -> _Seen:
    return packet.seq, value, hash(packet.samples_mv.tobytes())
