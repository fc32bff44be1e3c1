"""Command line: ``ecgmon train arrhythminet``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ecgmon.models.arrhythminet import card
from ecgmon.models.arrhythminet.data import (
    MITDB,
    Beats,
    database_folder,
    load_beats,
    split_beats,
    split_patients,
)
from ecgmon.models.arrhythminet.network import parameter_count
from ecgmon.models.arrhythminet.report import page
from ecgmon.models.arrhythminet.scores_file import load_scores, save_scores, score_run
from ecgmon.models.arrhythminet.scoring import Confusion
from ecgmon.models.arrhythminet.training import TrainingPlan, load, predict, train
from ecgmon.models.common import command
from ecgmon.models.common.folds import deal
from ecgmon.models.common.progress import progress, say
from ecgmon.models.common.sealing import ship

NAME = "arrhythminet"
CHECKPOINT = f"{NAME}.pt"
FOLDS = 4


def _beats(options: argparse.Namespace) -> Beats:
    return load_beats(database_folder(options.data_dir), say, command.chosen(options, MITDB))


def _plan(options: argparse.Namespace) -> TrainingPlan:
    return TrainingPlan(version=options.version, seed=options.seed, epochs=options.length)


def _train(options: argparse.Namespace) -> None:
    plan, beats = _plan(options), _beats(options)
    with progress(NAME, plan.epochs, "epochs", smoothed=1) as show:
        train(beats, split_beats(beats.labels, plan.seed), plan, options.out / CHECKPOINT, show)
    say(f"{options.out}: trained. Score it with `ecgmon train {NAME} evaluate {options.out}`.")


def _crossval(options: argparse.Namespace) -> None:
    """Train without each fold of patients in turn and score on it: a harder test than the paper's."""
    plan, beats = _plan(options), _beats(options)
    folds = deal(command.chosen(options, MITDB), FOLDS)
    counts = []
    for number in options.fold:
        split = split_patients(beats, folds[number].test, plan.seed)
        label = f"fold{number}"
        with progress(label, plan.epochs, "epochs", smoothed=1) as show:
            result = train(beats, split, plan, options.out / f"{label}.pt", show)
        named = predict(result.network, beats.served(split.test)).argmax(axis=1)
        counts.append(Confusion.of(beats.labels[split.test], named).counts)
        say(f"{label}: accuracy {Confusion(counts[-1]).accuracy:.4f} on patients never seen")
    whole = Confusion(sum(counts[1:], counts[0]))
    say(f"all: accuracy {whole.accuracy:.4f} on patients never seen")
    command.write_result(options.out / "crossval.json", {"counts": whole.counts.tolist()})


def _evaluate(options: argparse.Namespace) -> None:
    """Score runs on the beats that their seeds held out."""
    beats = _beats(options)
    runs = []
    for folder in options.runs:
        scores = score_run(beats, load(folder / CHECKPOINT))
        save_scores(folder, scores)
        runs.append(scores)
        say(f"{folder}: accuracy {scores.confusion.accuracy:.4f} on the held-out beats")
    if options.report:
        names = " ".join(str(folder) for folder in options.runs)
        typed = f"ecgmon train {NAME} evaluate {names} --report {options.report}"
        options.report.write_text(page(runs, typed), encoding="utf-8")
        say(f"{options.report}: written")


def _export(options: argparse.Namespace) -> None:
    scores = load_scores(options.out)
    result = load(options.out / CHECKPOINT)
    about = card.contract(result, scores.summary())
    told = card.scores_page(scores.seed, scores.confusion, scores.summary())
    text = card.page(about, parameter_count(result.network), told)
    ship(options.zoo, about, card.pack(result, scores.temperature, about), text)


_REPORT = command.Option("--report", {"type": Path, "help": "write a page that compares with the paper"})
_VERSION = command.Option(
    "--version", {"choices": ("v1", "v2"), "default": "v1", "help": "V1 or the smaller V2 (%(default)s)"}
)

COMMANDS = command.TrainingCommands(
    NAME,
    "Train ArrhythmiNet, the classifiers of single beats.",
    {
        **command.usual_words(_train, _crossval, _evaluate, _export),
        "evaluate": command.Word(_evaluate, "score runs on their held-out beats", "*", [_REPORT]),
    },
    length=TrainingPlan().epochs,
    unit="epochs",
    folds=FOLDS,
    options=[_VERSION],
)

main = COMMANDS.main

if __name__ == "__main__":
    sys.exit(main())
