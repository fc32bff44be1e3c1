"""Ectopic beats that come at every second or third beat: bigeminy and trigeminy."""

from __future__ import annotations

from ecgmon.monitor.dsp.operator import State
from ecgmon.monitor.rhythm.findings import SeenBeat
from ecgmon.monitor.rhythm.layer import Layer
from ecgmon.monitor.rhythm.settings import RhythmSettings

CYCLES = {"B": "Vn", "T": "Vnn", "AB": "Sn"}
"""One repetition of each pattern: an ectopic beat and those behind it."""


class PatternFinder:
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
        self.layer = Layer()
        self._endings = {
            rhythm: cycle[-1:] + (cycle * settings.cycles)[: 1 - len(cycle)]
            for rhythm, cycle in CYCLES.items()
        }
        self._kept = max(map(len, self._endings.values()))
        self.break_off()

    def break_off(self) -> None:
        """Let no pattern span what comes."""
        self._tail = ""
        self._starts: list[float] = []

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
        self._tail = (self._tail + letter)[-self._kept :]
        self._starts = [*self._starts, beat.at][-self._kept :]
        if self.layer.rhythm:
            cycle = CYCLES[self.layer.rhythm]
            if self._tail[-len(cycle) :] in (cycle * 2):
                return
            self.layer.mute(beat.at)
        if letter == "n":
            return
        for rhythm, ending in self._endings.items():
            if self._tail.endswith(ending):
                self.layer.say(rhythm, self._starts[-len(ending)], beat.sure)

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {"layer": self.layer.snapshot(), "tail": self._tail, "starts": list(self._starts)}

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self.layer.restore(state["layer"])
        self._tail = str(state["tail"])
        self._starts = list(state["starts"])
