"""Command line: ``ecgmon train adaptive``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ecgmon.models.adaptive import card
from ecgmon.models.adaptive.calibration import Calibration, fit_calibration
from ecgmon.models.adaptive.data import BeatSequence, load_sequences
from ecgmon.models.adaptive.operating import KINDS, draw, operating_points, table
from ecgmon.models.adaptive.patients import (
    SVDB,
    SVDB_HELD_OUT,
    training_records,
)
from ecgmon.models.adaptive.scoring import Prediction, predict, summary
from ecgmon.models.adaptive.training import TrainingPlan, load, train
from ecgmon.models.common import command
from ecgmon.models.common.folds import deal, side_by_side
from ecgmon.models.common.progress import progress, say
from ecgmon.models.common.sealing import ship
from ecgmon.monitor.core.ecg_codes import DS1_WITHOUT_201, DS2

NAME = card.NAME
FOLDS = 4
CALIBRATED = 0.03
"""Expected calibration error on patients left out up to which a simpler calibration will do."""

SCORES = ("v_f1", "s_f1", "accuracy")
"""Figures on DS2, first signal, that are written into the model file."""

TESTED = {
    "DS2": [f"mitdb/{name}" for name in DS2],
    "SVDB held out": [f"svdb/{name}" for name in SVDB_HELD_OUT],
}
"""Records that no training sees, by title."""


def _sequences(options: argparse.Namespace, records: Sequence[str]) -> list[BeatSequence]:
    folder = command.data_folder(options.data_dir, "mitdb", "svdb")
    return load_sequences(folder, (_pair(record) for record in records), say)


def _pair(record: str) -> tuple[str, str]:
    database, _, name = record.partition("/")
    return database, name


def _plan(options: argparse.Namespace) -> TrainingPlan:
    return replace(TrainingPlan(), seed=options.seed, epochs=options.length)


def _train(options: argparse.Namespace) -> None:
    records = command.chosen(options, ("/".join(pair) for pair in training_records()))
    sequences, plan = _sequences(options, records), _plan(options)
    with progress(NAME, plan.epochs, "rounds", smoothed=1) as show:
        train(sequences, plan, options.out / f"{NAME}.pt", show=show)
    say(f"{options.out}: trained. Score it with `ecgmon train {NAME} evaluate --out {options.out}`.")


def _crossval(options: argparse.Namespace) -> None:
    """Train without each fold of patients in turn and score on it, first signals only."""
    records = command.chosen(options, ("/".join(pair) for pair in training_records()))
    data, plan = _sequences(options, records), _plan(options)
    groups = (
        [f"mitdb/{name}" for name in DS1_WITHOUT_201],
        [f"svdb/{name}" for name in SVDB if name not in SVDB_HELD_OUT],
    )
    folds = side_by_side(*(deal(group, FOLDS) for group in groups))
    left: list[Prediction] = []
    for number in options.fold:
        out = set(folds[number].test)
        seen = [s for s in data if f"{s.database}/{s.record}" not in out]
        unseen = [s for s in data if f"{s.database}/{s.record}" in out and s.lead == 0]
        with progress(f"fold {number}", plan.epochs, "rounds", smoothed=1) as show:
            network = train(seen, plan, options.out / f"fold{number}.pt", unseen, show)
        for database in ("mitdb", "svdb"):
            scored = [predict(network, s) for s in unseen if s.database == database]
            left += scored
            if scored:
                say(f"fold {number}, {database}: {_line(summary(scored))}")
    _calibrate(left).write(_calibration_file(options))
    command.write_result(options.out / "crossval.json", summary(left))


def _calibrate(left: Sequence[Prediction]) -> Calibration:
    """Return the simplest calibration under which patients left out are calibrated."""
    logits = np.concatenate([logits for row in left for logits in (row.first, row.final)])
    truth = np.concatenate([truth for row in left for truth in (row.truth, row.truth)])
    fits = [Calibration(), *(fit_calibration(logits, truth, offsets=offsets) for offsets in (False, True))]
    for fit in fits:
        say(f"all, {fit}: {_line(summary(left, fit))}")
    simplest = next((fit for fit in fits if _error(summary(left, fit)) <= CALIBRATED), fits[-1])
    say(f"{simplest}: the simplest that is calibrated")
    return simplest


def _error(figures: Mapping[str, float]) -> float:
    return max(figures["first_calibration_error"], figures["final_calibration_error"])


def _line(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in figures.items())


def _calibration_file(options: argparse.Namespace) -> Path:
    path: Path = options.calibration or options.out / "calibration.json"
    return path


def _tested(options: argparse.Namespace) -> dict[str, list[str]]:
    """Return what ``--records`` leaves of `TESTED`; a title of which nothing is left is left out."""
    wanted = set(command.chosen(options, (record for records in TESTED.values() for record in records)))
    left = {title: [name for name in records if name in wanted] for title, records in TESTED.items()}
    return {title: records for title, records in left.items() if records}


def _curve(options: argparse.Namespace) -> None:
    """Score a run at one bias after another, first signals of records that it never saw."""
    network, _, _ = load(options.out / f"{NAME}.pt")
    calibration = Calibration.read(_calibration_file(options))
    scored = {
        title: [predict(network, s) for s in _sequences(options, records) if s.lead == 0]
        for title, records in _tested(options).items()
    }
    curves = {
        symbol: {title: operating_points(rows, symbol, calibration) for title, rows in scored.items()}
        for symbol in KINDS
    }
    for symbol, lines in curves.items():
        for title, points in lines.items():
            say(f"{title}\n{table(points, symbol)}")
    draw(curves, options.picture)
    say(f"{options.picture}: written")


def _evaluate(options: argparse.Namespace) -> None:
    """Score a run on records that it never saw, reference and detected beats matched."""
    network, _, _ = load(options.out / f"{NAME}.pt")
    calibration = Calibration.read(_calibration_file(options))
    scores: dict[str, float] = {}
    for title, records in _tested(options).items():
        sequences = _sequences(options, records)
        for lead in (0, 1):
            figures = summary([predict(network, s) for s in sequences if s.lead == lead], calibration)
            say(f"{title}, signal {lead}: {_line(figures)}")
            if title == "DS2" and lead == 0:
                scores = {f"ds2_{name}": round(figures[f"final_{name}"], 4) for name in SCORES}
    command.write_result(options.out / "scores.json", scores)


def _export(options: argparse.Namespace) -> None:
    scores = command.read_result(options.out / "scores.json", NAME, "evaluate")
    calibration = Calibration.read(_calibration_file(options))
    network, plan, records = load(options.out / f"{NAME}.pt")
    about = card.contract(plan, records, calibration, scores)
    page = card.page(network, about, card.scores_page(scores, calibration))
    ship(options.zoo, about, card.pack(network, calibration, about), page)


_CALIBRATION = command.Option(
    "--calibration", {"type": Path, "help": "what `crossval` found; calibration.json of the run by default"}
)
_PICTURE = command.Option(
    "--picture", {"type": Path, "default": Path("operating-points.png"), "help": "the picture (%(default)s)"}
)

COMMANDS = command.TrainingCommands(
    NAME,
    "Train the patient-adaptive classifier of beats.",
    {
        **command.usual_words(_train, _crossval, _evaluate, _export),
        "curve": command.Word(_curve, "show what a bias for a class costs and gives", "?", [_PICTURE]),
    },
    length=TrainingPlan().epochs,
    unit="epochs",
    folds=FOLDS,
    options=[_CALIBRATION],
)

main = COMMANDS.main

if __name__ == "__main__":
    sys.exit(main())
