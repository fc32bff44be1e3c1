"""Trains an ArrhythmiNet: seeded, with progress, resumable, and safe to stop with Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
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
from ecgmon.models.common.checkpoint import read_checkpoint
from ecgmon.models.common.learning import GradientRun, device
from ecgmon.models.common.progress import Figures, Show, quiet
from ecgmon.monitor.core.errors import RecordError


@dataclass(frozen=True, slots=True)
class TrainingPlan:
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

    @property
    def steps(self) -> int:
        """Batches in all."""
        return self.epochs * (self.epoch_beats // self.batch)


@dataclass(frozen=True, slots=True)
class Result:
    """A trained network and how it came about.

    Parameters
    ----------
    network : ArrhythmiNet
        With the averaged weights, in evaluation mode.
    plan : TrainingPlan
        How it was trained.
    records : tuple of str
        On what.
    epoch_s : list of float
        Seconds each epoch took.
    validation : list of float
        Accuracy on the validation beats after each epoch.
    """

    network: ArrhythmiNet
    plan: TrainingPlan
    records: tuple[str, ...]
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


class _Fit(GradientRun[ArrhythmiNet]):
    """The state of one training."""

    def __init__(self, plan: TrainingPlan, records: Sequence[str]) -> None:
        torch.manual_seed(plan.seed)
        self.plan = plan
        self.records = tuple(records)
        self.device = device()
        network = build(plan.version).to(self.device)
        rate, steps = plan.peak_rate, plan.steps
        optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=plan.weight_decay)
        warm = max(0.1, min(0.5, 2.0 / steps))
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, rate, total_steps=steps, pct_start=warm, cycle_momentum=False
        )
        mean = AveragedModel(network, multi_avg_fn=_running_mean(plan.ema), use_buffers=True)
        self.rng = np.random.default_rng(plan.seed)
        super().__init__(plan, records, network, optimiser, schedule, {"batches": self.rng}, mean)

    def epoch(self, beats: Beats, pools: Sequence[_Pool]) -> float:
        """Train one epoch and return its mean loss."""
        plan, losses = self.plan, []
        self.network.train()
        labels = np.arange(plan.epoch_beats) % len(CLASSES)
        self.rng.shuffle(labels)
        for start in range(0, plan.epoch_beats - plan.batch + 1, plan.batch):
            part = labels[start : start + plan.batch]
            which = np.empty(len(part), dtype=np.int64)
            for label, pool in enumerate(pools):
                wanted = part == label
                which[wanted] = pool.draw(self.rng, int(wanted.sum()))
            windows = augment(beats.windows_mv[which], beats.live_offsets[which], self.rng, plan.augmentation)
            losses.append(self._step(torch.from_numpy(windows), torch.from_numpy(part)))
        return float(np.mean(losses))

    def _step(self, windows: Tensor, labels: Tensor) -> float:
        windows = windows.to(self.device)
        target = nnf.one_hot(labels.to(self.device), len(CLASSES)).float()
        if self.rng.random() < self.plan.mixup:
            share = float(self.rng.beta(0.4, 0.4))
            windows = share * windows + (1 - share) * windows.flip(0)
            target = share * target + (1 - share) * target.flip(0)
        logits, features = self.network(windows)
        loss = nnf.cross_entropy(logits, target, label_smoothing=self.plan.smoothing)
        weights = target @ self.network.head.centred()[0]
        loss = loss + self.plan.focus * _spread(torch.einsum("nk,nkt->nt", weights, features))
        return self.learn(loss)

    def result(self) -> Result:
        """Return what the training has come to."""
        epoch_s, validation = ([row[name] for row in self.history] for name in ("seconds", "validation"))
        return Result(self.trained(), self.plan, self.records, epoch_s, validation)


def train(
    beats: Beats,
    split: Split,
    plan: TrainingPlan,
    checkpoint: Path,
    show: Show = quiet,
) -> Result:
    """Train to the end, going on from a checkpoint where there is one.

    Parameters
    ----------
    beats, split : Beats, Split
        The data set and its sides; the test side is not touched.
    plan : TrainingPlan
        How to train.
    checkpoint : Path
        Written after every epoch, whole or not at all, so that Ctrl-C loses one epoch at most.
    show : callable
        Is told each epoch and what it gave.

    Raises
    ------
    RecordError
        The records leave no beats of a class to train on.
    ModelError
        The checkpoint is damaged, or was begun with another plan or other records.
    """
    pools = _pools(beats, split.train, plan.record_power)
    run = _Fit(plan, np.unique(beats.records[split.train]).tolist())
    truth = beats.labels[split.validation]
    windows = beats.served(split.validation)

    def epoch() -> Figures:
        start = time.perf_counter()
        loss = run.epoch(beats, pools)
        named = predict(run.trained(), windows).argmax(axis=1)
        validation = float((named == truth).mean())
        return {"loss": loss, "validation": validation, "seconds": time.perf_counter() - start}

    run.run(plan.epochs, epoch, checkpoint, show, hold=False, keep=True)
    return run.result()


def _pools(beats: Beats, which: NDArray[np.int64], power: float) -> list[_Pool]:
    """Return the training beats of each class."""
    labels = beats.labels[which]
    lacking = [symbol for label, symbol in enumerate(CLASSES) if not (labels == label).any()]
    if lacking:
        raise RecordError(
            f"These records leave no beats of class {', '.join(lacking)} to train on.",
            "Name more records; 1350 beats of each class are held out.",
        )
    parts = [which[labels == label] for label in range(len(CLASSES))]
    return [_Pool(part, beats.records[part], power) for part in parts]


def load(checkpoint: Path) -> Result:
    """Return the network of a checkpoint, finished or not.

    Raises
    ------
    ModelError
        It cannot be read.
    """
    state = read_checkpoint(checkpoint)
    row = dict(state["plan"])
    plan = TrainingPlan(**{**row, "augmentation": Augmentation(**row["augmentation"])})
    run = _Fit(plan, state["records"])
    run.take_weights(state)
    run.history = state["history"]
    return run.result()
