"""Trains the fibrillation network on seconds of known rhythm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from ecgmon.models.vf.augment import Augmenter
from ecgmon.models.vf.data import NOISE, UNKNOWN, Lead, is_slow
from ecgmon.models.vf.network import VfNetwork
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

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How long, and from which random start."""

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
    share = np.concatenate(weight)
    share[label] *= WANTED_SHARE / share[label].sum()
    share[~label] *= (1.0 - WANTED_SHARE) / share[~label].sum()
    # A window that is played slower may reach a little over the end of the last lead.
    signal = np.concatenate([*(lead.signal for lead in leads), np.zeros(WINDOW, dtype=np.float32)])
    return Lessons(signal, np.concatenate(begins), label, share)


def train(
    leads: Sequence[Lead],
    noises: Sequence[NDArray[np.float32]],
    plan: TrainingPlan,
    show: Callable[[int, float], None] | None = None,
) -> VfNetwork:
    """Train a network.

    Parameters
    ----------
    leads : sequence of Lead
        Training patients.
    noises : sequence of array
        Recorded noise to be added.
    plan : TrainingPlan
        Length and random start.
    show : callable, optional
        Is told each step and its loss.
    """
    torch.manual_seed(plan.seed)
    given = lessons(leads)
    augmenter = Augmenter(given.signal, noises, plan.seed)
    pick = np.random.default_rng(plan.seed)
    bounds = np.cumsum(given.weight)
    network = VfNetwork()
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=plan.steps)
    network.train()
    for step in range(plan.steps):
        rows = np.minimum(np.searchsorted(bounds, pick.random(BATCH) * bounds[-1]), bounds.size - 1)
        windows, wanted = augmenter.windows(given.begins[rows], given.wanted[rows])
        target = torch.from_numpy(np.where(wanted, 1.0 - SOFTENED, SOFTENED).astype(np.float32))
        loss = functional.binary_cross_entropy_with_logits(network(windows), target)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        if show is not None:
            show(step, float(loss.detach()))
    return network.eval()
