"""Which form of a device's signal counts: one item that differs changes nothing, three in a row do."""

from __future__ import annotations

import math
from typing import Generic, NamedTuple, TypeVar

NEEDED = 3
"""Items in a row that must agree before another form counts."""

HELD = 4096
"""The most items that wait; older ones are refused."""

MOST_OFTEN = 8
"""A device that has just changed must agree for longer, up to so many times as long."""

CALM_S = 60.0
"""After so much signal in one form three are enough again."""

SHOWN = 60
"""Characters of lead names that a line shows."""

FormT = TypeVar("FormT")
ItemT = TypeVar("ItemT")


class Verdict(NamedTuple, Generic[ItemT]):
    """What becomes of the items so far.

    Parameters
    ----------
    taken : list
        Items to take now, in order, all of the form in force.
    refused : list
        Items that nobody will take.
    """

    taken: list[ItemT]
    refused: list[ItemT]


class Agreement(Generic[FormT, ItemT]):
    """Let a device change its form, and let nobody else change it.

    The first form counts at once. An item of another form waits. If enough of them agree,
    with none of the form in force between them, theirs is the form in force, and those that
    wait are taken. If not, they are refused. Each change doubles what the next one needs, up to
    24 items and 7 s, so two publishers that take turns cannot go on changing it.

    Parameters
    ----------
    enough_s : float
        So much signal in agreement is enough too, in seconds, however few the items.

    Attributes
    ----------
    form : object or None
        The form in force; None before the first item.
    other : object or None
        The one that may come to count.
    """

    def __init__(self, enough_s: float = math.inf) -> None:
        self.form: FormT | None = None
        self.other: FormT | None = None
        self._enough_s = enough_s
        self._times = 1
        self._calm_s = 0.0
        self._waiting: list[ItemT] = []
        self._count, self._seconds = 0, 0.0

    def take(self, form: FormT, item: ItemT, seconds: float) -> Verdict[ItemT]:
        """Take the next item.

        Parameters
        ----------
        form : object
            Its form; forms are compared by ``==``.
        item : object
            The item.
        seconds : float
            Length of its signal.
        """
        if self.form is None or form == self.form:
            self.form = form
            refused = self._wait_for(None)
            self._calm_s = 0.0 if refused else self._calm_s + seconds
            if self._calm_s >= CALM_S:
                self._times = 1
            return Verdict([item], refused)
        refused = self._wait_for(form) if form != self.other else []
        self._waiting.append(item)
        self._count += 1
        self._seconds += seconds
        refused += self._waiting[:-HELD]
        del self._waiting[:-HELD]
        enough = self._count >= NEEDED * self._times or self._seconds >= self._enough_s * self._times
        if not enough or self._seconds < self._times - 1:
            return Verdict([], refused)
        self.form, taken = form, self._wait_for(None)
        self._times, self._calm_s = min(MOST_OFTEN, 2 * self._times), 0.0
        return Verdict(taken, refused)

    def _wait_for(self, other: FormT | None) -> list[ItemT]:
        """Begin to count another form; return what waited for the last one."""
        waited, self._waiting = self._waiting, []
        self.other, self._count, self._seconds = other, 0, 0.0
        return waited


def form_words(fs_hz: float | None, leads: tuple[str, ...]) -> str:
    """Return a rate and leads in words."""
    rate = "unknown rate" if fs_hz is None else f"{fs_hz:g} Hz"
    return f"{rate}, {lead_words(leads)}"


def lead_words(leads: tuple[str, ...]) -> str:
    """Return leads in words; names come from strangers, so only some of their text is shown."""
    names = "".join(char if char.isprintable() else "?" for char in ", ".join(leads)[:SHOWN])
    return f"lead{'s' if len(leads) > 1 else ''} {names}"
