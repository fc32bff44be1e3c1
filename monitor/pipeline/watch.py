"""The seam for one more operator: a settings class that builds it, as one more field of the settings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.events import Event
from ecgmon.monitor.core.stateful import NoState, Stateful
from ecgmon.monitor.dsp.operator import Operator
from ecgmon.monitor.pipeline.lead import LeadSignal
from ecgmon.monitor.pipeline.time_base import TimeBase


class Finding(Protocol):
    """What a watch found, and how it becomes an event."""

    @property
    def known_at(self) -> int:
        """Pipeline index of the sample that had to arrive."""
        ...

    def event(self, time: TimeBase, device: str) -> Event:
        """Return the event that tells of it.

        Parameters
        ----------
        time : TimeBase
            Maps pipeline indices to those of the source, which events carry.
        device : str
            Name that the event carries.
        """
        ...


Watch = Operator[Any, Any, [LeadSignal], Sequence[Finding]]
"""An operator that looks at the analysed lead beside the others."""


class WatchSettings(Settings, ABC):
    """Settings of a watch. A field of them in the pipeline's settings is all that adds it to a pipeline."""

    @abstractmethod
    def build(self) -> Watch:
        """Return a new watch with these settings."""


class Watches(Stateful[NoState]):
    """All watches of a pipeline.

    Parameters
    ----------
    settings : Settings
        The pipeline's; each field of type `WatchSettings` gives a watch, named as the field is.
    """

    def __init__(self, settings: Settings) -> None:
        self._watches = {name: value.build() for name, value in settings if isinstance(value, WatchSettings)}
        super().__init__(**self._watches)

    def fresh(self, start: int) -> NoState:  # noqa: ARG002 - the watches know where they are
        """Return the only state there is; the watches have the others."""
        return NoState()

    def process(self, signal: LeadSignal) -> list[Finding]:
        """Show all of them what became known of the analysed lead; return what they found."""
        return [finding for watch in self._watches.values() for finding in watch.process(signal)]
