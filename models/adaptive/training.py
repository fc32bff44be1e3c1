"""Trains the adaptive network: seeded, with progress, resumable, and safe to stop with Ctrl-C."""

from __future__ import annotations

import time
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
from ecgmon.models.common.checkpoint import ResumableRun, read_checkpoint


@dataclass(frozen=True, slots=True)
class Recipe:
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


class Run(ResumableRun):
    """The state of one training."""

    def __init__(self, recipe: Recipe) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network = AdaptiveNet().to(self.device)
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=recipe.peak_rate, weight_decay=recipe.weight_decay
        )
        super().__init__(
            recipe,
            network,
            mean=AveragedModel(network, avg_fn=_running_mean(recipe.ema), use_buffers=True),
            optimizer=optimizer,
            schedule=torch.optim.lr_scheduler.OneCycleLR(
                optimizer, recipe.peak_rate, total_steps=recipe.epochs * recipe.steps, pct_start=0.15
            ),
            rng=np.random.default_rng(recipe.seed),
        )
        self.weights = torch.tensor(recipe.class_weights, device=self.device)
        self.epoch = 0

    def run_epoch(self, batches: BatchMaker) -> float:
        """Train one round and return its mean loss."""
        self.network.train()
        total = 0.0
        for _ in range(self.recipe.steps):
            batch = batches.draw(self.recipe.runs, self.recipe.length)
            shapes, features, later, labels = (torch.from_numpy(rows).to(self.device) for rows in batch)
            named = self.network(shapes, features, later)
            loss = loss_of(named.first, labels, self.weights) + loss_of(named.final, labels, self.weights)
            self.optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self.optimizer.step()
            self.schedule.step()
            self.mean.update_parameters(self.network)
            total += float(loss.detach())
        self.epoch += 1
        return total / self.recipe.steps

    def trained(self) -> AdaptiveNet:
        """Return the averaged network."""
        network = self.mean.module
        assert isinstance(network, AdaptiveNet)
        return network.cpu().eval()


def load_network(path: Path) -> tuple[AdaptiveNet, Recipe]:
    """Return the averaged network of a checkpoint, and its recipe."""
    state = read_checkpoint(path)
    values = dict(state["recipe"])
    values["class_weights"] = tuple(values["class_weights"])
    run = Run(Recipe(**values))
    run.mean.load_state_dict(state["mean"])
    return run.trained(), run.recipe


def train(
    sequences: Sequence[BeatSequence],
    recipe: Recipe,
    checkpoint: Path,
    held_out: Sequence[BeatSequence] = (),
    say: Callable[[str], None] = print,
) -> AdaptiveNet:
    """Train to the end, going on from a checkpoint where there is one.

    Parameters
    ----------
    sequences : sequence of BeatSequence
        Training records.
    recipe : Recipe
        How.
    checkpoint : Path
        Written after each round.
    held_out : sequence of BeatSequence
        Scored at the end of each round; nothing is chosen by it here.
    say : callable
        Takes a line on progress.
    """
    run = Run(recipe)
    if checkpoint.is_file():
        run.epoch = int(run.load(checkpoint)["epoch"])
        say(f"{checkpoint}: going on after round {run.epoch}")
    rng = np.random.default_rng(recipe.seed)
    rhythms = list(invent(sequences, rng)) if recipe.invented else []
    angles = [seen for _ in range(recipe.turns) for seen in turn(sequences, rng)] if recipe.turned else []
    batches = BatchMaker(sequences, run.rng, rhythms, recipe.invented, angles, recipe.turned)
    while run.epoch < recipe.epochs:
        begun = time.perf_counter()
        loss = run.run_epoch(batches)
        run.save(checkpoint, {"epoch": run.epoch})
        line = f"round {run.epoch} of {recipe.epochs}: loss {loss:.4f}, {time.perf_counter() - begun:.0f} s"
        if held_out:
            scores = summary(predict(run.trained(), sequence) for sequence in held_out)
            line += "".join(
                f", {name} {scores[name]:.3f}" for name in ("final_v_f1", "final_s_f1", "final_accuracy")
            )
        say(line)
    return run.trained()
