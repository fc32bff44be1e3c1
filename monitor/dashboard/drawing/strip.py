"""The strip under review: which stretch is shown, which beat is chosen, what is measured."""

from __future__ import annotations

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dashboard.drawing.calipers import Calipers
from ecgmon.monitor.dashboard.state.beats import ShownBeat
from ecgmon.monitor.dashboard.state.session import StreamSession

AROUND_S = 10.0
"""A strip shows this much on both sides of what was picked."""


class Strip:
    """A stretch of the past.

    Parameters
    ----------
    session : StreamSession
        Whose past.
    """

    def __init__(self, session: StreamSession) -> None:
        self.session = session
        self.middle = 0
        self.chosen: ShownBeat | None = None
        self.calipers: Calipers | None = None

    @property
    def start(self) -> int:
        """First pipeline index shown."""
        return self.middle - round(AROUND_S * PIPELINE_HZ)

    @property
    def stop(self) -> int:
        """Index just behind the last one shown."""
        return self.middle + round(AROUND_S * PIPELINE_HZ)

    @property
    def available(self) -> bool:
        """True where the signal is still kept."""
        return self.start < self.session.history.end and self.stop > self.session.history.start

    def go_to(self, time_s: float) -> None:
        """Centre on a time and choose the beat there."""
        self.middle = round(time_s * PIPELINE_HZ)
        self.chosen = self.session.beats.nearest(self.middle, round(0.5 * PIPELINE_HZ))
        self.calipers = None

    def step(self, forward: bool) -> bool:
        """Choose the next or the previous beat; keep it in sight."""
        at = self.chosen.index if self.chosen is not None else self.middle
        book = self.session.beats
        found = book.after(at) if forward else book.before(at)
        if found is None:
            return False
        self.chosen = found
        margin = round(PIPELINE_HZ)
        if not self.start + margin <= found.index < self.stop - margin:
            self.middle = found.index
        return True

    def step_notable(self, forward: bool) -> bool:
        """Choose the next or the previous beat that is not normal."""
        while self.step(forward):
            if self.chosen is not None and self.chosen.notable:
                return True
        return False

    def choose_near(self, index: int) -> None:
        """Choose the beat nearest to an index, if there is one."""
        self.chosen = self.session.beats.nearest(index, round(0.5 * PIPELINE_HZ)) or self.chosen

    def beats(self) -> list[ShownBeat]:
        """Return the beats in sight."""
        return self.session.beats.between(self.start, self.stop)
