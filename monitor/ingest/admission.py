"""Who is let in behind a broker: at what pace, how many, and who comes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

NEWCOMERS = 60
"""Names never heard before that are let in at once."""

NEWCOMERS_HZ = 1.0
"""So many more with each second."""

PROOF_MESSAGES, PROOF_S, PROOF_SHARE = 3, 1.0, 0.3
"""A name that in so many messages, over so long, gave signal for at least this share of the time is a
device, and let in among however many invented ones."""

PROVEN_HZ = 20.0
"""So many of them are let in a second."""

STEADY_S = 2.5
"""A name that is silent for longer begins its trial anew."""

TRIALS_HZ = 1000.0
"""Messages a second that are looked into to find devices among invented names."""

REMEMBERED = 20_000
"""Names on trial; of each a few numbers are kept, not the name."""


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
    level: float = field(init=False)
    at_s: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.level = self.size

    def holds(self, amount: float, now_s: float) -> bool:
        """Tell whether an amount is there."""
        since_s = now_s - self.at_s if self.at_s is not None else 0.0
        self.at_s = now_s
        self.level = min(self.size, self.level + self.rate * since_s)
        return self.level >= amount

    def take(self, amount: float, now_s: float) -> bool:
        """Take an amount, if it is there."""
        enough = self.holds(amount, now_s)
        self.level -= amount if enough else 0.0
        return enough


@dataclass(slots=True)
class _Trial:
    """What a name has shown so far."""

    since_s: float
    heard_s: float
    messages: int = 0
    signal_s: float = 0.0

    def passed(self, now_s: float) -> bool:
        """Tell whether it is a device."""
        long_s = now_s - self.since_s
        return long_s >= PROOF_S and self.messages >= PROOF_MESSAGES and self.signal_s >= PROOF_SHARE * long_s


class Admission:
    """Decides on names never heard before.

    Known devices are let in at once. Others are, as long as few come. When many do, a name must
    prove that it is a device: it gives signal at about the speed of life, over a second. An invented
    name does not.

    Parameters
    ----------
    known : frozenset of str
        Names of devices that are expected.
    """

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known
        self._bucket = Bucket(NEWCOMERS_HZ, NEWCOMERS)
        self._proven = Bucket(PROVEN_HZ, PROVEN_HZ)
        self._looks = Bucket(TRIALS_HZ, TRIALS_HZ)
        self._trials: OrderedDict[int, _Trial] = OrderedDict()

    def is_known(self, name: str) -> bool:
        """Tell whether a device is expected."""
        return name in self._known

    def refusal(self, name: str, key: int, seconds: Callable[[], float], now_s: float) -> str:
        """Return why a name is not let in yet; empty if it is.

        Parameters
        ----------
        name : str
            What the device would be called.
        key : int
            A number that stands for its identity.
        seconds : callable
            Looks into its message, and returns how much signal is in it.
        now_s : float
            Seconds on a clock that never jumps.
        """
        if name in self._known:
            return ""
        if self._bucket.take(1.0, now_s):
            self._trials.pop(key, None)
            return ""
        trial = self._trials.pop(key, None)
        if trial is None or now_s - trial.heard_s > STEADY_S:
            trial = _Trial(now_s, now_s)
        elif self._looks.take(1.0, now_s):
            trial.messages += 1
            trial.signal_s += seconds()
        trial.heard_s = now_s
        if trial.passed(now_s) and self._proven.take(1.0, now_s):
            return ""
        self._trials[key] = trial
        if len(self._trials) > REMEMBERED:
            self._trials.popitem(last=False)
        return "too many new names come at once"
