"""Who is let in behind a broker: at what pace, how many, and who comes first."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

NEWCOMERS = 60
"""Names never heard before that are let in at once."""

NEWCOMERS_HZ = 1.0
"""So many more with each second."""

HEARINGS = 3
HEARD_FOR_S = 1.0
"""A name that was heard so often, over so long, is let in among however many invented ones."""

REMEMBERED = 20_000
"""Names remembered that were heard once or twice; of each a number is kept, not the name."""


@dataclass(slots=True)
class Bucket:
    """Lets so much pass in a second, and a store of it at once.

    Parameters
    ----------
    rate : float
        What flows in, a second.
    size : float
        The most that can be there.
    """

    rate: float
    size: float
    level: float = -1.0
    at_s: float = 0.0

    def take(self, amount: float, now_s: float) -> bool:
        """Take an amount, if it is there."""
        if self.level < 0:
            self.level, self.at_s = self.size, now_s
        self.level = min(self.size, self.level + self.rate * (now_s - self.at_s))
        self.at_s = now_s
        if self.level < amount:
            return False
        self.level -= amount
        return True


class Admission:
    """Decides on names never heard before.

    Known devices are let in at once. Others are, as long as few come; when many do, a name must
    be heard `HEARINGS` times over `HEARD_FOR_S`, which a wearable is and an invented name is not.

    Parameters
    ----------
    known : frozenset of str
        Names of devices that are expected.
    """

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known
        self._bucket = Bucket(NEWCOMERS_HZ, NEWCOMERS)
        self._heard: OrderedDict[int, tuple[float, int]] = OrderedDict()

    def is_known(self, name: str) -> bool:
        """Tell whether a device is expected."""
        return name in self._known

    def refusal(self, name: str, key: int, now_s: float) -> str:
        """Return why a name is not let in yet; empty if it is.

        Parameters
        ----------
        name : str
            What the device would be called.
        key : int
            A number that stands for its identity.
        now_s : float
            Seconds on a clock that never jumps.
        """
        if name in self._known:
            return ""
        since, times = self._heard.pop(key, (now_s, 0))
        proven = times + 1 >= HEARINGS and now_s - since >= HEARD_FOR_S
        if proven or self._bucket.take(1.0, now_s):
            return ""
        self._heard[key] = (since, times + 1)
        if len(self._heard) > REMEMBERED:
            self._heard.popitem(last=False)
        return "too many new names come at once"
