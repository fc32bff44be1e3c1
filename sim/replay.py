"""The clock of a replay: when a sample is due, and the knobs that other threads turn."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable


class ReplayControls:
    """Pause, resume, seek and speed of one replay; safe to use from any thread.

    Deadlines are counted from a fixed point, which moves only when somebody turns a knob,
    so that a replay does not drift from the wall clock.

    Parameters
    ----------
    fs_hz : float
        Sampling rate of the record in Hz.
    n_samples : int
        Length of the record.
    speed : float or None
        Seconds of signal in a second of wall-clock time; None is as fast as possible.
    start : int
        First sample to play.
    now : callable
        Monotonic clock in seconds.
    """

    def __init__(
        self,
        fs_hz: float,
        n_samples: int,
        *,
        speed: float | None = 1.0,
        start: int = 0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fs_hz = fs_hz
        self.n_samples = n_samples
        self.hold_at_end = False
        self._now = now
        self._lock = threading.Lock()
        self._speed = speed
        self._paused = False
        self._position = start
        self._seek: int | None = None
        self._wake: Callable[[], None] = _ignore
        self._anchor: tuple[float, int] | None = None

    @property
    def duration_s(self) -> float:
        """Length of the record in seconds."""
        return self.n_samples / self.fs_hz

    @property
    def position_s(self) -> float:
        """Place in the record, in seconds, up to which samples were given out."""
        return self._position / self.fs_hz

    @property
    def paused(self) -> bool:
        """True while nothing is given out."""
        return self._paused

    @property
    def speed(self) -> float | None:
        """Seconds of signal in a second; None is as fast as possible."""
        return self._speed

    @speed.setter
    def speed(self, speed: float | None) -> None:
        if speed is not None and not (speed > 0 and math.isfinite(speed)):
            raise ValueError(f"a replay's speed is above 0, not {speed}")
        with self._lock:
            self._speed = speed
            self._anchor = None
        self._wake()

    def pause(self) -> None:
        """Give out nothing until `resume`."""
        self._paused = True
        self._wake()

    def resume(self) -> None:
        """Go on where `pause` stopped."""
        with self._lock:
            self._paused = False
            self._anchor = None
        self._wake()

    def seek(self, seconds: float) -> None:
        """Go on at another place of the record, in seconds from its beginning."""
        with self._lock:
            self._seek = min(max(0, round(seconds * self.fs_hz)), self.n_samples)
            self._anchor = None
        self._wake()

    def on_change(self, wake: Callable[[], None]) -> None:
        """Let ``wake`` be called, from whichever thread, when a knob was turned."""
        self._wake = wake

    def take_seek(self) -> int | None:
        """Return the sample somebody wound to since the last call, if any."""
        with self._lock:
            target, self._seek = self._seek, None
            if target is not None:
                self._position = target
            return target

    def moved(self, position: int) -> None:
        """Note that all samples before ``position`` were given out."""
        with self._lock:
            self._position = position

    def due_in_s(self, sample: int) -> float:
        """Return the seconds until everything before ``sample`` has happened.

        Returns
        -------
        float
            0 or less if it is due, infinity while paused.
        """
        with self._lock:
            if self._paused:
                return math.inf
            if self._speed is None:
                return 0.0
            if self._anchor is None:
                self._anchor = (self._now(), self._position)
            since, first = self._anchor
            return since + (sample - first) / (self.fs_hz * self._speed) - self._now()


def _ignore() -> None:
    """Nobody listens yet."""
