"""A training by gradient steps: network, optimiser and schedule, and perhaps a mean of the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.swa_utils import AveragedModel

from ecgmon.models.common.checkpoint import ResumableRun, Stateful

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

N = TypeVar("N", bound=nn.Module)


class GradientRun(ResumableRun, Generic[N]):
    """The state of a training by gradient steps.

    Parameters
    ----------
    plan, records
        As in `ResumableRun`.
    network : nn.Module
        Being trained.
    optimiser : Optimizer
        Of the network.
    schedule : LRScheduler
        Of its learning rate.
    rngs : mapping of str to numpy Generator
        All sources of chance but torch's own.
    mean : AveragedModel, optional
        Averaged weights, which are the ones kept.
    """

    def __init__(
        self,
        plan: DataclassInstance,
        records: Sequence[str],
        network: N,
        optimiser: torch.optim.Optimizer,
        schedule: LRScheduler,
        rngs: Mapping[str, np.random.Generator],
        mean: AveragedModel | None = None,
    ) -> None:
        self.network = network
        self.mean = mean
        self._optimiser = optimiser
        self._schedule = schedule
        parts: dict[str, Stateful] = {"network": network, "optimiser": optimiser, "schedule": schedule}
        if mean is not None:
            parts["mean"] = mean
        super().__init__(plan, records, parts, rngs)

    def learn(self, loss: Tensor, clip: float | None = None) -> float:
        """Take one step down a loss and return it.

        Parameters
        ----------
        loss : Tensor
            Of one batch.
        clip : float, optional
            Longest gradient.
        """
        self._optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        if clip is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), clip)
        self._optimiser.step()
        self._schedule.step()
        if self.mean is not None:
            self.mean.update_parameters(self.network)
        return float(loss.detach())

    def take_weights(self, state: Mapping[str, Any]) -> None:
        """Take the weights of a checkpoint, to serve them and not to train on."""
        name = "network" if self.mean is None else "mean"
        (self.mean or self.network).load_state_dict(state["parts"][name])

    def trained(self) -> N:
        """Return the network that is kept, in evaluation mode."""
        if self.mean is None:
            return self.network.eval()
        return cast("N", self.mean.module).cpu().eval()


def device() -> torch.device:
    """Return where to train: a GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
