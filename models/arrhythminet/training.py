"""Trains an ArrhythmiNet: seeded, with progress, resumable, and safe to stop with Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as nnf
from torch.optim.swa_utils import AveragedModel

from ecgmon.models.arrhythminet.augment import Augmentation, augment
from ecgmon.models.arrhythminet.data import Beats, Split
from ecgmon.models.arrhythminet.network import CLASSES, ArrhythmiNet, Version, build
from ecgmon.models.common.checkpoint import ResumableRun, read_checkpoint


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained.

    Parameters
    ----------
    version : {"v1", "v2"}
        Which network.
    seed : int
        Decides split, first weights, order and augmentation.
    epochs : int
        Rounds of ``epoch_beats`` beats.
    epoch_beats : int
        Beats drawn a round, each class as often as every other.
    batch : int
        Beats a step.
    peak_rate : float
        Highest learning rate; it warms up over the first tenth and falls as a cosine.
    weight_decay : float
        Of AdamW.
    smoothing : float
        Label smoothing.
    record_power : float
        Within a class a record is drawn as often as its number of such beats to this power:
        1 is every beat alike, 0 every patient alike.
    mixup : float
        Share of batches in which pairs of beats are blended.
    focus : float
        Weight of a penalty on evidence for the true class that is spread over the window, so
        that Grad-CAM points somewhere.
    ema : float
        Decay, a step, of the averaged weights, which are the ones kept.
    augmentation : Augmentation
        How training windows are varied.
    """

    version: Version = "v1"
    seed: int = 0
    epochs: int = 60
    epoch_beats: int = 20_480
    batch: int = 128
    peak_rate: float = 4e-3
    weight_decay: float = 0.02
    smoothing: float = 0.03
    record_power: float = 0.6
    mixup: float = 0.4
    focus: float = 0.1
    ema: float = 0.998
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True, slots=True)
class Result:
    """A trained network and how it came about.

    Parameters
    ----------
    network : ArrhythmiNet
        With the averaged weights, in evaluation mode.
    recipe : Recipe
        How it was trained.
    epoch_s : list of float
        Seconds each epoch took.
    validation : list of float
        Accuracy on the validation beats after each epoch.
    """

    network: ArrhythmiNet
    recipe: Recipe
    epoch_s: list[float]
    validation: list[float]


def predict(network: ArrhythmiNet, windows: NDArray[np.float32], batch: int = 512) -> NDArray[np.float32]:
    """Return logits of shape (n, classes) for windows of shape (n, 360)."""
    network.eval()
    device = network.head.weight.device
    with torch.inference_mode():
        parts = [network(part.to(device)).logits for part in torch.split(torch.from_numpy(windows), batch)]
    return torch.cat(parts).cpu().numpy()


def _spread(evidence: Tensor) -> Tensor:
    """Return how much of its width evidence of shape (n, length) fills, 0 to 1."""
    positive = nnf.relu(evidence)
    return (positive.mean(dim=1) / positive.amax(dim=1).clamp_min(1e-3)).mean()


class _Pool:
    """The training beats of one class, drawn with a chance that depends on the record."""

    def __init__(self, which: NDArray[np.int64], records: NDArray[np.str_], power: float) -> None:
        _, place, counts = np.unique(records, return_inverse=True, return_counts=True)
        chance = counts[place] ** (power - 1.0)
        self._which = which
        self._edges = np.cumsum(chance / chance.sum())

    def draw(self, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Return beats, with replacement."""
        places = np.searchsorted(self._edges, rng.random(count))
        return self._which[np.minimum(places, len(self._which) - 1)]


def _running_mean(decay: float) -> Callable[[Any, Any, Any], None]:
    """Return an exponential mean of weights that forgets the untrained ones quickly."""

    def update(mean: list[Tensor], current: list[Tensor], count: Tensor | int) -> None:
        steps = int(count)
        keep = min(decay, (1 + steps) / (10 + steps))
        for old, new in zip(mean, current, strict=True):
            if old.is_floating_point():
                old.lerp_(new, 1 - keep)
            else:
                old.copy_(new)

    return update


class _Run(ResumableRun):
    """The state of one training."""

    def __init__(self, recipe: Recipe, steps_per_epoch: int) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network = build(recipe.version).to(self.device)
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=recipe.peak_rate, weight_decay=recipe.weight_decay
        )
        steps = recipe.epochs * steps_per_epoch
        super().__init__(
            recipe,
            network,
            mean=AveragedModel(network, multi_avg_fn=_running_mean(recipe.ema), use_buffers=True),
            optimizer=optimizer,
            schedule=torch.optim.lr_scheduler.OneCycleLR(
                optimizer,
                recipe.peak_rate,
                total_steps=steps,
                pct_start=max(0.1, min(0.5, 2.0 / steps)),
                cycle_momentum=False,
            ),
            rng=np.random.default_rng(recipe.seed),
        )
        self.head = network.head
        self.epoch_s: list[float] = []
        self.validation: list[float] = []

    def epoch(self, beats: Beats, pools: list[_Pool]) -> None:
        recipe = self.recipe
        self.network.train()
        labels = np.arange(recipe.epoch_beats) % len(CLASSES)
        self.rng.shuffle(labels)
        for start in range(0, recipe.epoch_beats - recipe.batch + 1, recipe.batch):
            part = labels[start : start + recipe.batch]
            which = np.empty(len(part), dtype=np.int64)
            for label, pool in enumerate(pools):
                wanted = part == label
                which[wanted] = pool.draw(self.rng, int(wanted.sum()))
            windows = augment(
                beats.windows_mv[which], beats.live_offsets[which], self.rng, recipe.augmentation
            )
            self._step(torch.from_numpy(windows), torch.from_numpy(part))

    def _step(self, windows: Tensor, labels: Tensor) -> None:
        windows = windows.to(self.device)
        target = nnf.one_hot(labels.to(self.device), len(CLASSES)).float()
        if self.rng.random() < self.recipe.mixup:
            share = float(self.rng.beta(0.4, 0.4))
            windows = share * windows + (1 - share) * windows.flip(0)
            target = share * target + (1 - share) * target.flip(0)
        logits, features = self.network(windows)
        loss = nnf.cross_entropy(logits, target, label_smoothing=self.recipe.smoothing)
        weights = target @ self.head.centred()[0]
        loss = loss + self.recipe.focus * _spread(torch.einsum("nk,nkt->nt", weights, features))
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self.optimizer.step()
        self.schedule.step()
        self.mean.update_parameters(self.network)

    def result(self) -> Result:
        network = self.mean.module
        assert isinstance(network, ArrhythmiNet)
        return Result(network.eval(), self.recipe, self.epoch_s, self.validation)


def train(
    beats: Beats,
    split: Split,
    recipe: Recipe,
    checkpoint: Path,
    say: Callable[[str], None] = print,
) -> Result:
    """Train to the end, going on from a checkpoint where there is one.

    Parameters
    ----------
    beats, split : Beats, Split
        The data set and its sides; the test side is not touched.
    recipe : Recipe
        How to train.
    checkpoint : Path
        Written after every epoch, whole or not at all, so that Ctrl-C loses one epoch at most.
    say : callable
        Takes a line on progress.

    Raises
    ------
    ModelError
        The checkpoint was begun with another recipe.
    """
    run = _Run(recipe, recipe.epoch_beats // recipe.batch)
    if checkpoint.is_file():
        state = run.load(checkpoint)
        run.epoch_s, run.validation = state["epoch_s"], state["validation"]
    pools = [
        _Pool(which, beats.records[which], recipe.record_power)
        for label in range(len(CLASSES))
        for which in [split.train[beats.labels[split.train] == label]]
    ]
    truth = beats.labels[split.validation]
    windows = beats.served(split.validation)
    for epoch in range(len(run.epoch_s), recipe.epochs):
        start = time.perf_counter()
        run.epoch(beats, pools)
        named = predict(run.result().network, windows).argmax(axis=1)
        run.validation.append(float((named == truth).mean()))
        run.epoch_s.append(time.perf_counter() - start)
        run.save(checkpoint, {"epoch_s": run.epoch_s, "validation": run.validation})
        left = (recipe.epochs - epoch - 1) * float(np.median(run.epoch_s))
        say(
            f"epoch {epoch + 1} of {recipe.epochs}: validation accuracy {run.validation[-1]:.4f}, "
            f"{run.epoch_s[-1]:.0f} s, about {left / 60:.0f} min left"
        )
    return run.result()


def load_result(path: Path) -> Result:
    """Return the network of a checkpoint, finished or not.

    Raises
    ------
    ModelError
        It cannot be read.
    """
    state = read_checkpoint(path)
    row = dict(state["recipe"])
    recipe = Recipe(**{**row, "augmentation": Augmentation(**row["augmentation"])})
    run = _Run(recipe, recipe.epoch_beats // recipe.batch)
    run.mean.load_state_dict(state["mean"])
    run.epoch_s, run.validation = state["epoch_s"], state["validation"]
    return run.result()
