"""Command line: ``ecgmon train rpeak``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ecgmon.models.common import command
from ecgmon.models.common.progress import progress, say
from ecgmon.models.common.sealing import ship
from ecgmon.models.rpeak import card
from ecgmon.models.rpeak.data import records
from ecgmon.models.rpeak.patients import DS1_RECORDS, DS2_AND_PACED, FOLDS, SHIPPED_TRAINING, fold_records
from ecgmon.models.rpeak.recipe import build
from ecgmon.models.rpeak.scoring import Score, gross, line, score_record
from ecgmon.models.rpeak.training import TrainingPlan, load
from ecgmon.monitor.core.files import replace_file
from ecgmon.monitor.dsp.rpeak import RPeakDetector

NAME = card.NAME
RESULTS = {"scores.json": "evaluate", "crossval.json": "crossval", "crossval-svdb.json": "crossval"}
"""What is written by which word."""


def _folder(options: argparse.Namespace) -> Path:
    return command.data_folder(options.data_dir, "mitdb")


def _fit(options: argparse.Namespace, names: Sequence[str], label: str) -> Path:
    """Train on the records and return the model file."""
    plan = TrainingPlan(steps=options.length, seed=options.seed)
    training = build(_folder(options), names, plan)
    with progress(label, plan.steps) as show:
        network = training.train(options.out / f"{label}.pt", show)
    path: Path = options.out / f"{label}.onnx"
    replace_file(path, card.pack(network, card.contract(network, plan, names, {})))
    return path


def _score(folder: Path, names: Sequence[str], model: Path | None) -> list[Score]:
    detector = RPeakDetector(model=model)
    scores = []
    for name in names:
        scores.append(score_record(folder, name, detector))
        say(line(scores[-1]))
    return scores


def _rows(scores: Sequence[Score], label: str) -> list[dict[str, Any]]:
    """Print the pooled score and return all rows, the pooled one last."""
    if not scores:
        return []
    total = gross(scores, label)
    say(line(total))
    return [score.row() for score in (*sorted(scores, key=lambda score: score.record), total)]


def _train(options: argparse.Namespace) -> None:
    names = command.chosen(options, (*SHIPPED_TRAINING, *records(_folder(options), "svdb")))
    path = _fit(options, names, NAME)
    say(f"{path}: trained. Score it with `ecgmon train {NAME} evaluate --out {options.out}`.")


def _evaluate(options: argparse.Namespace) -> None:
    """Score a run, or the shipped file, on the records it never saw."""
    model = command.trained_file(options.out / f"{NAME}.onnx")
    scores = _score(_folder(options), command.chosen(options, DS2_AND_PACED), model)
    command.write_result(options.out / "scores.json", _rows(scores, "DS2 + paced"))


def _crossval(options: argparse.Namespace) -> None:
    """Train once a fold and score every record by weights that never saw its patient."""
    folder = _folder(options)
    svdb = records(folder, "svdb")
    known = set(command.chosen(options, (*DS1_RECORDS, *DS2_AND_PACED, *svdb)))
    scores: list[Score] = []
    for number in options.fold:
        names, tests = ([name for name in side if name in known] for side in fold_records(number, svdb))
        if names and tests:
            scores += _score(folder, tests, _fit(options, names, f"fold{number}"))
    for database, label, file in (("mitdb", "all 48", "crossval"), ("svdb", "SVDB", "crossval-svdb")):
        part = [score for score in scores if score.record.startswith(database)]
        command.write_result(options.out / f"{file}.json", _rows(part, label))


def _export(options: argparse.Namespace) -> None:
    results = [command.read_result(options.out / file, NAME, word) for file, word in RESULTS.items()]
    network, plan, names = load(options.out / f"{NAME}.pt")
    about = card.contract(network, plan, names, card.summary(*results))
    page = card.page(network, about, card.scores_page(*results))
    ship(options.zoo, about, card.pack(network, about), page)


ABOUT = "Train the network that finds R waves."
WORDS = command.usual_words(_train, _crossval, _evaluate, _export)
COMMANDS = command.TrainingCommands(
    NAME, ABOUT, WORDS, TrainingPlan().steps, FOLDS, seed=TrainingPlan().seed, jobs=1
)
main = COMMANDS.main

if __name__ == "__main__":
    sys.exit(main())
