"""Run detectors over a suite, score them, and keep the figures in ``results``.

    python -m benchmarks.detectors mitdb --folds out/detector    # all detectors
    python -m benchmarks.detectors svdb gqrs xqrs                # some; the others' figures stay
    python -m benchmarks.detectors pictures                      # draw what is there

Each detector runs in a process of its own, one after the other, on one core.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.detectors.cases import SUITES
from benchmarks.detectors.detectors import DETECTORS
from benchmarks.detectors.measure import Row, measure
from benchmarks.detectors.pictures import draw_all

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suite", choices=(*SUITES, "pictures"))
    parser.add_argument("detectors", nargs="*", choices=[*DETECTORS, []], metavar="DETECTOR")
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("ECGMON_DATA"))
    parser.add_argument(
        "--folds", type=Path, metavar="DIR", help="fold0.onnx … of `ecgmon train rpeak crossval`"
    )
    arguments = parser.parse_args()
    if arguments.suite == "pictures":
        draw_all(RESULTS)
        return
    if arguments.data_dir is None:
        parser.error("give --data-dir or set ECGMON_DATA")
    context = multiprocessing.get_context("spawn")
    for name in arguments.detectors or DETECTORS:
        if name == "ecgmon" and arguments.folds is None:
            parser.error("ecgmon needs --folds; ecgmon-shipped does not")
        folds = arguments.folds if name == "ecgmon" else None
        with ProcessPoolExecutor(1, mp_context=context) as process:
            rows = process.submit(measure, arguments.suite, name, arguments.data_dir, folds).result()
        store(RESULTS / f"{arguments.suite}.csv", name, rows[-1:])
        store(RESULTS / f"{arguments.suite}-records.csv", name, rows[:-1])
        sys.stdout.write(f"{arguments.suite}: {rows[-1]}\n")


def store(path: Path, name: str, rows: list[Row]) -> None:
    """Put a detector's rows into a file in the place of its former ones."""
    kept: list[dict[str, str]] = []
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as file:
            kept = [row for row in csv.DictReader(file) if row["detector"] != name]
    new = [
        {key: f"{value:.4f}" if isinstance(value, float) else str(value) for key, value in row.items()}
        for row in rows
    ]
    order = list(DETECTORS)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted([*kept, *new], key=lambda row: order.index(row["detector"])))


if __name__ == "__main__":
    main()
