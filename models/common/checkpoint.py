"""The state of a training on disk: whole or not at all, and never taken up with another plan."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from ecgmon.models.common.interrupt import held_interrupt
from ecgmon.models.common.progress import Figures, Show
from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.core.files import replacing

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Stateful(Protocol):
    """A network, an optimiser, a schedule: what gives its state and takes it back."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state."""
        ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any:
        """Take a state."""
        ...


def write_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write a checkpoint, whole or not at all."""
    with replacing(path) as part:
        torch.save(dict(state), part)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return the contents of a checkpoint.

    Raises
    ------
    ModelError
        It is not there, or is damaged.
    """
    if not path.is_file():
        raise ModelError(f"{path}: there is no checkpoint.", "Train first, or name another run.")
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, IndexError):
        raise ModelError(f"{path}: the checkpoint is damaged.", "Delete it to begin anew.") from None
    if not {"plan", "records", "done", "parts"} <= set(state):
        raise ModelError(f"{path}: this is no checkpoint of this version.", "Delete it to begin anew.")
    return state


class ResumableRun:
    """A training that a checkpoint holds whole: it goes on as if it had never been stopped.

    Parameters
    ----------
    plan : dataclass
        How the model is trained; a checkpoint of another plan is refused.
    records : sequence of str
        What it is trained on; a checkpoint of other records is refused.
    parts : mapping of str to Stateful
        All that changes in training.
    rngs : mapping of str to numpy Generator
        All sources of chance but torch's own, which is kept too.

    Attributes
    ----------
    done : int
        Steps done.
    history : list of dict
        What each kept step gave.
    """

    def __init__(
        self,
        plan: DataclassInstance,
        records: Sequence[str],
        parts: Mapping[str, Stateful],
        rngs: Mapping[str, np.random.Generator],
    ) -> None:
        self._plan = asdict(plan)
        self._records = list(records)
        self._parts = dict(parts)
        self._rngs = dict(rngs)
        self.done = 0
        self.history: list[dict[str, float]] = []

    def save(self, path: Path) -> None:
        """Write a checkpoint."""
        state = {
            "plan": self._plan,
            "records": self._records,
            "done": self.done,
            "history": self.history,
            "torch_rng": torch.get_rng_state(),
            "rngs": {name: rng.bit_generator.state for name, rng in self._rngs.items()},
            "parts": {name: part.state_dict() for name, part in self._parts.items()},
        }
        write_checkpoint(path, state)

    def load(self, path: Path) -> None:
        """Take up a checkpoint.

        Raises
        ------
        ModelError
            It cannot be read, or was begun with another plan or other records.
        """
        state = read_checkpoint(path)
        if state["plan"] != self._plan or state["records"] != self._records:
            raise ModelError(
                f"{path}: it was begun with other settings.", "Repeat those, or name another folder."
            )
        self.done, self.history = state["done"], state["history"]
        for name, part in self._parts.items():
            part.load_state_dict(state["parts"][name])
        for name, rng in self._rngs.items():
            rng.bit_generator.state = state["rngs"][name]
        torch.set_rng_state(state["torch_rng"])

    def run(
        self,
        total: int,
        advance: Callable[[], Figures],
        checkpoint: Path,
        show: Show,
        *,
        every: int = 1,
        hold: bool = True,
        keep: bool = False,
    ) -> None:
        """Train to the end, going on from a checkpoint where there is one.

        Parameters
        ----------
        total : int
            Steps in all.
        advance : callable
            Does one step and returns what it gave.
        checkpoint : Path
            Written every so many steps, at the end, and before Ctrl-C ends the training.
        show : callable
            Is told each step.
        every : int
            Steps from one checkpoint to the next.
        hold : bool
            Finish the step in hand on Ctrl-C; without it a step is given up, for those that take long.
        keep : bool
            Keep what each step gave in `history`.

        Raises
        ------
        ModelError
            The checkpoint is damaged, or was begun with another plan or other records.
        KeyboardInterrupt
            Ctrl-C was pressed; the same call goes on.
        """
        if checkpoint.is_file():
            self.load(checkpoint)
        if not hold:
            self._steps(total, advance, checkpoint, show, every, keep, lambda: False)
            return
        with held_interrupt() as pressed:
            self._steps(total, advance, checkpoint, show, every, keep, pressed)

    def _steps(
        self,
        total: int,
        advance: Callable[[], Figures],
        checkpoint: Path,
        show: Show,
        every: int,
        keep: bool,
        pressed: Callable[[], bool],
    ) -> None:
        while self.done < total:
            figures = advance()
            self.done += 1
            if keep:
                self.history.append(dict(figures))
            if self.done % every == 0 or self.done == total or pressed():
                self.save(checkpoint)
            if pressed():
                raise KeyboardInterrupt
            show(self.done, figures)
