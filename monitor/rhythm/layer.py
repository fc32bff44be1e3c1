"""What one part of the analyser says of the rhythm, and since when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

from ecgmon.monitor.core.stateful import Stateful


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


@dataclass(slots=True)
class LayerState:
    """What a part says; each adds what it remembers."""

    layer: Layer = field(default_factory=Layer)


LayerStateT = TypeVar("LayerStateT", bound=LayerState)


class LayerPart(Stateful[LayerStateT]):
    """A part of the analyser that has something to say of the rhythm, or is silent.

    Parameters
    ----------
    **parts : Stateful
        As those of `Stateful`.

    Attributes
    ----------
    layer : Layer
        What it says, a part of its state.
    """

    def __init__(self, **parts: Stateful[Any]) -> None:
        super().__init__(**parts)
        self.layer = self.state.layer

    def adopt(self, state: LayerStateT) -> None:
        """Go on with another state, and say what that says."""
        super().adopt(state)
        self.layer = state.layer
