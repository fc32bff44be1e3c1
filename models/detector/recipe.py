"""What the detector learns from: which traces, how often each, and how the run is put together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.detector.augment import AugmentPlan
from models.detector.batches import BatchShape, Sampler
from models.detector.data import prepare, prepare_noise, records
from models.detector.network import NetworkShape
from models.detector.synthetic import synthetic_trace
from models.detector.training import Training, TrainingPlan

MITDB_SHARE = 3.0
SECOND_LEAD_SHARE = 1.0
SVDB_SHARE = 0.35
SYNTHETIC_SHARE = 0.06
SYNTHETIC_TRACES = 30


def build(
    folder: Path,
    train_records: Sequence[str],
    plan: TrainingPlan,
    steps: int,
    tall_p: float = 0.0,
    shape: NetworkShape | None = None,
) -> Training:
    """Return a training over the given MIT-BIH records, all of SVDB, noise and synthetic ECG.

    The base, from which the others start, is a training over no MIT-BIH records at all.

    Parameters
    ----------
    folder : Path
        Folder of databases.
    train_records : sequence of str
        MIT-BIH records, as ``mitdb/101``.
    plan : TrainingPlan
        Speed and seed.
    steps : int
        Length.
    tall_p : float
        Share of windows with tall P waves.
    shape : NetworkShape, optional
        Size of the network.
    """
    shape = shape or NetworkShape()
    rng = np.random.default_rng(plan.seed)
    traces, shares = [], []
    for name in train_records:
        traces += [prepare(folder, name, 0), prepare(folder, name, 1)]
        shares += [MITDB_SHARE, SECOND_LEAD_SHARE]
    for name in records(folder, "svdb"):
        traces += [prepare(folder, name, 0), prepare(folder, name, 1)]
        shares += [SVDB_SHARE, SVDB_SHARE]
    each = sum(shares) * SYNTHETIC_SHARE / SYNTHETIC_TRACES
    traces += [synthetic_trace(rng, number) for number in range(SYNTHETIC_TRACES)]
    shares += [each] * SYNTHETIC_TRACES
    looks = (shape.lookahead_steps, shape.second_look_steps)
    noises = prepare_noise(folder, half=0)
    batch = BatchShape(augment=AugmentPlan(tall_p=tall_p))
    return Training(
        Sampler(traces, np.array(shares), noises, batch, looks, rng),
        shape,
        plan,
        steps,
    )
