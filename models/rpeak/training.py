"""Train the R-peak network: seeded, resumable, and never half written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch.nn import functional as F  # noqa: N812

from ecgmon.models.common.checkpoint import other_settings, read_checkpoint, write_checkpoint
from ecgmon.models.rpeak.batches import Batch, Sampler
from ecgmon.models.rpeak.network import NetworkShape, RPeakNetwork

SAVE_EVERY = 250
Progress = Callable[[int, float], None]


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


class Training:
    """One run of training, which a checkpoint holds whole.

    Parameters
    ----------
    sampler : Sampler
        Where batches come from.
    shape : NetworkShape
        Size of the network.
    plan : TrainingPlan
        How long, how fast, and the seed.
    """

    def __init__(self, sampler: Sampler, shape: NetworkShape, plan: TrainingPlan) -> None:
        torch.manual_seed(plan.seed)
        torch.set_num_threads(1)
        self._sampler = sampler
        self._plan = plan
        self.steps = plan.steps
        self._key = {**asdict(shape), **asdict(plan)}
        self.network = RPeakNetwork(shape)
        self._optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=plan.learning_rate, weight_decay=1e-3
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser, plan.learning_rate, total_steps=plan.steps, pct_start=0.1
        )
        self.step = 0

    def advance(self) -> float:
        """Take one batch and return its loss."""
        batch = self._sampler.draw()
        with torch.autocast("cpu", torch.bfloat16):
            output = self.network(torch.from_numpy(batch.hops))
        loss = loss_of(output.float(), batch, self._plan.offset_share)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self._optimiser.step()
        self._schedule.step()
        self.step += 1
        return float(loss.detach())

    def run(
        self,
        checkpoint: Path | None = None,
        progress: Progress = lambda _step, _loss: None,
    ) -> RPeakNetwork:
        """Train to the end, going on from a checkpoint where there is one.

        Parameters
        ----------
        checkpoint : Path, optional
            Written every 250 steps and when interrupted.
        progress : callable
            Told the step and the loss.

        Raises
        ------
        ModelError
            The checkpoint is damaged, or was begun with another plan.
        """
        if checkpoint is not None and checkpoint.exists():
            self._restore(checkpoint)
        try:
            while self.step < self.steps:
                progress(self.step, self.advance())
                if checkpoint is not None and (self.step % SAVE_EVERY == 0 or self.step == self.steps):
                    self._save(checkpoint)
        except KeyboardInterrupt:
            if checkpoint is not None:
                self._save(checkpoint)
            raise
        return self.network.eval()

    def _save(self, path: Path) -> None:
        state = {
            "key": self._key,
            "step": self.step,
            "network": self.network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "chance": self._sampler.chance,
        }
        write_checkpoint(path, state)

    def _restore(self, path: Path) -> None:
        state = read_checkpoint(path)
        if state.get("key") != self._key:
            raise other_settings(path)
        self.step = state["step"]
        self.network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._schedule.load_state_dict(state["schedule"])
        self._sampler.chance = state["chance"]
