"""The shape of every alarm condition: events and time in, presence out, state that can be saved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from ecgmon.monitor.core.events import Event, Gap, SourceStatus
from ecgmon.monitor.core.state import Snapshot, copy_state, read_state
from ecgmon.monitor.rhythm.gaps import LONG_GAP_S

SIGNAL_AWAY = frozenset({"silent", "reconnecting"})
"""States of a source that brings no samples."""


@dataclass(frozen=True, slots=True)
class Change:
    """A condition begins or ends.

    Parameters
    ----------
    present : bool
        Whether it holds from now on.
    sample : int
        Source index at which it was fulfilled or ended.
    message : str
        One plain line.
    """

    present: bool
    sample: int
    message: str


@dataclass(slots=True)
class Memory:
    """What a condition remembers; see `ecgmon.monitor.core.state.copy_state` for what it may hold."""

    present: bool = False


MemoryT = TypeVar("MemoryT", bound=Memory)


class Condition(ABC, Generic[MemoryT]):
    """One alarm condition of one stream, told of events in order and of the time between.

    Parameters
    ----------
    memory : Memory
        The state at the start.
    """

    listens: ClassVar[frozenset[type[Event]]]
    """Types of events that can matter to it; it is told of no other."""

    def __init__(self, memory: MemoryT) -> None:
        self.memory = memory

    @property
    def timed(self) -> bool:
        """Whether it has deadlines at all."""
        return type(self).due is not Condition.due

    @abstractmethod
    def observe(self, event: Event) -> Change | None:
        """Take the next event; return a change of presence, if it makes one."""

    def due(self) -> int | None:
        """Return the source index at which `expire` must be called if no event comes first."""
        return None

    def expire(self) -> Change | None:
        """Do what was due; return a change of presence, if it makes one."""
        return None

    def begin(self, sample: int, message: str) -> Change:
        """Become present."""
        self.memory.present = True
        return Change(True, sample, message)

    def end(self, sample: int, message: str) -> Change:
        """Become absent."""
        self.memory.present = False
        return Change(False, sample, message)

    def snapshot(self) -> Snapshot:
        """Return a copy of the memory, as plain data."""
        return copy_state(self.memory)

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a memory that `snapshot` returned.

        Raises
        ------
        ValueError
            It is damaged, or that of another condition.
        """
        self.memory = read_state(snapshot, self.memory)


def signal_away(event: Event) -> bool:
    """Tell whether the event says that no samples arrive."""
    return isinstance(event, SourceStatus) and event.state in SIGNAL_AWAY


def breaks_off(event: Event, fs_hz: float) -> bool:
    """Tell whether what went on before the event need not go on: no samples arrive, or a long gap was."""
    if isinstance(event, Gap):
        return event.length_samples >= LONG_GAP_S * fs_hz
    return signal_away(event)
