"""Finds out, number by number, that a column only counts: a counter or a clock, and no ECG."""

from __future__ import annotations

_EQUAL_STEPS = 64
"""So many equal steps in a row are those of a counter."""
_RISES = 1024
_LEAST_MOVING = 0.25
"""So long a rise without a fall, of which so much moves, is a clock."""
_WRAP = 7
"""A step back by so many steps or more is where a counter begins anew."""
_FALLS = 3
"""So many steps back that are none of a counter, and it is none any more."""


class Counting:
    """Watch the numbers of one column."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._step = 0.0
        self._equal = self._up = self._moved = 0
        self._found = False
        self._against = 0
        self._seen = 0

    @property
    def ramps(self) -> bool:
        """True while all numbers so far, and at least three, rise or fall by one step."""
        return 2 <= self._equal + 1 == self._seen - 1

    def watch(self, number: float) -> bool:
        """Take a number; say whether the column is known to count.

        Parameters
        ----------
        number : float
            The next number, a finite one.
        """
        last, self._last = self._last, number
        self._seen += 1
        if last is not None:
            self._note(number - last)
        self._found |= self._equal >= _EQUAL_STEPS
        self._found |= self._up >= _RISES and self._moved >= _LEAST_MOVING * self._up
        if self._against >= _FALLS:
            self._found = False
            self._equal = self._up = self._moved = self._against = 0
        return self._found

    def _note(self, step: float) -> None:
        if step * self._step < 0 and abs(step) >= _WRAP * abs(self._step):
            return
        self._equal = self._equal + 1 if step and step == self._step else 0
        if step * self._step < 0:
            self._up = self._moved = 0
            self._against += self._found
        self._up += 1
        self._moved += step != 0
        if step:
            self._step = step
