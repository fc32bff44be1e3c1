"""Train the R-peak network: seeded, resumable, and never half written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional as F  # noqa: N812

from ecgmon.models.common.checkpoint import read_checkpoint
from ecgmon.models.common.learning import GradientRun
from ecgmon.models.common.progress import Figures, Show, quiet
from ecgmon.models.rpeak.batches import Batch, Sampler
from ecgmon.models.rpeak.network import NetworkShape, RPeakNetwork

SAVE_EVERY = 250
"""Steps from one checkpoint to the next."""


@dataclass(frozen=True)
class TrainingPlan:
    """How long and how fast.

    Parameters
    ----------
    steps : int
        Number of batches.
    learning_rate : float
        Peak of the one-cycle schedule.
    offset_share : float
        Weight of the offset's loss.
    seed : int
        Seed of weights and batches.
    """

    steps: int = 9600
    learning_rate: float = 4e-3
    offset_share: float = 0.1
    seed: int = 1


@dataclass(frozen=True)
class _Key:
    """What must be the same for a checkpoint to be taken up."""

    plan: TrainingPlan
    shape: NetworkShape


def loss_of(output: torch.Tensor, batch: Batch, offset_share: float) -> torch.Tensor:
    """Return cross-entropy of both looks plus a robust distance of the offset."""
    weight = torch.from_numpy(batch.weight)
    offset_weight = torch.from_numpy(batch.offset_weight)
    entropy = F.binary_cross_entropy_with_logits(
        output[:, :2],
        torch.from_numpy(batch.targets),
        weight=weight[:, None],
        reduction="sum",
    )
    distance = F.smooth_l1_loss(output[:, 2], torch.from_numpy(batch.offset), reduction="none", beta=0.2)
    located = (distance * offset_weight).sum() / offset_weight.sum().clamp(min=1.0)
    return entropy / weight.sum().clamp(min=1.0) + offset_share * located


class Training(GradientRun[RPeakNetwork]):
    """One run of training, which a checkpoint holds whole.

    Parameters
    ----------
    sampler : Sampler
        Where batches come from.
    shape : NetworkShape
        Size of the network.
    plan : TrainingPlan
        How long, how fast, and the seed.
    records : sequence of str
        Records that the sampler draws from.
    """

    def __init__(
        self, sampler: Sampler, shape: NetworkShape, plan: TrainingPlan, records: Sequence[str] = ()
    ) -> None:
        torch.manual_seed(plan.seed)
        self.sampler = sampler
        self.plan = plan
        network = RPeakNetwork(shape)
        rate = plan.learning_rate
        optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=plan.steps, pct_start=0.1)
        rngs = {"sampler": sampler.rng}
        super().__init__(_Key(plan, shape), records, network, optimiser, schedule, rngs)

    def advance(self) -> Figures:
        """Take one batch and return its loss."""
        batch = self.sampler.draw()
        with torch.autocast("cpu", torch.bfloat16):
            output = self.network(torch.from_numpy(batch.hops))
        loss = loss_of(output.float(), batch, self.plan.offset_share)
        return {"loss": self.learn(loss, clip=1.0)}

    def train(self, checkpoint: Path, show: Show = quiet) -> RPeakNetwork:
        """Train to the end, going on from a checkpoint where there is one.

        Parameters
        ----------
        checkpoint : Path
            Written every 250 steps and when stopped.
        show : callable
            Is told each step and its loss.

        Raises
        ------
        ModelError
            The checkpoint is damaged, or was begun with another plan.
        """
        self.run(self.plan.steps, self.advance, checkpoint, show, every=SAVE_EVERY)
        return self.trained()


def load(checkpoint: Path) -> tuple[RPeakNetwork, TrainingPlan, list[str]]:
    """Return the network of a checkpoint, the plan it was trained by, and the records it was trained on.

    Raises
    ------
    ModelError
        It cannot be read.
    """
    state = read_checkpoint(checkpoint)
    shape = dict(state["plan"]["shape"])
    network = RPeakNetwork(NetworkShape(**{**shape, "dilations": tuple(shape["dilations"])}))
    network.load_state_dict(state["parts"]["network"])
    return network.eval(), TrainingPlan(**state["plan"]["plan"]), list(state["records"])
