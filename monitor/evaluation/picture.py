"""Pictures of the scores (extra ``plots``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ecgmon.monitor.core.extras import missing_extra
from ecgmon.monitor.evaluation.beats.score import RecordScore
from ecgmon.monitor.evaluation.rhythm.score import RhythmScore

INK, BLUE, RED, GREY = "#222831", "#2b6cb0", "#c53030", "#a0aec0"

RHYTHM_COLOURS = {
    **dict.fromkeys(("N", "NSR"), ("sinus", "#e2e8f0")),
    "SBR": ("sinus bradycardia", "#bee3f8"),
    "STACH": ("sinus tachycardia", "#fed7aa"),
    **dict.fromkeys(("AFIB", "AFL"), ("atrial fibrillation or flutter", BLUE)),
    **dict.fromkeys(("VFL", "VF", "VFIB"), ("ventricular flutter or fibrillation", RED)),
    **dict.fromkeys(("VT", "IVR", "VER"), ("ventricular run", "#dd6b20")),
    **dict.fromkeys(("B", "BI", "T", "AB"), ("bigeminy, trigeminy", "#38a169")),
    "SVTA": ("supraventricular tachycardia", "#805ad5"),
    "ASYS": ("asystole", INK),
    "NOISE": ("unreadable", "#faf089"),
}
"""What a rhythm is called in a picture, and its colour."""


def draw_detection(scores: list[RecordScore], path: Path) -> None:
    """Draw missed and extra beats of each record, and how far R waves are off.

    Parameters
    ----------
    scores : list of RecordScore
        One for each record.
    path : Path
        Picture to write.

    Raises
    ------
    MissingExtraError
        Matplotlib is not installed.
    """
    figure = figure_class()(figsize=(11, 5.5), layout="constrained")
    bars, errors = figure.subplots(1, 2, width_ratios=(3, 1))
    place = np.arange(len(scores))
    beats = np.array([score.found + score.missed for score in scores])
    missed = 100 * np.array([score.missed for score in scores]) / np.maximum(beats, 1)
    extra = 100 * np.array([score.extra for score in scores]) / np.maximum(beats, 1)
    bars.bar(place, missed, color=BLUE, label="missed")
    bars.bar(place, extra, bottom=missed, color=RED, label="extra")
    bars.set_xticks(place, [score.record for score in scores], rotation=90, fontsize=7)
    bars.set_ylabel("beats missed and extra, % of the record's beats")
    bars.legend(frameon=False)
    off_ms = 1e3 * np.concatenate([score.r_error_s for score in scores])
    errors.hist(np.clip(off_ms, -40, 40), bins=81, range=(-40.5, 40.5), color=GREY)
    errors.set_xlabel("R wave found minus reference, ms")
    errors.set_yticks([])
    for axes in (bars, errors):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)


def draw_classes(score: RecordScore, labels: str, path: Path) -> None:
    """Draw the confusion matrix, each row in percent of its reference class.

    Parameters
    ----------
    score : RecordScore
        Usually of all records pooled.
    labels : str
        Class letters in the matrix's order.
    path : Path
        Picture to write.

    Raises
    ------
    MissingExtraError
        Matplotlib is not installed.
    """
    figure = figure_class()(figsize=(5, 4.5), layout="constrained")
    axes = figure.subplots()
    counts = score.confusion[:-1]
    share = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=100)
    for (row, column), count in np.ndenumerate(counts):
        color = "white" if share[row, column] > 60 else INK
        axes.text(
            column,
            row,
            f"{share[row, column]:.1f}\n{count}",
            ha="center",
            va="center",
            color=color,
            fontsize=7,
        )
    axes.set_xticks(range(len(labels) + 1), [*labels.lower(), "missed"])
    axes.set_yticks(range(len(labels)), list(labels))
    axes.set_xlabel("found")
    axes.set_ylabel("reference")
    figure.savefig(path, dpi=120)


def draw_rhythms(scores: Sequence[RhythmScore], path: Path) -> None:
    """Draw each record as a strip: the reference's rhythms above, those found below.

    Parameters
    ----------
    scores : sequence of RhythmScore
        One for each record.
    path : Path
        Picture to write.

    Raises
    ------
    MissingExtraError
        Matplotlib is not installed.
    """
    figure = figure_class()(figsize=(12, 1.2 + 0.3 * len(scores)), layout="constrained")
    axes = figure.subplots()
    shown: dict[str, str] = {}
    for row, score in enumerate(scores):
        for spans, top in ((score.reference, row - 0.4), (score.test, row)):
            for span in spans:
                name, colour = RHYTHM_COLOURS.get(span.rhythm, ("other", GREY))
                shown[name] = colour
                axes.broken_barh(
                    [(span.begin_s / 60, (span.end_s - span.begin_s) / 60)], (top, 0.38), color=colour
                )
    for name, colour in shown.items():
        axes.broken_barh([(0, 0)], (0, 0), color=colour, label=name)
    axes.set_yticks(range(len(scores)), [score.record for score in scores], fontsize=7)
    axes.set_ylim(len(scores) - 0.4, -0.6)
    axes.set_xlabel("minutes; above what the annotators say, below what was found")
    figure.legend(loc="outside upper center", ncols=6, frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)


def figure_class(extra: str = "plots") -> type:
    """Return matplotlib's figure, which draws without a display.

    Parameters
    ----------
    extra : str
        The extra to install where matplotlib is missing.

    Raises
    ------
    MissingExtraError
        Matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - its absence is an answer, not an accident
    except ImportError as error:
        raise missing_extra("Drawing a picture", "matplotlib", extra) from error
    return Figure
