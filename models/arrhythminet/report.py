"""Writes the page that sets trained runs beside the paper's own figures."""

from __future__ import annotations

import datetime as dt
import os
import platform
from collections.abc import Sequence

import numpy as np

from ecgmon.models.arrhythminet.network import CLASSES, Version
from ecgmon.models.arrhythminet.scores_file import RunScores

_PAPER: dict[Version, tuple[float, float, dict[str, tuple[float, float]]]] = {
    "v1": (
        0.99,
        302.18,
        {"N": (0.98, 0.97), "L": (1.0, 1.0), "R": (0.99, 1.0), "A": (0.98, 0.98), "V": (0.99, 0.99)},
    ),
    "v2": (
        0.98,
        157.76,
        {"N": (0.96, 0.94), "L": (1.0, 0.99), "R": (0.99, 0.99), "A": (0.95, 0.97), "V": (0.99, 0.98)},
    ),
}
"""Accuracy, size in KB, and precision and recall of each class, as published."""

_HEAD = """# The paper's protocol

ArrhythmiNet was published with scores on a random, balanced split of MIT-BIH beats
([doi:10.48550/arXiv.2505.03787](https://doi.org/10.48550/arXiv.2505.03787)). This page repeats that protocol:

- N, L, R, A and V beats of all 48 records, cut by the operators that run live.
- 6000 beats of the first lead are held out, 1200 of each class, drawn at random before any class is
  resampled. A beat, in both its leads, is on one side only. 750 more, 150 of each class, are set aside
  from the training part to watch the training and to fit the temperature.
- Training draws every class equally often and varies gain, polarity, baseline, noise, shift and lead.
- Each seed has its own split, first weights and order.

What it does not show: patients are on both sides, and neighbouring windows overlap, so these figures say how
well the network tells beats of known patients apart. Scores on patients never seen are another matter.
"""


def page(runs: Sequence[RunScores], command: str) -> str:
    """Return the page.

    Parameters
    ----------
    runs : sequence of RunScores
        Any number of seeds of either version.
    command : str
        The command that a reader can run for the same page.
    """
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, one thread used"
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    parts = [_HEAD, f"Made by `{command}` on {today}; {machine}.\n", _overview(runs)]
    for version in _PAPER:
        mine = [run for run in runs if run.version == version]
        if mine:
            parts += [_classes(version, mine), _confusion(mine), _mistakes(mine)]
    return "\n".join(parts)


def _spread(values: Sequence[float], digits: int = 4) -> str:
    text = f"{np.mean(values):.{digits}f}"
    return f"{text} ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else text


def _overview(runs: Sequence[RunScores]) -> str:
    lines = [
        "## Overview",
        "",
        "| | accuracy, paper | accuracy, here | each seed | at live R waves | parameters | model file "
        "| paper's size | calibration error | epochs | epoch time |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for version, (accuracy, size, _) in _PAPER.items():
        mine = [run for run in runs if run.version == version]
        if not mine:
            continue
        each = ", ".join(f"{run.seed}: {run.confusion.accuracy:.4f}" for run in mine)
        lines.append(
            f"| {version.upper()} | {accuracy:.2f} | {_spread([run.confusion.accuracy for run in mine])} "
            f"| {each} | {_spread([run.live_accuracy for run in mine])} "
            f"| {mine[0].parameters} | {mine[0].file_bytes / 1000:.2f} KB | {size} KB "
            f"| {_spread([run.calibration_error for run in mine], 3)} | {mine[0].epochs} "
            f"| {_spread([run.epoch_s for run in mine], 1)} s |"
        )
    note = (
        "\nMean and standard deviation over seeds. 1 KB is 1000 bytes. At live R waves: the same beats, "
        "their windows\naround the R waves that the live detector finds instead of those of the reference.\n"
        "\nThe model file is all of it: graph, contract and weights, most of which it stores in eight bits.\n"
        "The paper's size is that of its parameters as float32. What is scored is the file.\n"
    )
    return "\n".join(lines) + "\n" + note


def _classes(version: Version, runs: Sequence[RunScores]) -> str:
    lines = [
        f"## {version.upper()}: classes",
        "",
        "| class | precision, paper | precision | recall, paper | recall | F1, paper | F1 |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for place, symbol in enumerate(CLASSES):
        p, r = _PAPER[version][2][symbol]
        lines.append(
            f"| {symbol} | {p:.2f} | {_spread([run.confusion.precision[place] for run in runs])} "
            f"| {r:.2f} | {_spread([run.confusion.recall[place] for run in runs])} "
            f"| {2 * p * r / (p + r):.2f} | {_spread([run.confusion.f1[place] for run in runs])} |"
        )
    return "\n".join(lines) + "\n"


def _confusion(runs: Sequence[RunScores]) -> str:
    lines = [
        f"### Confusion matrix, seed {runs[0].seed}",
        "",
        "| true \\ named | " + " | ".join(CLASSES) + " |",
        "| --- |" + " --- |" * len(CLASSES),
    ]
    for symbol, row in zip(CLASSES, runs[0].counts, strict=True):
        lines.append(f"| **{symbol}** | " + " | ".join(str(count) for count in row) + " |")
    return "\n".join(lines) + "\n"


def _mistakes(runs: Sequence[RunScores]) -> str:
    wrong = sum(item.beats for item in runs[0].mistakes)
    lines = [
        f"### False classifications, seed {runs[0].seed}: {wrong} beats",
        "",
        "| true | named | beats | most of them in records | mean probability of the false name |",
        "| --- | --- | --- | --- | --- |",
    ]
    for item in runs[0].mistakes:
        places = ", ".join(f"{record} ({count})" for record, count in item.records.items())
        lines.append(f"| {item.truth} | {item.named} | {item.beats} | {places} | {item.confidence:.2f} |")
    return "\n".join(lines) + "\n"
