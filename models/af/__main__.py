"""Command line: ``ecgmon train af``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ecgmon.models.af import card
from ecgmon.models.af.data import TRAIN_MITDB, TRAIN_VFDB, Stretches, load_stretches
from ecgmon.models.af.scoring import Score, gross, lines, score, score_from, summary
from ecgmon.models.af.training import TrainingPlan, train
from ecgmon.models.common import command
from ecgmon.models.common.folds import deal
from ecgmon.models.common.progress import progress, say
from ecgmon.models.common.sealing import ship
from ecgmon.monitor.core.ecg_codes import DS2
from ecgmon.monitor.core.files import replace_file
from ecgmon.monitor.core.sealed_file import open_weights
from ecgmon.monitor.rhythm.af_model import AF, AfModel

NAME = card.NAME
TRAINED = (*(f"mitdb/{name}" for name in TRAIN_MITDB), *(f"vfdb/{name}" for name in TRAIN_VFDB))
TESTED = tuple(f"mitdb/{name}" for name in DS2)
FOLDS = 4


def _read(options: argparse.Namespace, records: Sequence[str]) -> list[Stretches]:
    """Return the stretches of records; those that the cache holds cost nothing."""
    folder = command.data_folder(options.data_dir, "mitdb", "vfdb")
    parts = []
    with progress("reading", len(records), "records") as show:
        for record in records:
            parts.append(load_stretches(folder, record))
            show(len(parts), {})
    return parts


def _fit(options: argparse.Namespace, parts: Sequence[Stretches], label: str) -> AfModel:
    plan = TrainingPlan(options.length, options.seed)
    model = train(parts, plan)
    about = card.contract(plan, [part.source for part in parts], {})
    replace_file(options.out / f"{label}.json", card.pack(model, about))
    return model


def _tell(scores: Sequence[Score]) -> None:
    for row in (*scores, gross(scores, "all")):
        say("\n".join(lines(row)))


def _train(options: argparse.Namespace) -> None:
    parts = _read(options, command.chosen(options, TRAINED))
    model = _fit(options, parts, NAME)
    _tell([score(model, part) for part in parts])
    say(f"{options.out}: trained. Score it with `ecgmon train {NAME} evaluate --out {options.out}`.")


def _crossval(options: argparse.Namespace) -> None:
    """Train without each fold of patients in turn and score on it."""
    parts = {part.source: part for part in _read(options, command.chosen(options, TRAINED))}
    scores = []
    folds = deal(list(parts), FOLDS)
    for number in options.fold:
        if not folds[number].test:
            continue
        model = _fit(options, [parts[name] for name in folds[number].train], f"fold{number}")
        scores += [score(model, parts[name]) for name in folds[number].test]
    _tell(scores)
    command.write_result(options.out / "crossval.json", [asdict(row) for row in scores])


def _evaluate(options: argparse.Namespace) -> None:
    model = AfModel.load(command.trained_file(options.out / f"{NAME}.json"))
    scores = [score(model, part) for part in _read(options, command.chosen(options, TESTED))]
    _tell(scores)
    command.write_result(options.out / "scores.json", [asdict(row) for row in scores])


def _export(options: argparse.Namespace) -> None:
    scores = [score_from(row) for row in command.read_result(options.out / "scores.json", NAME, "evaluate")]
    path: Path = options.out / f"{NAME}.json"
    own = open_weights(path, AF)[1].extra
    plan = TrainingPlan(int(own["steps"]), int(own["seed"]))
    about = card.contract(plan, own["records"].split(), summary(scores))
    page = card.page(about, card.scores_page(scores))
    ship(options.zoo, about, card.pack(AfModel.load(path), about), page)


ABOUT = "Train the classifier of atrial fibrillation."
WORDS = command.usual_words(_train, _crossval, _evaluate, _export)
COMMANDS = command.TrainingCommands(NAME, ABOUT, WORDS, TrainingPlan().steps, FOLDS, jobs=1)
main = COMMANDS.main

if __name__ == "__main__":
    sys.exit(main())
