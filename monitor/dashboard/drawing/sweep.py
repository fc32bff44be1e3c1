"""What must be painted now: a smooth playhead and the stretches that changed, without Qt."""

from __future__ import annotations

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dashboard.drawing.geometry import Page

LONGEST_SPREAD_S = 0.1
"""A block of samples is drawn over the time that it lasts, but over no more than this."""

LONGEST_LAG_S = 0.3
"""Behind by more than this (a backlog, a fast replay), the playhead jumps."""

USUAL_FRAME_S = 1 / 60
FRAME_WEIGHT = 0.1
"""Share of the newest frame in the running mean of the time between frames."""


class Playhead:
    """Moves evenly towards the newest sample although samples arrive in blocks.

    What a block brought is divided among the frames until the next block is due, so that
    every frame moves, and all of it is shown before the next one comes.

    Parameters
    ----------
    fs_hz : float
        Rate of the ring.
    """

    def __init__(self, fs_hz: float = PIPELINE_HZ) -> None:
        self._fs_hz = fs_hz
        self._position = 0.0
        self._newest = 0
        self._when: float | None = None
        self._due_s = 0.0
        self._frame_s = USUAL_FRAME_S

    @property
    def position(self) -> int:
        """Index just behind the last sample to show."""
        return int(self._position)

    def jump(self, index: int) -> None:
        """Stand at an index at once."""
        self._position = float(index)
        self._newest = index

    def advance(self, newest: int, now_s: float, speed: float = 1.0) -> int:
        """Move on to the wall-clock time ``now_s`` and return the new position.

        Parameters
        ----------
        newest : int
            Index just behind the newest sample at hand.
        now_s : float
            Monotonic seconds.
        speed : float
            Seconds of signal in a second of wall clock.
        """
        if self._when is not None:
            passed = min(max(now_s - self._when, 1e-3), LONGEST_SPREAD_S)
            self._frame_s += FRAME_WEIGHT * (passed - self._frame_s)
        self._when = now_s
        fresh, self._newest = newest - self._newest, newest
        if fresh > 0:  # it may have come a whole frame ago, so the last frame is left free
            spread_s = min(fresh / (self._fs_hz * speed), LONGEST_SPREAD_S)
            self._due_s = now_s + spread_s - self._frame_s
        lag = newest - self._position
        if lag < 0 or lag > LONGEST_LAG_S * self._fs_hz * max(1.0, speed):
            self._position = float(newest)
        else:
            frames = max(0, int((self._due_s - now_s) / self._frame_s)) + 1
            self._position += lag / frames
        return self.position


class Freshness:
    """Keeps which stretches of the page no longer show what is true.

    Stretches are half-open ranges of absolute indices; they are merged and cut to what the
    page still shows.
    """

    def __init__(self) -> None:
        self._stale: list[tuple[int, int]] = []

    def spoil(self, start: int, stop: int) -> None:
        """Note that something between ``start`` and ``stop`` changed."""
        if start < stop:
            self._stale.append((start, stop))

    def take(self, page: Page, head: int) -> list[tuple[int, int]]:
        """Return the merged stale stretches up to ``head`` and keep those beyond it."""
        first = head - page.samples
        now: list[tuple[int, int]] = []
        later: list[tuple[int, int]] = []
        for begin, end in sorted(self._stale):
            if end > head:
                later.append((max(begin, head), end))
            start, stop = max(begin, first), min(end, head)
            if start >= stop:
                continue
            if now and start <= now[-1][1]:
                now[-1] = (now[-1][0], max(now[-1][1], stop))
            else:
                now.append((start, stop))
        self._stale = later
        return now
