"""Trains the adaptive network: seeded, with progress, resumable, and safe to stop with Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from ecgmon.models.adaptive.batches import BatchMaker
from ecgmon.models.adaptive.data import BeatSequence
from ecgmon.models.adaptive.leads import turn
from ecgmon.models.adaptive.network import AdaptiveNet
from ecgmon.models.adaptive.patients import NORMAL
from ecgmon.models.adaptive.rhythms import invent
from ecgmon.models.adaptive.scoring import predict, summary
from ecgmon.models.common.checkpoint import read_checkpoint
from ecgmon.models.common.learning import GradientRun, device
from ecgmon.models.common.progress import Figures, Show, quiet


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How the network is trained; chosen by cross-validation on training patients.

    Parameters
    ----------
    seed : int
        Decides first weights, order and augmentation.
    epochs, steps : int
        Rounds, and batches a round.
    runs, length : int
        Runs of beats a batch, and beats a run.
    peak_rate, weight_decay : float
        Of AdamW; the rate warms up and falls as a cosine.
    ema : float
        Decay, a step, of the averaged weights, which are the ones kept.
    invented : float
        Share of runs from rhythms put together of the records' beats (`ecgmon.models.adaptive.rhythms`).
    turned : float
        Share of runs from records as leads at other angles show them (`ecgmon.models.adaptive.leads`).
    turns : int
        Angles that each signal is shown at.
    class_weights : tuple of float
        Weight of each symbol in the loss, and of a normal beat of unknown kind.
    """

    seed: int = 0
    epochs: int = 6
    steps: int = 150
    runs: int = 14
    length: int = 128
    peak_rate: float = 3e-3
    weight_decay: float = 0.05
    ema: float = 0.995
    invented: float = 0.25
    turned: float = 0.35
    turns: int = 2
    class_weights: tuple[float, ...] = (1.0, 1.0, 1.0, 1.3, 1.2, 2.0, 1.0, 1.0)


def loss_of(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted cross-entropy; a normal beat of unknown kind may be any normal one.

    Parameters
    ----------
    logits : Tensor of shape (..., 7)
        Scores of the symbols.
    labels : Tensor of shape (...)
        Labels of `ecgmon.models.adaptive.patients`.
    weights : Tensor of shape (8,)
        Weight of each label.
    """
    known = torch.log_softmax(logits, dim=-1)
    normal = torch.logsumexp(known[..., list(NORMAL)], dim=-1, keepdim=True)
    every = torch.cat((known, normal), dim=-1)
    target = labels.clamp(min=0)
    weight = weights[target] * (labels >= 0)
    picked = every.gather(-1, target[..., None])[..., 0]
    return -(picked * weight).sum() / weight.sum().clamp(min=1.0)


def _running_mean(decay: float) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
    """Return an exponential mean of weights; counters are copied."""

    def update(mean: Tensor, current: Tensor, _: Tensor | int) -> Tensor:
        return mean.lerp(current, 1 - decay) if mean.is_floating_point() else current

    return update


class _Fit(GradientRun[AdaptiveNet]):
    """The state of one training."""

    def __init__(self, plan: TrainingPlan, records: Sequence[str]) -> None:
        torch.manual_seed(plan.seed)
        self.plan = plan
        self.device = device()
        network = AdaptiveNet().to(self.device)
        optimiser = torch.optim.AdamW(network.parameters(), lr=plan.peak_rate, weight_decay=plan.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, plan.peak_rate, total_steps=plan.epochs * plan.steps, pct_start=0.15
        )
        mean = AveragedModel(network, avg_fn=_running_mean(plan.ema), use_buffers=True)
        self.rng = np.random.default_rng(plan.seed)
        super().__init__(plan, records, network, optimiser, schedule, {"batches": self.rng}, mean)
        self._weights = torch.tensor(plan.class_weights, device=self.device)

    def epoch(self, batches: BatchMaker) -> float:
        """Train one round and return its mean loss."""
        self.network.train()
        total = 0.0
        for _ in range(self.plan.steps):
            batch = batches.draw(self.plan.runs, self.plan.length)
            shapes, features, later, labels = (torch.from_numpy(rows).to(self.device) for rows in batch)
            named = self.network(shapes, features, later)
            loss = loss_of(named.first, labels, self._weights) + loss_of(named.final, labels, self._weights)
            total += self.learn(loss, clip=1.0)
        return total / self.plan.steps


def load(checkpoint: Path) -> tuple[AdaptiveNet, TrainingPlan, list[str]]:
    """Return the averaged network of a checkpoint, its plan, and the records it was trained on.

    Raises
    ------
    ModelError
        It cannot be read.
    """
    state = read_checkpoint(checkpoint)
    plan = TrainingPlan(**{**state["plan"], "class_weights": tuple(state["plan"]["class_weights"])})
    run = _Fit(plan, state["records"])
    run.take_weights(state)
    return run.trained(), plan, list(state["records"])


def train(
    sequences: Sequence[BeatSequence],
    plan: TrainingPlan,
    checkpoint: Path,
    held_out: Sequence[BeatSequence] = (),
    show: Show = quiet,
) -> AdaptiveNet:
    """Train to the end, going on from a checkpoint where there is one.

    Parameters
    ----------
    sequences : sequence of BeatSequence
        Training records.
    plan : TrainingPlan
        How.
    checkpoint : Path
        Written after each round.
    held_out : sequence of BeatSequence
        Scored at the end of each round; nothing is chosen by it here.
    show : callable
        Is told each round and what it gave.

    Raises
    ------
    ModelError
        The checkpoint is damaged, or was begun with another plan or other records.
    """
    records = dict.fromkeys(f"{sequence.database}/{sequence.record}" for sequence in sequences)
    run = _Fit(plan, list(records))
    batches = _batches(sequences, plan, run.rng)

    def round_of_training() -> Figures:
        figures = {"loss": run.epoch(batches)}
        if held_out:
            scores = summary(predict(run.trained(), sequence) for sequence in held_out)
            figures |= {name: scores[name] for name in ("final_v_f1", "final_s_f1", "final_accuracy")}
        return figures

    run.run(plan.epochs, round_of_training, checkpoint, show, hold=False)
    return run.trained()


def _batches(sequences: Sequence[BeatSequence], plan: TrainingPlan, rng: np.random.Generator) -> BatchMaker:
    """Return what draws from the records, from rhythms made of their beats and from other angles."""
    own = np.random.default_rng(plan.seed)
    rhythms = list(invent(sequences, own)) if plan.invented else []
    angles = [seen for _ in range(plan.turns) for seen in turn(sequences, own)] if plan.turned else []
    return BatchMaker(sequences, rng, rhythms, plan.invented, angles, plan.turned)
