"""Fits the quality network, thirteen features to three classes, and scores it on unseen patients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ecgmon.models.quality.data import ANY_NOISE, CLEAN, DOUBTFUL_VFDB, LETHAL, MOTION, MUSCLE, Seconds
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.dsp.quality_features import NAMES
from ecgmon.monitor.dsp.quality_model import QualityModel

HIDDEN = 8
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


def kind_of(part: Seconds) -> NDArray[np.str_]:
    """Return the kind of each second, a key of `SHARES`; empty where it is not trained on."""
    database, _, name = part.source.partition("/")
    if database in ("asystole", "hum", "stressed"):
        return np.full(len(part.label), database, dtype="<U8")
    lethal = np.isin(part.rhythm, list(LETHAL))
    kind = np.where(lethal, "lethal", "clean" if database == "mitdb" else "other")
    doubtful = "" if name in DOUBTFUL_VFDB else "noise"
    return np.where(part.label == ANY_NOISE, doubtful, kind)


def fit(parts: Sequence[Seconds], seed: int = 0) -> QualityModel:
    """Fit the network.

    Parameters
    ----------
    parts : sequence of Seconds
        Training seconds.
    seed : int
        Of the first weights and of the random gains.

    Returns
    -------
    QualityModel
        The network, ready to serve.
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
    allowed = np.zeros((len(rows), 3), dtype=np.bool_)
    for column, classes in enumerate(((CLEAN,), (MOTION, ANY_NOISE), (MUSCLE, ANY_NOISE))):
        allowed[:, column] = np.isin(label, classes)
    network = _minimise((rows - mean) / scale, allowed, weight / weight.sum(), seed)
    first, _, last = network
    return QualityModel(
        mean=mean,
        scale=scale,
        hidden_weight=_array(first.weight),
        hidden_bias=_array(first.bias),
        output_weight=_array(last.weight),
        output_bias=_array(last.bias),
    )


def _array(value: object) -> Samples:
    assert isinstance(value, torch.Tensor)
    return np.asarray(value.detach().numpy(), dtype=np.float64)


def _minimise(rows: Samples, allowed: NDArray[np.bool_], weight: Samples, seed: int) -> torch.nn.Sequential:
    """Minimise the weighted log loss; a second of either noise may be put down to any of the two."""
    torch.manual_seed(seed)
    network = torch.nn.Sequential(
        torch.nn.Linear(rows.shape[1], HIDDEN), torch.nn.Tanh(), torch.nn.Linear(HIDDEN, 3)
    )
    inputs = torch.tensor(rows, dtype=torch.float32)
    excluded = torch.tensor(np.where(allowed, 0.0, -1e9), dtype=torch.float32)
    weights = torch.tensor(weight, dtype=torch.float32)
    optimiser = torch.optim.LBFGS(network.parameters(), max_iter=250, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        log_probability = torch.log_softmax(network(inputs), dim=1) + excluded
        decay = sum((p.square().sum() for p in network.parameters()), torch.zeros(()))
        value = 1e-4 * decay - (weights * torch.logsumexp(log_probability, dim=1)).sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return network


def separation(noise: Samples, clean: Samples) -> tuple[float, float]:
    """Return the area under the ROC curve, and the sensitivity at 97 % specificity.

    Parameters
    ----------
    noise, clean : array
        Quality index of noisy and of clean seconds.
    """
    order = np.argsort(np.concatenate((noise, clean)), kind="stable")
    rank = np.empty(order.size)
    rank[order] = np.arange(order.size)
    above = rank[: noise.size].sum() - noise.size * (noise.size - 1) / 2
    area = 1.0 - above / (noise.size * clean.size)
    return float(area), float(np.mean(noise < np.quantile(clean, 0.03)))


def report(model: QualityModel, parts: Sequence[Seconds]) -> list[str]:
    """Return the scores on unseen seconds as lines of text."""
    index = np.concatenate([model.probabilities(part.rows)[:, CLEAN] for part in parts])
    source = np.concatenate([np.full(len(part.rows), part.source) for part in parts])
    rhythm = np.concatenate([part.rhythm for part in parts])
    label = np.concatenate([part.label for part in parts])
    mitdb, vfdb = np.char.startswith(source, "mitdb"), np.char.startswith(source, "vfdb")
    stressed = np.char.startswith(source, "stressed")
    noise = vfdb & (label == ANY_NOISE)
    sure = noise & ~np.isin(source, [f"vfdb/{name}" for name in DOUBTFUL_VFDB])
    lines = []
    for title, bad, good in (
        ("stressed at 0 dB and below, from clean MIT-BIH", stressed, mitdb),
        ("VFDB NOISE as annotated, from clean MIT-BIH", noise, mitdb),
        ("VFDB NOISE without doubtful records, from clean MIT-BIH", sure, mitdb),
        ("both (without doubtful), from clean MIT-BIH", stressed | sure, mitdb),
        ("VFDB NOISE without doubtful records, from the rest of VFDB", sure, vfdb & ~noise),
    ):
        area, sensitivity = separation(index[bad], index[good])
        lines.append(f"{title}: AUC {area:.4f}, Se {100 * sensitivity:.1f} % at Sp 97 % (n={bad.sum()})")
    for name in sorted(set(rhythm[vfdb])):
        here = vfdb & (rhythm == name)
        lines.append(
            f"VFDB {name}: index below 0.5 in {100 * np.mean(index[here] < 0.5):.1f} % of {here.sum()} s"
        )
    made = np.char.find(source, "/made/") >= 0
    lines.append(f"made noise: index below 0.5 in {100 * np.mean(index[made] < 0.5):.1f} % of {made.sum()} s")
    lines.append(f"3 % of the clean seconds of MIT-BIH are below {np.quantile(index[mitdb], 0.03):.2f}")
    lines.append(
        f"clean MIT-BIH: index below 0.5 in {100 * np.mean(index[mitdb] < 0.5):.2f} % of {mitdb.sum()} s"
    )
    return lines
