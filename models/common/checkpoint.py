"""The state of a training on disk: written whole or not at all, and never taken up with another recipe."""

from __future__ import annotations

import pickle
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.swa_utils import AveragedModel

from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.core.files import replacing

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint, whole or not at all."""
    with replacing(path) as part:
        torch.save(state, part)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return the contents of a checkpoint.

    Raises
    ------
    ModelError
        It is not there, or is damaged.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise ModelError(
            f"{path}: the checkpoint cannot be read ({error.strerror}).", "Train first, or name another run."
        ) from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError):
        raise ModelError(f"{path}: the checkpoint is damaged.", "Delete it to begin anew.") from None
    return state


def other_settings(path: Path) -> ModelError:
    """Return the error of a checkpoint that was begun with another recipe."""
    return ModelError(f"{path}: it was begun with other settings.", "Repeat those, or name another folder.")


class ResumableRun:
    """A training with averaged weights, which a checkpoint holds whole.

    Parameters
    ----------
    recipe : dataclass
        How the network is trained.
    network : nn.Module
        Being trained.
    mean : AveragedModel
        Its averaged weights.
    optimizer : Optimizer
        Of the network.
    schedule : LRScheduler
        Of the learning rate.
    rng : numpy.random.Generator
        Draws batches.
    """

    def __init__(
        self,
        recipe: DataclassInstance,
        network: nn.Module,
        mean: AveragedModel,
        optimizer: torch.optim.Optimizer,
        schedule: LRScheduler,
        rng: np.random.Generator,
    ) -> None:
        self._recipe = recipe
        self.network = network
        self.mean = mean
        self.optimizer = optimizer
        self.schedule = schedule
        self.rng = rng

    def save(self, path: Path, progress: dict[str, Any]) -> None:
        """Write a checkpoint.

        Parameters
        ----------
        path : Path
            Where.
        progress : dict
            How far the training has come.
        """
        state = {
            "recipe": asdict(self._recipe),
            "network": self.network.state_dict(),
            "mean": self.mean.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "rng": self.rng.bit_generator.state,
            "torch_rng": torch.get_rng_state(),
        }
        write_checkpoint(path, state | progress)

    def load(self, path: Path) -> dict[str, Any]:
        """Take up a checkpoint and return its contents, with the progress that was saved.

        Raises
        ------
        ModelError
            It cannot be read, or was begun with another recipe.
        """
        state = read_checkpoint(path)
        if state["recipe"] != asdict(self._recipe):
            raise other_settings(path)
        self.network.load_state_dict(state["network"])
        self.mean.load_state_dict(state["mean"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.rng.bit_generator.state = state["rng"]
        torch.set_rng_state(state["torch_rng"])
        return state
