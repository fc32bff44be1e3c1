"""What one part of the analyser says of the rhythm, and since when."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from ecgmon.monitor.dsp.operator import State


@dataclass(slots=True)
class Layer:
    """A rhythm, or silence, and where it began.

    Parameters
    ----------
    rhythm : str
        WFDB rhythm string without the bracket; empty while this part has nothing to say.
    since : float
        Pipeline index at which that began.
    confidence : float
        0 to 1.
    """

    rhythm: str = ""
    since: float = 0.0
    confidence: float = 1.0

    def say(self, rhythm: str, since: float, confidence: float = 1.0) -> None:
        """Say another rhythm from ``since`` on; the same one again changes nothing."""
        if rhythm != self.rhythm:
            self.rhythm, self.since, self.confidence = rhythm, since, confidence

    def mute(self, since: float) -> None:
        """Have nothing to say from ``since`` on."""
        self.say("", since)

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return asdict(self)

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self.rhythm = str(state["rhythm"])
        self.since = float(state["since"])
        self.confidence = float(state["confidence"])
