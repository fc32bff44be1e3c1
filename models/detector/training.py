"""Train the R-peak network on prepared traces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional as F  # noqa: N812

from models.detector.batches import Batch, Sampler
from models.detector.network import NetworkShape, RPeakNetwork


@dataclass(frozen=True)
class TrainingPlan:
    """How long and how fast.

    Parameters
    ----------
    steps : int
        Batches.
    learning_rate : float
        Peak of the one-cycle schedule.
    offset_share : float
        Weight of the offset's loss.
    seed : int
        Seed of weights and batches.
    """

    steps: int = 1500
    learning_rate: float = 4e-3
    offset_share: float = 0.1
    seed: int = 1


def loss_of(output: torch.Tensor, batch: Batch, offset_share: float) -> torch.Tensor:
    """Return cross-entropy of the bump plus a robust distance of the offset."""
    weight = torch.from_numpy(batch.weight)
    offset_weight = torch.from_numpy(batch.offset_weight)
    entropy = F.binary_cross_entropy_with_logits(
        output[:, 0], torch.from_numpy(batch.target), weight=weight, reduction="sum"
    )
    distance = F.smooth_l1_loss(output[:, 1], torch.from_numpy(batch.offset), reduction="none", beta=0.2)
    located = (distance * offset_weight).sum() / offset_weight.sum().clamp(min=1.0)
    return entropy / weight.sum().clamp(min=1.0) + offset_share * located


def train(
    sampler: Sampler,
    shape: NetworkShape,
    plan: TrainingPlan,
    progress: Callable[[int, float], None] = lambda _step, _loss: None,
) -> RPeakNetwork:
    """Train from scratch."""
    torch.manual_seed(plan.seed)
    torch.set_num_threads(1)
    network = RPeakNetwork(shape)
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.learning_rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, plan.learning_rate, total_steps=plan.steps, pct_start=0.1
    )
    for step in range(plan.steps):
        batch = sampler.draw()
        loss = loss_of(network(torch.from_numpy(batch.hops)), batch, plan.offset_share)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        progress(step, float(loss))
    return network.eval()
