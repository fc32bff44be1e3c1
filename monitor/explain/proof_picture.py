"""Draws what the explanations are worth (extra ``explain``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ecgmon.monitor.evaluation.picture import figure_class
from ecgmon.monitor.explain.measures import CURVE
from ecgmon.monitor.explain.picture import AMBER, GREY, INK, RED, VIOLET
from ecgmon.monitor.explain.proof import METHODS, BeatFigures
from ecgmon.monitor.explain.randomise import DEPTHS

COLOURS = dict(zip(METHODS, (AMBER, RED, VIOLET, GREY), strict=True))


def draw_proof(beats: Sequence[BeatFigures], title: str, path: Path) -> None:
    """Draw deletion and insertion curves, agreement and the sanity check.

    Parameters
    ----------
    beats : sequence of BeatFigures
        What was measured.
    title : str
        Says of which model and records.
    path : Path
        Picture to write.

    Raises
    ------
    MissingExtraError
        Matplotlib is not installed.
    """
    figure = figure_class("explain")(figsize=(11, 4), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, color=INK)
    deletion, insertion, alike = figure.subplots(1, 3)
    for method in METHODS:
        look = {"color": COLOURS[method], "label": method, "linewidth": 1.8}
        deletion.plot(100 * CURVE, np.mean([beat.maps[method].deletion for beat in beats], axis=0), **look)
        insertion.plot(100 * CURVE, np.mean([beat.maps[method].insertion for beat in beats], axis=0), **look)
    deletion.set_xlabel("% of the window deleted, most important first")
    insertion.set_xlabel("% of the window shown, most important first")
    deletion.set_ylabel("mean probability of the class")
    deletion.legend(frameon=False, fontsize=8)
    for axes in (deletion, insertion):
        axes.set_ylim(0, 1.02)
    keys = [
        f"{METHODS[0]}, {METHODS[1]}",
        *(f"{method}, {depth}" for method in METHODS[:2] for depth in DEPTHS),
    ]
    names = ["Grad-CAM\nand SHAP", *(key.replace(", ", "\n") + "\nshuffled" for key in keys[1:])]
    values = [[value for beat in beats if (value := beat.alike[key]) is not None] for key in keys]
    alike.axhline(0, color=GREY, linewidth=1)
    alike.boxplot(values, showfliers=False, medianprops={"color": RED})
    alike.set_xticks(range(1, len(keys) + 1), names, fontsize=7)
    alike.set_ylabel("rank correlation")
    for axes in (deletion, insertion, alike):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
