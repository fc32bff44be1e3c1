"""What the clock in messages is worth: its unit, its steps, and how many samples are missing by it."""

from __future__ import annotations

import math
from collections import deque
from statistics import median

_PAIRS = 16
_PIECE_S = 0.1
"""Messages shorter than this are looked at several at a time."""
_STILL_S = 1.0
_MATCH = 0.05
"""A clock fits a rate if its advance is that near to the length of the samples."""
_LIKE = 0.35
"""Units lie tenfold apart; one that is stamped roughly is known by this."""
_YOUNG = 8
"""Before it has been seen so often, a clock is taken to be off by up to most of a message."""
_MOST = 0.75
_ROUGH = 0.25
"""A clock that is off by more than this part of a message cannot tell what is missing."""
_UNITS = {
    1.0: "seconds",
    1e-3: "milliseconds",
    1e-6: "microseconds",
    1e-7: "steps of 100 ns",
    1e-9: "nanoseconds",
}
_PER_SECOND = (1e-6, 1e15)
"""What goes on more slowly or faster is no clock."""
_SINCE_START_S = 1e8
_SINCE_1970_S = (9e8, 4.2e9)


class MessageClock:
    """Find out what the clock of a device counts, and read it.

    Only differences count, so that the epoch does not matter, nor whether the first or the
    last sample is meant.

    Parameters
    ----------
    fs_hz : float
        Rate of the samples in Hz.
    wrap_s : float or None
        The clock starts again at this value; None without a wrap.
    """

    def __init__(self, fs_hz: float, wrap_s: float | None = None) -> None:
        self._fs_hz = fs_hz
        self._wrap = wrap_s
        self._pairs: deque[tuple[float, float]] = deque(maxlen=_PAIRS)
        self._single: deque[tuple[float, float]] = deque(maxlen=2 * _PAIRS)
        self._piece = (0.0, 0.0)
        self._learned = 0
        self._last: float | None = None
        self._n = 0
        self._unit: float | None = None
        self._noise_s = 0.0
        self.seen = self.unreadable = self.known = False
        self.reason = ""

    @property
    def tells(self) -> bool:
        """True if it tells how many samples are missing."""
        return self._unit is not None and self._last is not None

    @property
    def noise(self) -> float:
        """By how many samples it may be off."""
        young = not self.known and len(self._single) < _YOUNG
        return max(self._noise_s * self._fs_hz, _MOST * self._n if young else 0.0)

    @property
    def words(self) -> str:
        """Unit and epoch in plain words."""
        if self._unit is None or self._last is None:
            return ""
        if self.known:
            return "device clock" if self._unit == 1.0 else f"device clock, taken {self._unit:g} times"
        if abs(self._unit * self._fs_hz - 1) < 1e-9 and self._unit not in _UNITS:
            return "message clock in samples"
        now_s = self._last * self._unit
        since = " since start" if 0 <= now_s < _SINCE_START_S else ""
        if _SINCE_1970_S[0] < now_s < _SINCE_1970_S[1]:
            since = " since 1970"
        return f"message clock in {_UNITS.get(self._unit, f'steps of {self._unit:.3g} s')}{since}"

    def step(self, value: float | None, arrival_s: float = 0.0) -> float | None:
        """Return by how much it went on since the packet before, in its own unit.

        Parameters
        ----------
        value : float or None
            Clock of the packet.
        arrival_s : float
            Seconds missing by the time of arrival, which tell how often it has wrapped.
        """
        if value is None or self._last is None or not math.isfinite(value):
            return None
        passed = value - self._last
        if self._wrap is None:
            return passed
        passed = (passed + self._wrap / 2) % self._wrap - self._wrap / 2
        wrap_s = self._wrap * (self._unit or 1.0)
        return passed + self._wrap * max(0, round((arrival_s - passed * (self._unit or 1.0)) / wrap_s))

    def missing(self, value: float | None, arrival_s: float) -> float | None:
        """Return how many samples are missing before a packet, below 0 if its clock went back.

        None if the clock does not tell. The parameters are those of `step`.
        """
        passed = self.step(value, arrival_s)
        if passed is None or self._unit is None:
            return None
        return passed * self._unit * self._fs_hz - self._n

    def take(self, value: float | None, n_samples: int, missing: int = 0) -> None:
        """Learn from a packet that is given out.

        Parameters
        ----------
        value : float or None
            Its clock.
        n_samples : int
            Its length.
        missing : int
            Samples that are taken to be missing before it.
        """
        if value is not None:
            self.seen = True
            self.unreadable = not math.isfinite(value)
        passed = self.step(value)
        if passed is not None:
            seconds = (self._n + missing) / self._fs_hz
            self._single.append((passed, seconds))
            self._piece = (self._piece[0] + passed, self._piece[1] + seconds)
            if self._piece[1] >= _PIECE_S:
                self._pairs.append(self._piece)
                self._piece = (0.0, 0.0)
                self._learn()
        self._last = value if value is not None and math.isfinite(value) else None
        self._n = n_samples

    def _learn(self) -> None:
        """Look at the latest advances: at each of the first ones, later now and then."""
        self._learned += 1
        if self._learned > _PAIRS and self._learned % (_PAIRS // 4):
            return
        typical = median(passed / seconds for passed, seconds in self._pairs)
        unit = self._unit_of(typical) if _PER_SECOND[0] < typical < _PER_SECOND[1] else None
        if unit is not None:
            length_s = median(seconds for _, seconds in self._pairs)
            rough = _ROUGH if len(self._pairs) > 2 else _MATCH
            if _off_s(self._pairs, unit) <= rough * length_s:
                self._unit, self._noise_s, self.reason = unit, _noise_s(self._single, unit), ""
                return
        self._doubt()

    def _unit_of(self, per_second: float) -> float | None:
        """Return the unit, in seconds, of a clock that goes on so much in a second."""
        unit = decimal_unit(per_second, known=self.known)
        if unit is not None and abs(per_second * unit - 1) <= _MATCH:
            return unit
        if abs(per_second / self._fs_hz - 1) <= _MATCH:
            return 1 / self._fs_hz
        if unit is not None:
            return unit
        steady = [abs(passed / seconds / per_second - 1) <= _MATCH for passed, seconds in self._pairs]
        return 1 / per_second if sum(steady) > max(3, len(steady) / 2) else None

    def _doubt(self) -> None:
        """Say why the clock is of no use; one that was, is believed until it surely no longer fits."""
        span_s = sum(seconds for _, seconds in self._pairs)
        if span_s < _STILL_S or len(self._pairs) < 4:
            return
        still = sum(passed == 0 for passed, _ in self._pairs)
        back = any(passed < 0 for passed, _ in self._pairs)
        if still == len(self._pairs):
            self.reason = "the clock stands still"
        elif still > len(self._pairs) / 4 and not back:
            self.reason = "the clock is too coarse"
        elif self._unit is not None and self._fits() >= len(self._pairs) / 4:
            return
        else:
            self.reason = "the clock does not fit the samples"
        self._unit = None

    def _fits(self) -> int:
        assert self._unit is not None
        return sum(
            abs(passed * self._unit - seconds) <= _MATCH * seconds + self._noise_s
            for passed, seconds in self._pairs
        )


def _off_s(advances: deque[tuple[float, float]], unit: float) -> float:
    """Return by how many seconds the advance of a clock usually differs from the samples' length."""
    return median(abs(passed * unit - seconds) for passed, seconds in advances)


def _noise_s(advances: deque[tuple[float, float]], unit: float) -> float:
    """Return by how many seconds an advance may be off.

    Lost samples only make it longer, so that those that are too short tell of noise.
    """
    short = sorted(seconds - passed * unit for passed, seconds in advances)
    return max(4 * _off_s(advances, unit), 1.5 * short[-2] if len(short) > 1 else 0.0)


def decimal_unit(per_second: float, *, known: bool = False) -> float | None:
    """Return the usual unit, in seconds, of a clock that goes on roughly so much in a second.

    Parameters
    ----------
    per_second : float
        Above 0.
    known : bool
        The clock ought to be in seconds already, and may have been mistaken for a finer one.
    """
    unit = 10.0 ** -round(math.log10(per_second))
    usual = unit in _UNITS or (known and unit in (1e3, 1e6))
    return unit if usual and abs(per_second * unit - 1) <= _LIKE else None
