"""Ectopic beats that come at every second or third beat: bigeminy and trigeminy."""

from __future__ import annotations

from dataclasses import dataclass, field

from ecgmon.monitor.rhythm.findings import SeenBeat
from ecgmon.monitor.rhythm.layer import LayerPart, LayerState
from ecgmon.monitor.rhythm.settings import RhythmSettings

CYCLES = {"B": "Vn", "T": "Vnn", "AB": "Sn"}
"""One repetition of each pattern: an ectopic beat and those behind it."""


@dataclass(slots=True)
class PatternState(LayerState):
    """Classes of the last beats, a letter each, and where they are."""

    tail: str = ""
    starts: list[float] = field(default_factory=list)


class PatternFinder(LayerPart[PatternState]):
    """Looks for a pattern in the classes of the last beats.

    Parameters
    ----------
    settings : RhythmSettings
        Limits.

    Attributes
    ----------
    layer : Layer
        ``B`` (ventricular bigeminy), ``T`` (trigeminy) or ``AB`` (atrial bigeminy).
    """

    def __init__(self, settings: RhythmSettings) -> None:
        self.settings = settings
        self._endings = {
            rhythm: cycle[-1:] + (cycle * settings.cycles)[: 1 - len(cycle)]
            for rhythm, cycle in CYCLES.items()
        }
        self._kept = max(map(len, self._endings.values()))
        super().__init__()

    def fresh(self, start: int) -> PatternState:  # noqa: ARG002 - beats say where they are
        """Return the state before the first beat."""
        return PatternState()

    def break_off(self) -> None:
        """Let no pattern span what comes."""
        self.state.tail, self.state.starts = "", []

    def take(self, beat: SeenBeat, *, irregular: bool) -> None:
        """Take the next beat, its class final.

        Parameters
        ----------
        beat : SeenBeat
            The beat.
        irregular : bool
            The atria fibrillate, so that early beats of them mean nothing.
        """
        if beat.rr_s is None or beat.quality < self.settings.min_quality:
            self.break_off()
        letter = beat.aami if beat.aami in "VS" and not (irregular and beat.aami == "S") else "n"
        state = self.state
        state.tail = (state.tail + letter)[-self._kept :]
        state.starts = [*state.starts, beat.at][-self._kept :]
        if self.layer.rhythm:
            cycle = CYCLES[self.layer.rhythm]
            if state.tail[-len(cycle) :] in (cycle * 2):
                return
            self.layer.mute(beat.at)
        if letter == "n":
            return
        for rhythm, ending in self._endings.items():
            if state.tail.endswith(ending):
                self.layer.say(rhythm, state.starts[-len(ending)], beat.sure)
