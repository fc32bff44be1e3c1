"""Draw the stored figures: accuracy, R error and speed of each detector, and how noise wears it down."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

OURS, OTHERS = "#c53030", "#718096"
STYLES = ("o", "s", "^", "D", "v", "P", "X")


def draw_all(results: Path) -> None:
    """Draw every picture whose figures are there."""
    if (results / "mitdb.csv").is_file():
        draw_comparison(results, results / "comparison.png")
    if (results / "stress-records.csv").is_file():
        draw_stress(_rows(results / "stress-records.csv"), results / "stress.png")


def draw_comparison(results: Path, path: Path) -> None:
    """Draw bars for each detector: errors, R error, speed, memory."""
    rows = _rows(results / "mitdb.csv")
    panels: list[tuple[str, list[dict[str, str]], str, bool]] = [
        ("MIT-BIH, 48 records:\nmissed + extra, % of beats", rows, "der_percent", False),
        ("R wave off by, ms (mean)", rows, "r_error_mean_ms", False),
        ("times real time, one core", rows, "times_real_time", True),
        ("peak memory, MB", rows, "peak_mb", False),
    ]
    figure = Figure(figsize=(3.0 * len(panels), 3.4), layout="constrained")
    for axes, (title, data, key, logarithmic) in zip(figure.subplots(1, len(panels)), panels, strict=True):
        names = [row["detector"] for row in data][::-1]
        values = [float(row[key]) for row in data][::-1]
        bars = axes.barh(names, values, color=[_color(name) for name in names])
        axes.bar_label(bars, fmt=_number, padding=3, fontsize=8)
        axes.margins(x=0.2)
        if logarithmic:
            axes.set_xscale("log")
        axes.set_title(title, fontsize=9)
        _tidy(axes)
    figure.savefig(path, dpi=120)


def draw_stress(rows: list[dict[str, str]], path: Path) -> None:
    """Draw F1 against the signal-to-noise ratio for each stressed record."""
    curves: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for row in rows:
        record, snr, _ = row["record"].split()
        points = curves.setdefault(record, {}).setdefault(row["detector"], [])
        points.append((float(snr), float(row["f1"])))
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, (record, lines) in zip(
        figure.subplots(1, len(curves), sharey=True), curves.items(), strict=True
    ):
        for style, (name, points) in zip(STYLES, lines.items(), strict=False):
            snr_db, f1 = zip(*sorted(points), strict=True)
            ours = name == "ecgmon"
            axes.plot(
                snr_db, f1, marker=style, label=name, lw=2.2 if ours else 1, color=OURS if ours else None,
                zorder=3 if ours else 2, alpha=1 if ours else 0.75,
            )  # fmt: skip
        axes.set_xticks(sorted({x for points in lines.values() for x, _ in points}))
        axes.invert_xaxis()
        axes.set_xlabel("signal-to-noise ratio, dB (electrode motion)")
        axes.set_title(f"record {record}", fontsize=10)
        _tidy(axes)
    figure.axes[0].set_ylabel("F1")
    figure.axes[0].legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=120)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _color(name: str) -> str:
    return OURS if name.startswith("ecgmon") else OTHERS


def _tidy(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
