"""Scores the quality index: how well it tells noisy seconds from clean ones of patients never seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ecgmon.models.quality.data import ANY_NOISE, CLEAN, DOUBTFUL_VFDB, Seconds
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.dsp.quality_model import QualityModel

BAD_BELOW = 0.5
"""A second whose index is lower is called bad."""

CLEAN_LOST = 0.03
"""Share of clean seconds that may be called bad where the sensitivity is read off."""


@dataclass(frozen=True, slots=True)
class Separation:
    """How one kind of bad second is told from good ones.

    Parameters
    ----------
    title, key : str
        What was compared; its name in the model file.
    area : float
        Under the ROC curve.
    sensitivity : float
        At 97 % specificity.
    count : int
        Bad seconds.
    """

    title: str
    key: str
    area: float
    sensitivity: float
    count: int


@dataclass(frozen=True, slots=True)
class Share:
    """How much of one kind of second is called bad.

    Parameters
    ----------
    title : str
        Which seconds.
    bad : float
        Share of them whose index is below 0.5.
    count : int
        Seconds.
    """

    title: str
    bad: float
    count: int


@dataclass(frozen=True, slots=True)
class Scores:
    """What was measured; empty comparisons are left out.

    Parameters
    ----------
    separations : sequence of Separation
        Bad seconds against good ones.
    shares : sequence of Share
        Seconds called bad.
    """

    separations: Sequence[Separation]
    shares: Sequence[Share]

    def summary(self) -> dict[str, float]:
        """Return the figures that travel in the model file."""
        rows = {f"{row.key}_auc": round(row.area, 4) for row in self.separations}
        return rows | {f"{row.key}_se": round(row.sensitivity, 4) for row in self.separations}


def separation(noise: Samples, clean: Samples) -> tuple[float, float]:
    """Return the area under the ROC curve, and the sensitivity at 97 % specificity.

    Parameters
    ----------
    noise, clean : array
        Quality index of noisy and of clean seconds; neither may be empty.
    """
    order = np.argsort(np.concatenate((noise, clean)), kind="stable")
    rank = np.empty(order.size)
    rank[order] = np.arange(order.size)
    above = rank[: noise.size].sum() - noise.size * (noise.size - 1) / 2
    area = 1.0 - above / (noise.size * clean.size)
    return float(area), float(np.mean(noise < np.quantile(clean, CLEAN_LOST)))


def measure(model: QualityModel, parts: Sequence[Seconds]) -> Scores:
    """Score a model on seconds of patients that it never saw.

    Parameters
    ----------
    model : QualityModel
        Trained.
    parts : sequence of Seconds
        Of MIT-BIH and VFDB as they are, and of MIT-BIH with noise added.
    """
    index = np.concatenate([model.probabilities(part.rows)[:, CLEAN] for part in parts])
    source = np.concatenate([np.full(len(part.rows), part.source) for part in parts])
    rhythm = np.concatenate([part.rhythm for part in parts])
    label = np.concatenate([part.label for part in parts])
    mitdb, vfdb, stressed = (np.char.startswith(source, name) for name in ("mitdb", "vfdb", "stressed"))
    noise = vfdb & (label == ANY_NOISE)
    sure = noise & ~np.isin(source, [f"vfdb/{name}" for name in DOUBTFUL_VFDB])
    pairs = (
        ("stressed at 0 dB and below, from clean MIT-BIH", "stressed", stressed, mitdb),
        ("VFDB NOISE as annotated, from clean MIT-BIH", "annotated", noise, mitdb),
        ("VFDB NOISE without doubtful records, from clean MIT-BIH", "sure", sure, mitdb),
        ("both (without doubtful), from clean MIT-BIH", "both", stressed | sure, mitdb),
        ("VFDB NOISE without doubtful records, from the rest of VFDB", "vfdb", sure, vfdb & ~noise),
    )
    kinds = {f"VFDB {name}": vfdb & (rhythm == name) for name in sorted(set(rhythm[vfdb].tolist()))}
    kinds |= {"made noise": np.char.find(source, "/made/") >= 0, "clean MIT-BIH": mitdb}
    return Scores(
        [
            Separation(title, key, *separation(index[bad], index[good]), int(bad.sum()))
            for title, key, bad, good in pairs
            if bad.any() and good.any()
        ],
        [
            Share(title, float(np.mean(index[here] < BAD_BELOW)), int(here.sum()))
            for title, here in kinds.items()
            if here.any()
        ],
    )


def lines(scores: Scores) -> list[str]:
    """Return scores as lines of text."""
    found = [
        f"{row.title}: AUC {row.area:.4f}, Se {100 * row.sensitivity:.1f} % at Sp 97 % (n={row.count})"
        for row in scores.separations
    ]
    return found + [
        f"{row.title}: index below {BAD_BELOW} in {100 * row.bad:.2f} % of {row.count} s"
        for row in scores.shares
    ]


def scores_from(row: Mapping[str, Sequence[Mapping[str, object]]]) -> Scores:
    """Return scores that were kept as JSON."""
    return Scores(
        [Separation(**item) for item in row["separations"]],  # type: ignore[arg-type]
        [Share(**item) for item in row["shares"]],  # type: ignore[arg-type]
    )
