"""The base of all that remembers: resets, copies and brings back a state that is declared once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic

from ecgmon.monitor.core.state import Snapshot, StateT, check_names, copy_state, read_state, state_names


@dataclass(slots=True)
class NoState:
    """The state of what remembers nothing by itself."""


class Stateful(ABC, Generic[StateT]):
    """Something whose past is a dataclass, and the pasts of its parts.

    A subclass says what a fresh state is. All that it has learned of the stream lies in ``state``
    and in its parts; what is made of settings alone does not. Call this constructor last: it asks for
    the fresh state.

    Parameters
    ----------
    **parts : Stateful
        Those that are reset and saved together with it, by the names they have in a snapshot;
        no field of the state has the same name.

    Attributes
    ----------
    state : dataclass
        See `ecgmon.monitor.core.state.copy_state` for what it may hold.
    """

    state: StateT

    def __init__(self, **parts: Stateful[Any]) -> None:
        self._parts = parts
        self.state = self.fresh(0)
        if not parts.keys().isdisjoint(state_names(self.state)):
            raise TypeError(f"a part and a field of the state of {type(self).__name__} have the same name")

    @abstractmethod
    def fresh(self, start: int) -> StateT:
        """Return the state of one that has seen nothing; the next sample has index ``start``."""

    @property
    def parts(self) -> Mapping[str, Stateful[Any]]:
        """Its parts by name."""
        return self._parts

    def adopt(self, state: StateT) -> None:
        """Go on with another state, which is then its own."""
        self.state = state

    def reset(self, start: int = 0) -> None:
        """Forget the past; the next sample has absolute index ``start``."""
        for part in self._parts.values():
            part.reset(start)
        self.adopt(self.fresh(start))

    def snapshot(self) -> Snapshot:
        """Return a copy of the state, as plain data; what happens later does not change it."""
        return {
            **copy_state(self.state),
            **{name: part.snapshot() for name, part in self._parts.items()},
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a state that `snapshot` returned.

        Raises
        ------
        ValueError
            It is damaged, or that of another kind of part; then nothing has changed.
        """
        self.go_back(self.read(snapshot))

    def read(self, snapshot: Any, place: str = "state") -> Past[StateT]:
        """Check a snapshot, and that of each part, without going back to it.

        Raises
        ------
        ValueError
            It does not fit.
        """
        own = state_names(self.state)
        check_names(snapshot, [*own, *self._parts], place)
        state = read_state({name: snapshot[name] for name in own}, self.state, place)
        return Past(
            state, {name: part.read(snapshot[name], f"{place}.{name}") for name, part in self._parts.items()}
        )

    def go_back(self, past: Past[StateT]) -> None:
        """Go back to what `read` returned; it can be used once."""
        for name, part in self._parts.items():
            part.go_back(past.parts[name])
        self.adopt(past.state)


@dataclass(frozen=True, slots=True)
class Past(Generic[StateT]):
    """A state that was read, and those of the parts."""

    state: StateT
    parts: Mapping[str, Past[Any]]
