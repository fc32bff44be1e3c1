"""Command line: ``ecgmon train quality``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ecgmon.models.common import command
from ecgmon.models.common.folds import Fold, deal, side_by_side
from ecgmon.models.common.progress import progress, say
from ecgmon.models.common.sealing import ship
from ecgmon.models.quality import card
from ecgmon.models.quality.data import TEST_VFDB, TRAIN_MITDB, TRAIN_VFDB, of_records, unseen_of_records
from ecgmon.models.quality.scoring import lines, measure, scores_from
from ecgmon.models.quality.training import TrainingPlan, plan_of, train
from ecgmon.monitor.core.ecg_codes import DS2
from ecgmon.monitor.core.files import replace_file
from ecgmon.monitor.dsp.quality_model import QualityModel

NAME = card.NAME
TRAINED = (*(f"mitdb/{name}" for name in TRAIN_MITDB), *(f"vfdb/{name}" for name in TRAIN_VFDB))
TESTED = (*(f"mitdb/{name}" for name in DS2), *(f"vfdb/{name}" for name in TEST_VFDB))
FOLDS = 4


def _folder(options: argparse.Namespace) -> Path:
    return command.data_folder(options.data_dir, "mitdb", "vfdb", "nstdb")


def _fit(options: argparse.Namespace, records: Sequence[str], label: str) -> QualityModel:
    """Train on records and return the model as its file holds it."""
    plan = TrainingPlan(options.length, options.seed)
    say(f"{label}: reading {len(records)} records")
    parts = of_records(_folder(options), records)
    with progress(label, plan.steps) as show:
        model = train(parts, plan, options.out / f"{label}.pt", show, records)
    path = options.out / f"{label}.json"
    replace_file(path, card.pack(model, card.contract(plan, records, {})))
    return QualityModel.load(path)


def _train(options: argparse.Namespace) -> None:
    _fit(options, command.chosen(options, TRAINED), NAME)
    say(f"{options.out}: trained. Score it with `ecgmon train {NAME} evaluate --out {options.out}`.")


def _folds(options: argparse.Namespace) -> list[Fold]:
    records = command.chosen(options, TRAINED)
    groups = ([name for name in records if name.startswith(base)] for base in ("mitdb", "vfdb"))
    return side_by_side(*(deal(group, FOLDS) for group in groups))


def _crossval(options: argparse.Namespace) -> None:
    """Train without each fold of patients in turn and score on it."""
    found = {}
    for number in options.fold:
        trained, tested = _folds(options)[number]
        if not trained or not tested:
            continue
        model = _fit(options, trained, f"fold{number}")
        scores = measure(model, unseen_of_records(_folder(options), tested))
        say("\n".join(f"fold {number}, {line}" for line in lines(scores)))
        found[f"fold{number}"] = scores.summary()
    command.write_result(options.out / "crossval.json", found)


def _evaluate(options: argparse.Namespace) -> None:
    model = QualityModel.load(command.trained_file(options.out / f"{NAME}.json"))
    scores = measure(model, unseen_of_records(_folder(options), command.chosen(options, TESTED)))
    say("\n".join(lines(scores)))
    command.write_result(options.out / "scores.json", asdict(scores))


def _export(options: argparse.Namespace) -> None:
    scores = scores_from(command.read_result(options.out / "scores.json", NAME, "evaluate"))
    plan, records = plan_of(options.out / f"{NAME}.pt")
    model = QualityModel.load(options.out / f"{NAME}.json")
    about = card.contract(plan, records, scores.summary())
    page = card.page(about, card.scores_page(scores))
    ship(options.zoo, about, card.pack(model, about), page)


ABOUT = "Train the network that assesses the quality of the signal."
WORDS = command.usual_words(_train, _crossval, _evaluate, _export)
COMMANDS = command.TrainingCommands(NAME, ABOUT, WORDS, TrainingPlan().steps, FOLDS, jobs=1)
main = COMMANDS.main

if __name__ == "__main__":
    sys.exit(main())
