"""Beats that do not come: asystole, pauses and dropped beats."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.rhythm.findings import EpisodeFinding, EpisodeKind, SeenBeat
from ecgmon.monitor.rhythm.gaps import LONG_GAP_S, Unseen
from ecgmon.monitor.rhythm.layer import LayerPart, LayerState
from ecgmon.monitor.rhythm.settings import RhythmSettings

STEADY_INTERVALS = 6
STEADY_SPREAD = 0.15
"""The intervals before a dropped beat differ from their middle by no larger share."""

DROPPED = (1.75, 2.25)
"""An interval with a dropped beat in it, over the middle one before it."""


@dataclass(slots=True)
class AbsenceState(LayerState):
    """Since when a beat would have been seen, and the steady intervals before.

    Parameters
    ----------
    since : float or None
        Pipeline index; None while nothing has been seen.
    unseen : Unseen
        Gaps behind it, in pipeline samples.
    steady : list of float
        Seconds, of intervals between normal beats.
    last_plain : bool
        The last beat was a normal one on a good signal.
    """

    since: float | None = None
    unseen: Unseen = field(default_factory=Unseen)
    steady: list[float] = field(default_factory=list)
    last_plain: bool = False


class AbsenceWatch(LayerPart[AbsenceState]):
    """Counts the time since the last beat, on a signal in which one would be seen.

    The clock stands in a gap, and begins anew behind a long one.

    Parameters
    ----------
    settings : RhythmSettings
        Limits.

    Attributes
    ----------
    layer : Layer
        ``ASYS``, since the last beat, or silence.
    """

    def __init__(self, settings: RhythmSettings) -> None:
        self.settings = settings
        self._limit = settings.asystole_s * PIPELINE_HZ
        self._wait = math.ceil((settings.asystole_s + settings.latency_s) * PIPELINE_HZ)
        super().__init__()

    def fresh(self, start: int) -> AbsenceState:  # noqa: ARG002 - beats say where they are
        """Return the state before the first beat."""
        return AbsenceState()

    def break_off(self) -> None:
        """Forget the beats; what is said stays until a beat comes."""
        self.adopt(AbsenceState(self.layer))

    def restart(self, at: float) -> None:
        """Count from ``at`` on: no beat could be seen before."""
        self.state.since = at if self.state.since is None else max(self.state.since, at)

    def second(self, start: int, end: int, *, unreadable: bool) -> None:
        """Take a second from ``start`` to ``end``; what it hides does not count."""
        if unreadable:
            self.restart(end)
            self.state.steady.clear()
            self.state.last_plain = False
        elif self.state.since is None:
            self.state.since = float(start)

    def gap(self, start: float, end: float) -> None:
        """Take a stretch in which nothing was seen, from one pipeline index to another."""
        if self.due is None:
            return
        first, last = self.state.unseen.add(start, end)
        if last - first >= LONG_GAP_S * PIPELINE_HZ:
            self.restart(last)

    def is_ended_by(self, at: float) -> bool:
        """Tell whether an R wave ends an asystole before it was due to be told."""
        since = self.state.since
        if since is None or self.layer.rhythm:
            return False
        return at - since - self.state.unseen.since(since) >= self._limit

    def seen(self, at: float) -> None:
        """Take an R wave at once, before its class is final."""
        self.layer.mute(at)
        self.restart(at)

    @property
    def due(self) -> int | None:
        """Pipeline index at which asystole is certain if no beat comes."""
        since = self.state.since
        if since is None or self.layer.rhythm:
            return None
        return math.ceil(since + self.state.unseen.since(since)) + self._wait

    def expire(self) -> None:
        """Say that no beat came."""
        assert self.state.since is not None
        self.layer.say("ASYS", self.state.since)

    def take(self, beat: SeenBeat, known_at: int) -> list[EpisodeFinding]:
        """Take the next beat, its class final; return the pause that it ended.

        A long interval is a dropped beat if it is twice as long as steady ones before it,
        and no early beat begins it.
        """
        plain = beat.aami == "N" and beat.quality >= self.settings.min_quality
        kinds: list[EpisodeKind] = []
        rr_s = beat.rr_s
        if rr_s is None or beat.quality < self.settings.min_quality:
            self.state.steady.clear()
        else:
            if rr_s >= self.settings.pause_s:
                kinds.append("pause")
            if plain and self.state.last_plain and self._is_dropped(rr_s):
                kinds.append("dropped_beat")
            if plain and self.state.last_plain:
                self.state.steady = [*self.state.steady, rr_s][-STEADY_INTERVALS:]
        self.state.last_plain = plain
        if rr_s is None or not kinds:
            return []
        before = beat.at - rr_s * PIPELINE_HZ
        return [EpisodeFinding(before, beat.at, known_at, kind, 2, round(60.0 / rr_s, 1)) for kind in kinds]

    def _is_dropped(self, rr_s: float) -> bool:
        if len(self.state.steady) < STEADY_INTERVALS:
            return False
        ordered = sorted(self.state.steady)
        middle = ordered[STEADY_INTERVALS // 2]
        low, high = DROPPED
        steady = ordered[-1] - ordered[0] <= 2 * STEADY_SPREAD * middle
        return steady and low * middle <= rr_s <= high * middle
