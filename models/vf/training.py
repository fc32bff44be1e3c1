"""Trains the network of ventricular fibrillation on seconds of known rhythm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from ecgmon.models.common.checkpoint import read_checkpoint
from ecgmon.models.common.learning import GradientRun
from ecgmon.models.common.progress import Figures, Show, quiet
from ecgmon.models.vf.augment import Augmenter
from ecgmon.models.vf.data import NOISE, UNKNOWN, Lead, is_slow
from ecgmon.models.vf.network import VfNetwork
from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.rhythm.vf_windows import WINDOW

BATCH = 256
RATE = 4e-3
DECAY = 0.02
SOFTENED = 0.02
"""Labels are no surer than this: the annotators' bounds are coarse."""

WANTED_SHARE = 0.3
"""Part of the windows seen that show flutter or fibrillation."""

NOISE_SHARE = 0.15
"""Weight of a second of annotated noise against another without fibrillation."""

STEP_S = {"svdb": 6, "mitdb": 3, "vfdb": 1}
"""Every so manyth second of a database is learnt from; all of its flutter."""

SAVE_EVERY = 100
"""Steps from one checkpoint to the next."""

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How long, and from which random start.

    Parameters
    ----------
    steps : int
        Batches.
    seed : int
        Of the first weights, the order and the changes of windows.
    """

    steps: int = 1000
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """What is learnt from.

    Parameters
    ----------
    signal : array of shape (n,)
        All leads behind one another.
    begins, wanted, weight : array of shape (n_windows,)
        Where each window begins, whether it shows flutter or fibrillation, how often it is seen.
    """

    signal: NDArray[np.float32]
    begins: Indices
    wanted: NDArray[np.bool_]
    weight: NDArray[np.float64]


def lessons(leads: Sequence[Lead]) -> Lessons:
    """Choose what is learnt from.

    Ventricular tachycardia of VFDB counts as not fibrillating where it is clearly no faster
    than 150 a minute. The rest is left out: the annotators call the same waves tachycardia
    in one patient and fibrillation in another. Annotated noise counts as not
    fibrillating, but only in patients who never fibrillate. Each record weighs as the square
    root of the seconds it gives.

    Raises
    ------
    RecordError
        The records do not hold both kinds.
    """
    fibrillating = {lead.record for lead in leads if lead.wanted.any()}
    begins, wanted, weight, offset = [], [], [], 0
    for lead in leads:
        base = lead.record.split("/")[0]
        is_noise = lead.rhythm == NOISE
        unsure = (lead.rhythm == UNKNOWN) | (is_noise & (lead.record in fibrillating))
        if base == "vfdb":
            unsure |= (lead.rhythm == "VT") & ~is_slow(lead.windows())
        seen = lead.wanted | (np.arange(lead.rhythm.size) % STEP_S[base] == 0)
        kept = seen & ~unsure
        begins.append(lead.windows_at()[kept] + offset)
        wanted.append(lead.wanted[kept])
        share = np.where(is_noise[kept], NOISE_SHARE, 1.0)
        for part in (wanted[-1], ~wanted[-1]):
            share[part] /= np.sqrt(max(1.0, share[part].sum()))
        weight.append(share)
        offset += lead.signal.size
    label = np.concatenate(wanted)
    if label.all() or not label.any():
        raise RecordError(
            "These records do not hold both ventricular fibrillation and other rhythms.",
            "Name records of both kinds, such as vfdb/418 and mitdb/101.",
        )
    share = np.concatenate(weight)
    share[label] *= WANTED_SHARE / share[label].sum()
    share[~label] *= (1.0 - WANTED_SHARE) / share[~label].sum()
    # A window that is played slower may reach a little over the end of the last lead.
    signal = np.concatenate([*(lead.signal for lead in leads), np.zeros(WINDOW, dtype=np.float32)])
    return Lessons(signal, np.concatenate(begins), label, share)


class _Fit(GradientRun[VfNetwork]):
    """The state of one training."""

    def __init__(
        self,
        given: Lessons,
        noises: Sequence[NDArray[np.float32]],
        plan: TrainingPlan,
        records: Sequence[str],
    ) -> None:
        torch.manual_seed(plan.seed)
        self._given = given
        self._bounds = np.cumsum(given.weight)
        self._pick = np.random.default_rng(plan.seed)
        self._augmenter = Augmenter(given.signal, noises, plan.seed)
        network = VfNetwork()
        optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=plan.steps)
        rngs = {"pick": self._pick, "augmenter": self._augmenter.random}
        super().__init__(plan, records, network, optimiser, schedule, rngs)

    def advance(self) -> Figures:
        """Take one batch and return its loss."""
        draws = self._pick.random(BATCH) * self._bounds[-1]
        rows = np.minimum(np.searchsorted(self._bounds, draws), self._bounds.size - 1)
        windows, wanted = self._augmenter.windows(self._given.begins[rows], self._given.wanted[rows])
        target = torch.from_numpy(np.where(wanted, 1.0 - SOFTENED, SOFTENED).astype(np.float32))
        self.network.train()
        loss = functional.binary_cross_entropy_with_logits(self.network(windows), target)
        return {"loss": self.learn(loss)}


def train(
    leads: Sequence[Lead],
    noises: Sequence[NDArray[np.float32]],
    plan: TrainingPlan,
    checkpoint: Path,
    show: Show = quiet,
) -> VfNetwork:
    """Train a network, going on from a checkpoint where there is one.

    Parameters
    ----------
    leads : sequence of Lead
        Training patients.
    noises : sequence of array
        Recorded noise to be added.
    plan : TrainingPlan
        Length and random start.
    checkpoint : Path
        Written every 100 steps and when stopped.
    show : callable, optional
        Is told each step and its loss.

    Raises
    ------
    ModelError
        The checkpoint is damaged, or was begun with another plan or other records.
    """
    records = list(dict.fromkeys(lead.record for lead in leads))
    run = _Fit(lessons(leads), noises, plan, records)
    run.run(plan.steps, run.advance, checkpoint, show, every=SAVE_EVERY)
    return run.trained()


def load(checkpoint: Path) -> tuple[VfNetwork, TrainingPlan, list[str]]:
    """Return the network of a checkpoint, the plan it was trained by, and the records it was trained on.

    Raises
    ------
    ModelError
        It cannot be read.
    """
    state = read_checkpoint(checkpoint)
    network = VfNetwork()
    network.load_state_dict(state["parts"]["network"])
    return network.eval(), TrainingPlan(**state["plan"]), list(state["records"])
