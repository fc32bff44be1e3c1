"""Whether a heartbeat could be seen at all, and the rhythm that is unknown while none could."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.rhythm.layer import LayerPart, LayerState
from ecgmon.monitor.rhythm.settings import RhythmSettings

UNKNOWN = "NOISE"
"""Rhythm string of a signal that cannot be read, as in the annotations of VFDB."""

UNREADABLE = frozenset({"lead_off", "missing", "saturated", "small"})
"""Reasons of poor quality through which no beat could be seen."""

HIDING = UNREADABLE | {"drift"}
"""Reasons for which a beat may have been missed: a baseline that jumps hides one, not all of them."""


def is_unreadable(index: float, reasons: Collection[str], least: float) -> bool:
    """Tell whether no beat could be seen in a second.

    A flat trace is not unreadable: with the electrodes on, it is what asystole looks like. A
    device that gives a flat trace with an electrode off must say so, as ``lead_off``.

    Parameters
    ----------
    index : float
        Quality of the second, 0 to 1.
    reasons : collection of str
        What is wrong with it.
    least : float
        A second worse than this, and not flat, counts as unreadable too.
    """
    return not UNREADABLE.isdisjoint(reasons) or (index < least and "flat" not in reasons)


def may_hide_a_beat(index: float, reasons: Collection[str], least: float) -> bool:
    """Tell whether a second without a beat proves nothing; the parameters are those of `is_unreadable`."""
    return not HIDING.isdisjoint(reasons) or is_unreadable(index, reasons, least)


def is_only_missing(reasons: Collection[str]) -> bool:
    """Tell whether all that hides a beat in a second is that samples are missing: it counts as a gap."""
    return "missing" in reasons and "lead_off" not in reasons


@dataclass(slots=True)
class UnreadableState(LayerState):
    """Where the seconds turned unreadable, or good, how many have come since, and which they are."""

    changed: float = 0.0
    count: int = 0
    was_unreadable: bool = False


class UnreadableWatch(LayerPart[UnreadableState]):
    """Says that the rhythm is unknown after some unreadable seconds, and known after as many good ones.

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
        super().__init__()

    def fresh(self, start: int) -> UnreadableState:  # noqa: ARG002 - seconds say where they are
        """Return the state before the first second."""
        return UnreadableState()

    @property
    def unreadable_since(self) -> float | None:
        """Pipeline index since which the rhythm is unknown; None while it can be known."""
        return self.layer.since if self.layer.rhythm else None

    def second(self, start: int, *, unreadable: bool) -> None:
        """Take the next second, which begins at pipeline index ``start``."""
        state = self.state
        if unreadable != state.was_unreadable:
            state.was_unreadable, state.changed, state.count = unreadable, float(start), 0
        state.count += 1
        if state.count == self.settings.unreadable_s:
            self._say()

    def gap(self, start: int, end: int) -> None:
        """Take a stretch without signal between two pipeline indices."""
        if end - start < self.settings.unreadable_s * PIPELINE_HZ:
            return
        state = self.state
        if not state.was_unreadable:
            state.changed = float(start)
        state.was_unreadable, state.count = True, self.settings.unreadable_s
        self._say()

    def _say(self) -> None:
        self.layer.say(UNKNOWN if self.state.was_unreadable else "", self.state.changed)
