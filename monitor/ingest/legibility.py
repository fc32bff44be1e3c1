"""Whether what arrives from a device is understood: judged over seconds, and said in words."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from ecgmon.firmware_bridge.packet import Trouble, shown

UNREADABLE_AFTER_S = 4.0
"""What arrives for so long without a sample coming of it, or of next to nothing of it, is unreadable."""

RECENT_S = 2.0
"""A device that was understood and has sent nothing for so long is silent, not unreadable."""

MOSTLY = 0.9
"""Share refused at which a device is unreadable although samples come."""

SOUND = 0.5
"""Share refused at which an unreadable device counts as readable again."""

_BIN_S = 0.5


@dataclass(slots=True)
class _Bin:
    """What arrived in half a second."""

    number: int
    arrived: int = 0
    refused: int = 0


class Legibility:
    """Judges one device by how much of what it sends is understood.

    Parameters
    ----------
    least : int
        Fewest bytes or messages in `UNREADABLE_AFTER_S` of which a share says anything.

    Attributes
    ----------
    unreadable : bool
        What `judge` found last.
    """

    def __init__(self, least: int) -> None:
        self.unreadable = False
        self._least = least
        self._ever = False
        self._began_s: float | None = None
        self._since_s: float | None = None
        self._sound_s: float | None = None
        self._latest_s = 0.0
        self._bins: deque[_Bin] = deque(maxlen=round(UNREADABLE_AFTER_S / _BIN_S))

    def take(self, now_s: float, *, arrived: int, refused: int, samples: bool) -> None:
        """Take note of what arrived.

        Parameters
        ----------
        now_s : float
            When, on a clock that never jumps.
        arrived, refused : int
            Bytes or messages that came, and how many were found to make no sense.
        samples : bool
            Whether samples came of them.
        """
        number = int(now_s / _BIN_S)
        if not self._bins or self._bins[-1].number != number:
            self._bins.append(_Bin(number))
        self._bins[-1].arrived += arrived
        self._bins[-1].refused += refused
        self._latest_s = now_s
        if self._began_s is None:
            self._began_s = now_s
        self._sound_s = now_s if samples else None
        if samples:
            self._ever, self._since_s = True, None
        elif self._since_s is None:
            self._since_s = now_s

    def judge(self, now_s: float) -> bool:
        """Return whether the verdict has changed; to be asked after each arrival and twice a second."""
        share = self._share(now_s)
        if not self.unreadable:
            verdict = self._nothing(now_s) or (share is not None and share >= MOSTLY)
        else:
            sound = self._sound_s is not None and now_s - self._sound_s < RECENT_S
            verdict = not sound or self._refused(now_s) > SOUND
        changed = verdict != self.unreadable
        self.unreadable = verdict
        return changed

    def restart(self) -> None:
        """Forget what came before, as the link is a new one; the verdict stays until there is another."""
        self._began_s = self._since_s = self._sound_s = None
        self._bins.clear()

    def _nothing(self, now_s: float) -> bool:
        """Tell whether things arrive and no sample has come of them for long."""
        if self._since_s is None or now_s - self._since_s < UNREADABLE_AFTER_S:
            return False
        return not self._ever or now_s - self._latest_s < RECENT_S

    def _share(self, now_s: float) -> float | None:
        """Return the share refused of late; None where too little came to say."""
        young = self._began_s is None or now_s - self._began_s < UNREADABLE_AFTER_S - _BIN_S
        enough = sum(one.arrived for one in self._recent(now_s)) >= self._least
        return self._refused(now_s) if enough and not young else None

    def _refused(self, now_s: float) -> float:
        recent = self._recent(now_s)
        return sum(one.refused for one in recent) / max(1, sum(one.arrived for one in recent))

    def _recent(self, now_s: float) -> list[_Bin]:
        oldest = int(now_s / _BIN_S) - round(UNREADABLE_AFTER_S / _BIN_S)
        return [one for one in self._bins if one.number > oldest]


def complaint(what: str, trouble: Trouble | None, latest: bytes = b"", hint: str = "") -> str:
    """Return one plain line on what is not understood: what happens, an example, and what to do.

    Parameters
    ----------
    what : str
        What happens, without a full stop.
    trouble : Trouble or None
        What the decoder says.
    latest : bytes
        What came last, for an example where the decoder gives none.
    hint : str
        What to do where the decoder does not say.
    """
    example = trouble.example if trouble is not None else shown(latest)
    parts = [f"{what}, such as '{example}'." if example else f"{what}."]
    if trouble is not None and trouble.expected:
        parts.append(f"Expected: {trouble.expected.rstrip('.')}.")
    advice = trouble.advice if trouble is not None and trouble.advice else hint
    return " ".join([*parts, advice]).strip()
