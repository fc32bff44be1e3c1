"""What the detector learns from: which traces, how often each, and how the run is put together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ecgmon.models.rpeak.batches import BatchShape, Sampler
from ecgmon.models.rpeak.data import Noise, prepare, prepare_noise
from ecgmon.models.rpeak.motion import motion_noise
from ecgmon.models.rpeak.network import NetworkShape
from ecgmon.models.rpeak.synthetic import synthetic_trace
from ecgmon.models.rpeak.training import Training, TrainingPlan

MITDB_SHARE = 3.0
SECOND_LEAD_SHARE = 1.0
SVDB_SHARE = 0.35
SYNTHETIC_SHARE = 0.06
SYNTHETIC_TRACES = 30
MOTION_NOISES = 48
NOISE_SHARES = {"bw": 0.15, "ma": 0.25, "em": 0.2, "em118": 0.4, "motion": 0.2}


def build(
    folder: Path,
    train_records: Sequence[str],
    plan: TrainingPlan,
    shape: NetworkShape | None = None,
) -> Training:
    """Return a training over the given records, noise and synthetic ECG.

    Parameters
    ----------
    folder : Path
        Folder of databases.
    train_records : sequence of str
        Records of MIT-BIH and SVDB, as ``mitdb/101``; both leads of each are used.
    plan : TrainingPlan
        Length, speed and seed.
    shape : NetworkShape, optional
        Size of the network.
    """
    shape = shape or NetworkShape()
    rng = np.random.default_rng(plan.seed)
    traces, shares = [], []
    for name in train_records:
        traces += [prepare(folder, name, 0), prepare(folder, name, 1)]
        supraventricular = name.startswith("svdb")
        shares += [SVDB_SHARE] * 2 if supraventricular else [MITDB_SHARE, SECOND_LEAD_SHARE]
    each = sum(shares) * SYNTHETIC_SHARE / SYNTHETIC_TRACES
    traces += [synthetic_trace(rng, number) for number in range(SYNTHETIC_TRACES)]
    shares += [each] * SYNTHETIC_TRACES
    looks = (shape.lookahead_steps, shape.second_look_steps)
    noises = _noises(folder, rng)
    sampler = Sampler(traces, np.array(shares), noises, BatchShape(), looks, rng)
    return Training(sampler, shape, plan, train_records)


def _noises(folder: Path, rng: np.random.Generator) -> list[tuple[Noise, float]]:
    """Return recorded and made noise with the share of each."""
    noises = prepare_noise(folder) + [motion_noise(rng) for _ in range(MOTION_NOISES)]
    names = [noise.name for noise in noises]
    return [(noise, NOISE_SHARES[noise.name] / names.count(noise.name)) for noise in noises]
