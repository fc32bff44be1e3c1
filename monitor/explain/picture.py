"""Draws one beat with its three maps and its waves (extra ``explain``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.evaluation.picture import figure_class
from ecgmon.monitor.explain.explanation import Explanation

INK, BLUE, RED, AMBER, GREY, VIOLET = (
    "#222831",
    "#2b6cb0",
    "#c53030",
    "#d69e2e",
    "#a0aec0",
    "#6b46c1",
)
_NOTE = "Maps show what the model used, not what ails the heart. Each asks another question; they may differ."


def draw(explanation: Explanation, title: str, path: Path) -> None:
    """Write a picture of the beat and its maps.

    Parameters
    ----------
    explanation : Explanation
        The beat.
    title : str
        Says which beat it is.
    path : Path
        File to write; its suffix decides the format.

    Raises
    ------
    MissingExtraError
        Matplotlib is not installed.
    OutputError
        The file cannot be written.
    """
    figure = figure_class("explain")(figsize=(9, 8.5), layout="constrained")
    rows = figure.subplots(3, 1, sharex=True)
    name, chance = explanation.symbol, explanation.probabilities[explanation.symbol]
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, color=INK)
    _grad_cam(rows[0], explanation)
    _shap(rows[1], explanation)
    _deletion(rows[2], explanation)
    rows[0].set_title(f"Grad-CAM: evidence for {name} in the last feature map", loc="left", fontsize=9)
    rows[1].set_title(
        f"SHAP: what each stretch adds to the probability of {name}, "
        f"{explanation.shap.base:.2f} for background beats, {chance:.2f} for this one",
        loc="left",
        fontsize=9,
    )
    rows[2].set_title(
        f"Deletion mask: without the shaded part the probability of {name} falls "
        f"from {chance:.2f} to {explanation.left:.2f}",
        loc="left",
        fontsize=9,
    )
    rows[2].set_xlabel("seconds from the R wave")
    figure.supxlabel(_NOTE, fontsize=7, color=INK)
    try:
        figure.savefig(path, dpi=110)
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{path}: the picture cannot be written ({error}).", "Name a .png, .svg or .pdf."
        ) from error


def _trace(axes: Any, explanation: Explanation) -> NDArray[np.float64]:
    window = explanation.window_mv
    time_s = (np.arange(window.size) - explanation.r) / PIPELINE_HZ
    axes.plot(time_s, window, color=INK, linewidth=1.2, zorder=3)
    axes.set_ylabel("mV", fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0)
    low, high = float(window.min()), float(window.max())
    room = 0.12 * (high - low)
    axes.set_ylim(low - room, high + 1.5 * room)
    waves = explanation.waves
    for letter, span in (("P", waves.p), ("QRS", waves.qrs), ("T", waves.t)):
        if span is not None:
            start, stop = (float(time_s[min(edge, window.size - 1)]) for edge in span)
            axes.plot([start, stop], [high + 0.5 * room] * 2, color=GREY, linewidth=3, solid_capstyle="butt")
            axes.text((start + stop) / 2, high + 0.7 * room, letter, ha="center", fontsize=8, color=INK)
    return time_s


def _shade(axes: Any, time_s: NDArray[np.float64], share: NDArray[np.float64], color: str) -> None:
    edges = np.append(time_s, 2 * time_s[-1] - time_s[-2])
    for start, stop, amount in zip(edges[:-1], edges[1:], share, strict=True):
        if amount > 0.01:
            axes.axvspan(start, stop, color=color, alpha=0.75 * float(amount), linewidth=0, zorder=1)


def _grad_cam(axes: Any, explanation: Explanation) -> None:
    _shade(axes, _trace(axes, explanation), explanation.grad_cam, AMBER)


def _shap(axes: Any, explanation: Explanation) -> None:
    time_s = _trace(axes, explanation)
    values = explanation.shap.values
    largest = max(float(np.abs(values).max()), 1e-9)
    _shade(axes, time_s, np.maximum(values, 0) / largest, RED)
    _shade(axes, time_s, np.maximum(-values, 0) / largest, BLUE)
    axes.text(
        0.995, 0.03, "red speaks for it, blue against", transform=axes.transAxes, ha="right", fontsize=7
    )


def _deletion(axes: Any, explanation: Explanation) -> None:
    _shade(axes, _trace(axes, explanation), explanation.deletion, VIOLET)
