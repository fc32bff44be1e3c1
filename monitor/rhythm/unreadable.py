"""Whether a heartbeat could be seen at all, and the rhythm that is unknown while none could."""

from __future__ import annotations

from collections.abc import Collection

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.operator import State
from ecgmon.monitor.rhythm.layer import Layer
from ecgmon.monitor.rhythm.settings import RhythmSettings

UNKNOWN = "NOISE"
"""Rhythm string of a signal that cannot be read, as in the annotations of VFDB."""

BLIND = frozenset({"lead_off", "missing", "saturated"})
"""Reasons of poor quality through which no beat could be seen."""

HIDING = BLIND | {"drift"}
"""Reasons for which a beat may have been missed: a baseline that jumps hides one, not all of them."""


def is_unreadable(index: float, reasons: Collection[str], least: float) -> bool:
    """Tell whether no beat could be seen in a second.

    A flat trace is not blind: with the electrodes on, it is what asystole looks like. A
    device that gives a flat trace with an electrode off must say so, as ``lead_off``.

    Parameters
    ----------
    index : float
        Quality of the second, 0 to 1.
    reasons : collection of str
        What is wrong with it.
    least : float
        A second worse than this, and not flat, counts as blind too.
    """
    return not BLIND.isdisjoint(reasons) or (index < least and "flat" not in reasons)


def may_hide_a_beat(index: float, reasons: Collection[str], least: float) -> bool:
    """Tell whether a second without a beat proves nothing; the parameters are those of `is_unreadable`."""
    return not HIDING.isdisjoint(reasons) or is_unreadable(index, reasons, least)


class UnreadableWatch:
    """Says that the rhythm is unknown after some blind seconds, and known after as many good ones.

    Parameters
    ----------
    settings : RhythmSettings
        Limits.

    Attributes
    ----------
    layer : Layer
        `UNKNOWN`, or silence.
    """

    def __init__(self, settings: RhythmSettings) -> None:
        self.settings = settings
        self.forget()

    def forget(self) -> None:
        """Forget everything."""
        self.layer = Layer()
        self._changed = 0.0
        self._count = 0
        self._was_blind = False

    @property
    def unreadable_since(self) -> float | None:
        """Pipeline index since which the rhythm is unknown; None while it can be known."""
        return self.layer.since if self.layer.rhythm else None

    def second(self, start: int, *, blind: bool) -> None:
        """Take the next second, which begins at pipeline index ``start``."""
        if blind != self._was_blind:
            self._was_blind, self._changed, self._count = blind, float(start), 0
        self._count += 1
        if self._count == self.settings.unreadable_s:
            self._say()

    def gap(self, start: int, end: int) -> None:
        """Take a stretch without signal between two pipeline indices."""
        if end - start < self.settings.unreadable_s * PIPELINE_HZ:
            return
        if not self._was_blind:
            self._changed = float(start)
        self._was_blind, self._count = True, self.settings.unreadable_s
        self._say()

    def _say(self) -> None:
        self.layer.say(UNKNOWN if self._was_blind else "", self._changed)

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {
            "layer": self.layer.snapshot(),
            "changed": self._changed,
            "count": self._count,
            "was_blind": self._was_blind,
        }

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self.layer.restore(state["layer"])
        self._changed = float(state["changed"])
        self._count = int(state["count"])
        self._was_blind = bool(state["was_blind"])
