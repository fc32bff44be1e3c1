"""Fits the quality network to seconds of known quality, by a quasi-Newton method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ecgmon.models.common.checkpoint import ResumableRun, Stateful, read_checkpoint
from ecgmon.models.common.progress import Figures, Show, quiet
from ecgmon.models.quality.data import ANY_NOISE, DOUBTFUL_VFDB, LETHAL, Seconds
from ecgmon.models.quality.network import QualityNetwork, allowed, loss_of
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.dsp.quality_features import NAMES
from ecgmon.monitor.dsp.quality_model import QualityModel

GAIN_DECADES = 0.4
"""Training rows are seen at gains from 10**-0.4 to 10**0.4."""

AMPLITUDE_COLUMNS = [i for i, name in enumerate(NAMES) if name not in ("slope kurtosis", "unchanged samples")]

SHARES = {
    "clean": 1.0,
    "lethal": 1.5,
    "other": 0.6,
    "asystole": 0.4,
    "hum": 0.3,
    "stressed": 1.3,
    "noise": 0.8,
}
"""Weight of each kind of second as a whole."""

SAVE_EVERY = 25
IMPOSSIBLE = -1e9
"""Log-probability of what a second cannot be."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How long, and from which random start.

    Parameters
    ----------
    steps : int
        Iterations of L-BFGS.
    seed : int
        Of the first weights and of the random gains.
    """

    steps: int = 250
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """What is learnt from.

    Parameters
    ----------
    rows : array of shape (n, n_features)
        Scaled features.
    allowed : bool array of shape (n, 3)
        Classes that each second may be of.
    weight : array of shape (n,)
        Of each second; they sum to 1.
    mean, scale : array of shape (n_features,)
        What features were scaled by.
    """

    rows: Samples
    allowed: NDArray[np.bool_]
    weight: Samples
    mean: Samples
    scale: Samples


def kind_of(part: Seconds) -> NDArray[np.str_]:
    """Return the kind of each second, a key of `SHARES`; empty where it is not trained on."""
    database, _, name = part.source.partition("/")
    if database in ("asystole", "hum", "stressed"):
        return np.full(len(part.label), database, dtype="<U8")
    lethal = np.isin(part.rhythm, list(LETHAL))
    kind = np.where(lethal, "lethal", "clean" if database == "mitdb" else "other")
    doubtful = "" if name in DOUBTFUL_VFDB else "noise"
    return np.where(part.label == ANY_NOISE, doubtful, kind)


def lessons(parts: Sequence[Seconds], seed: int) -> Lessons:
    """Weigh, scale and vary seconds of known quality.

    Parameters
    ----------
    parts : sequence of Seconds
        Training seconds.
    seed : int
        Of the random gains.
    """
    kinds = np.concatenate([kind_of(part) for part in parts])
    used = kinds != ""
    rows = np.concatenate([part.rows for part in parts])[used]
    label = np.concatenate([part.label for part in parts])[used]
    weight = np.zeros(len(rows))
    for kind, share in SHARES.items():
        members = kinds[used] == kind
        weight[members] = share / max(1, members.sum())
    gain = np.random.default_rng(seed).uniform(-GAIN_DECADES, GAIN_DECADES, (len(rows), 1))
    rows[:, AMPLITUDE_COLUMNS] += 2.0 * gain
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    return Lessons((rows - mean) / scale, allowed(label), weight / weight.sum(), mean, scale)


class _Fit(ResumableRun):
    """The state of one training."""

    def __init__(self, given: Lessons, plan: TrainingPlan, records: Sequence[str]) -> None:
        torch.manual_seed(plan.seed)
        self.network = QualityNetwork()
        self._optimiser = torch.optim.LBFGS(
            self.network.parameters(), max_iter=1, line_search_fn="strong_wolfe"
        )
        self._rows = torch.tensor(given.rows, dtype=torch.float32)
        self._excluded = torch.tensor(np.where(given.allowed, 0.0, IMPOSSIBLE), dtype=torch.float32)
        self._weights = torch.tensor(given.weight, dtype=torch.float32)
        parts: dict[str, Stateful] = {"network": self.network, "optimiser": self._optimiser}
        super().__init__(plan, records, parts, {})

    def advance(self) -> Figures:
        """Do one iteration and return the loss before it."""
        loss = self._optimiser.step(self._loss)  # type: ignore[no-untyped-call]
        return {"loss": float(loss.detach())}

    def _loss(self) -> torch.Tensor:
        self._optimiser.zero_grad()
        value = loss_of(self.network, self._rows, self._excluded, self._weights)
        torch.autograd.backward(value)
        return value


def train(
    parts: Sequence[Seconds],
    plan: TrainingPlan,
    checkpoint: Path,
    show: Show = quiet,
    records: Sequence[str] = (),
) -> QualityModel:
    """Fit the network, going on from a checkpoint where there is one.

    Parameters
    ----------
    parts : sequence of Seconds
        Training seconds.
    plan : TrainingPlan
        Length and random start.
    checkpoint : Path
        Written every 25 steps and when stopped.
    show : callable, optional
        Is told each step.
    records : sequence of str
        Records that the seconds are of.

    Returns
    -------
    QualityModel
        The network, ready to serve.

    Raises
    ------
    ModelError
        The checkpoint is damaged, or was begun with another plan.
    """
    given = lessons(parts, plan.seed)
    run = _Fit(given, plan, records)
    run.run(plan.steps, run.advance, checkpoint, show, every=SAVE_EVERY)
    return run.network.served(given.mean, given.scale)


def plan_of(checkpoint: Path) -> tuple[TrainingPlan, list[str]]:
    """Return the plan and the records that a checkpoint was begun with."""
    state = read_checkpoint(checkpoint)
    return TrainingPlan(**state["plan"]), list(state["records"])
