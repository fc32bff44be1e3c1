"""Train, cross-validate and export the adaptive beat model: ``python -m ecgmon.models.adaptive``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ecgmon.models.adaptive.calibration import Calibration, fit_calibration
from ecgmon.models.adaptive.card import ship_run
from ecgmon.models.adaptive.data import load_sequences
from ecgmon.models.adaptive.operating import KINDS, draw, operating_points, table
from ecgmon.models.adaptive.patients import (
    SVDB,
    SVDB_HELD_OUT,
    folds,
    training_records,
)
from ecgmon.models.adaptive.scoring import Prediction, predict, summary
from ecgmon.models.adaptive.training import Recipe, load_network, train
from ecgmon.models.common.command import run_command, say
from ecgmon.monitor.core.ecg_codes import DS1_WITHOUT_201, DS2
from ecgmon.monitor.core.errors import ModelError, RecordError

CHECKPOINT = "checkpoint.pt"
ZOO = Path(__file__).resolve().parent.parent / "zoo"
RUNS = Path("out/adaptive")
FOLDS = 4
CALIBRATION_FILE = "calibration.json"
CALIBRATED = 0.03
"""Expected calibration error on patients left out up to which a simpler calibration will do."""

SCORES_FILE = "scores.json"
SCORES = ("v_f1", "s_f1", "accuracy")
"""Figures on DS2, first signal, that are written into the model file."""


TESTED = {
    "DS2": [("mitdb", name) for name in DS2],
    "SVDB held out": [("svdb", name) for name in SVDB_HELD_OUT],
}
"""Records that no training sees, by title."""


def _data_dir(named: Path | None) -> Path:
    folder = named or (Path(os.environ["ECGMON_DATA"]) if "ECGMON_DATA" in os.environ else None)
    if folder is None or not (folder / "mitdb").is_dir() or not (folder / "svdb").is_dir():
        raise RecordError(
            "Training needs a folder that holds mitdb and svdb.",
            "Fetch both from https://physionet.org and name their parent folder by --data-dir.",
        )
    return folder


def _train(options: argparse.Namespace) -> None:
    folder = options.out or RUNS / f"seed{options.seed}"
    folder.mkdir(parents=True, exist_ok=True)
    sequences = load_sequences(_data_dir(options.data_dir), training_records(), say)
    recipe = replace(Recipe(), seed=options.seed, **({"epochs": options.epochs} if options.epochs else {}))
    train(sequences, recipe, folder / CHECKPOINT, say=say)
    say(f"{folder}: trained. Ship it with `python -m ecgmon.models.adaptive export {folder}`.")


def _crossval(options: argparse.Namespace) -> None:
    """Train without each fold of patients in turn and score on it, first signals only."""
    data = load_sequences(_data_dir(options.data_dir), training_records(), say)
    parts = zip(
        folds(DS1_WITHOUT_201, FOLDS),
        folds([name for name in SVDB if name not in SVDB_HELD_OUT], FOLDS),
        strict=True,
    )
    left: list[Prediction] = []
    for number, (mitdb, svdb) in enumerate(parts):
        if number not in options.fold:
            continue
        out = {("mitdb", name) for name in mitdb} | {("svdb", name) for name in svdb}
        seen = [s for s in data if (s.database, s.record) not in out]
        unseen = [s for s in data if (s.database, s.record) in out and s.lead == 0]
        folder = options.out / f"fold{number}"
        folder.mkdir(parents=True, exist_ok=True)
        network = train(seen, Recipe(seed=options.seed), folder / CHECKPOINT, unseen, say)
        for database in ("mitdb", "svdb"):
            scored = [predict(network, s) for s in unseen if s.database == database]
            left += scored
            say(f"fold {number}, {database}: {_line(summary(scored))}")
    logits = np.concatenate([logits for row in left for logits in (row.first, row.final)])
    truth = np.concatenate([truth for row in left for truth in (row.truth, row.truth)])
    fits = [Calibration(), *(fit_calibration(logits, truth, offsets=offsets) for offsets in (False, True))]
    for fit in fits:
        say(f"all, {fit}: {_line(summary(left, fit))}")
    calibration = next((fit for fit in fits if _error(summary(left, fit)) <= CALIBRATED), fits[-1])
    calibration.write(options.out / CALIBRATION_FILE)
    say(f"{options.out / CALIBRATION_FILE}: {calibration}, the simplest that is calibrated")


def _error(figures: Mapping[str, float]) -> float:
    return max(figures["first_calibration_error"], figures["final_calibration_error"])


def _line(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in figures.items())


def _curve(options: argparse.Namespace) -> None:
    """Score a run at one bias after another, first signals of records that it never saw."""
    network, _ = load_network(options.run / CHECKPOINT)
    folder, calibration = _data_dir(options.data_dir), Calibration.read(options.calibration)
    scored = {
        title: [predict(network, s) for s in load_sequences(folder, records, say) if s.lead == 0]
        for title, records in TESTED.items()
    }
    curves = {
        symbol: {title: operating_points(rows, symbol, calibration) for title, rows in scored.items()}
        for symbol in KINDS
    }
    for symbol, lines in curves.items():
        for title, points in lines.items():
            say(f"{title}\n{table(points, symbol)}")
    draw(curves, options.out)
    say(f"{options.out}: written")


def _evaluate(options: argparse.Namespace) -> None:
    """Score a run on records that it never saw, reference and detected beats matched."""
    network, _ = load_network(options.run / CHECKPOINT)
    folder = _data_dir(options.data_dir)
    calibration = Calibration.read(options.calibration)
    scores: dict[str, float] = {}
    for title, records in TESTED.items():
        sequences = load_sequences(folder, records, say)
        for lead in (0, 1):
            figures = summary([predict(network, s) for s in sequences if s.lead == lead], calibration)
            say(f"{title}, signal {lead}: {_line(figures)}")
            if title == "DS2" and lead == 0:
                scores = {f"ds2_{name}": round(figures[f"final_{name}"], 4) for name in SCORES}
    (options.run / SCORES_FILE).write_text(json.dumps(scores), encoding="utf-8")


def _export(options: argparse.Namespace) -> None:
    try:
        scores = json.loads((options.run / SCORES_FILE).read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{options.run}: this run has no scores.", "Run `evaluate` on it first.") from error
    calibration = Calibration.read(options.calibration)
    path = ship_run(options.run / CHECKPOINT, options.zoo, calibration, scores)
    say(f"{path}: written, with its card and its line in the index")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ecgmon.models.adaptive", description=__doc__)
    commands = parser.add_subparsers(required=True)
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument("--data-dir", type=Path, help="folder that holds mitdb and svdb")
    data.add_argument("--threads", type=int, default=os.cpu_count())

    command = commands.add_parser("train", parents=[data], help="train, or go on with a run that was stopped")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--epochs", type=int, help="default: as cross-validated")
    command.add_argument("--out", type=Path, help="folder of the run")
    command.set_defaults(action=_train)

    command = commands.add_parser("crossval", parents=[data], help="score the recipe on training patients")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--fold", type=int, nargs="+", default=list(range(FOLDS)))
    command.add_argument("--out", type=Path, default=RUNS, help="folder of the runs")
    command.set_defaults(action=_crossval)

    command = commands.add_parser("evaluate", parents=[data], help="score a run on patients it never saw")
    command.add_argument("run", type=Path, help="folder of the run")
    command.add_argument(
        "--calibration", type=Path, default=RUNS / CALIBRATION_FILE, help="what `crossval` found"
    )
    command.set_defaults(action=_evaluate)

    command = commands.add_parser(
        "curve", parents=[data], help="show what a bias for a class costs and gives"
    )
    command.add_argument("run", type=Path, help="folder of the run")
    command.add_argument(
        "--calibration", type=Path, default=RUNS / CALIBRATION_FILE, help="what `crossval` found"
    )
    command.add_argument("--out", type=Path, default=Path("operating-points.png"), help="the picture")
    command.set_defaults(action=_curve)

    command = commands.add_parser("export", help="put a run into the zoo, with its card")
    command.add_argument("run", type=Path, help="folder of the run")
    command.add_argument(
        "--calibration", type=Path, default=RUNS / CALIBRATION_FILE, help="what `crossval` found"
    )
    command.add_argument("--zoo", type=Path, default=ZOO)
    command.set_defaults(action=_export)
    return parser


def _set_threads(options: argparse.Namespace) -> None:
    if "threads" in options:
        torch.set_num_threads(options.threads)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return run_command(
        _parser(), arguments, "The same command goes on from the last whole round.", _set_threads
    )


if __name__ == "__main__":
    sys.exit(main())
