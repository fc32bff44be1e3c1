"""Command line: ``ecgmon train vf``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgmon.models.common import command
from ecgmon.models.common.progress import progress, say
from ecgmon.models.common.sealing import ship
from ecgmon.models.vf import card
from ecgmon.models.vf.data import Lead, noises, read_leads
from ecgmon.models.vf.patients import FOLDS, TEST_MITDB, TRAIN_MITDB, VFDB, svdb_records, vfdb_folds
from ecgmon.models.vf.scoring import Run, line, run_record, score
from ecgmon.models.vf.training import TrainingPlan, load, train
from ecgmon.monitor.core.files import replace_file
from ecgmon.monitor.rhythm.vf import VfDetector
from ecgmon.monitor.rhythm.vf_model import VfModel

NAME = card.NAME


class _Material:
    """What every training takes its part of, read once, when it is first needed."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.folder = _folder(options)
        self.records = command.chosen(options, (*VFDB, *TRAIN_MITDB, *svdb_records(self.folder)))

    @cached_property
    def leads(self) -> list[Lead]:
        say(f"reading {len(self.records)} records")
        return read_leads(self.folder, self.records)

    @cached_property
    def noises(self) -> list[NDArray[np.float32]]:
        return noises(self.folder)


def _folder(options: argparse.Namespace) -> Path:
    return command.data_folder(options.data_dir, "vfdb", "mitdb")


def _fit(material: _Material, left_out: Sequence[str], options: argparse.Namespace, label: str) -> Path:
    """Train on all records but those left out and return the model file."""
    plan = TrainingPlan(options.length, options.seed)
    leads = [lead for lead in material.leads if lead.record not in left_out]
    with progress(label, plan.steps) as show:
        network = train(leads, material.noises, plan, options.out / f"{label}.pt", show)
    path: Path = options.out / f"{label}.onnx"
    records = [name for name in material.records if name not in left_out]
    replace_file(path, card.pack(network, card.contract(plan, records, {})))
    return path


def _runs(folder: Path, names: Sequence[str], model: Path | None, channel: int = 0) -> list[Run]:
    detector = VfDetector(model=VfModel(model))
    return [run_record(folder, name, detector, channel) for name in names]


def _train(options: argparse.Namespace) -> None:
    path = _fit(_Material(options), (), options, NAME)
    say(f"{path}: trained. Score it with `ecgmon train {NAME} evaluate --out {options.out}`.")


def _evaluate(options: argparse.Namespace) -> None:
    """Score the file of a run, or the shipped one, on MIT-BIH."""
    path = command.trained_file(options.out / f"{NAME}.onnx")
    scores = []
    for title, names in (("MIT-BIH, unseen", TEST_MITDB), ("MIT-BIH, trained on", TRAIN_MITDB)):
        known = set(command.chosen(options, (*TEST_MITDB, *TRAIN_MITDB)))
        runs = _runs(_folder(options), [name for name in names if name in known], path)
        scores += [score(title, runs)]
        for run in runs:
            if run.found.any():
                say(line(score(run.record, [run])))
    for item in scores:
        say(line(item))
    command.write_result(options.out / "scores.json", [asdict(item) for item in scores])


def _crossval(options: argparse.Namespace) -> None:
    """Train once a fold and score every patient of VFDB by weights that never saw it."""
    material = _Material(options)
    known = set(command.chosen(options, VFDB))
    runs: list[Run] = []
    second: list[Run] = []
    for number in options.fold:
        tests = [name for name in vfdb_folds()[number].test if name in known]
        if tests:
            model = _fit(material, tests, options, f"fold{number}")
            runs += _runs(material.folder, tests, model)
            second += _runs(material.folder, tests, model, channel=1)
    runs.sort(key=lambda run: run.record)
    scores = [score("VFDB, first lead", runs), score("VFDB, second lead", second)]
    scores += [score(run.record, [run]) for run in runs]
    for item in scores:
        say(line(item))
    command.write_result(options.out / "crossval.json", [asdict(item) for item in scores])


def _export(options: argparse.Namespace) -> None:
    mitdb = command.read_result(options.out / "scores.json", NAME, "evaluate")
    crossval = command.read_result(options.out / "crossval.json", NAME, "crossval")
    network, plan, records = load(options.out / f"{NAME}.pt")
    about = card.contract(plan, records, card.summary(mitdb, crossval))
    page = card.page(network, about, card.scores_page(mitdb, crossval))
    ship(options.zoo, about, card.pack(network, about), page)


ABOUT = "Train the network that finds ventricular flutter and fibrillation."
WORDS = command.usual_words(_train, _crossval, _evaluate, _export)
COMMANDS = command.TrainingCommands(NAME, ABOUT, WORDS, TrainingPlan().steps, FOLDS)
main = COMMANDS.main

if __name__ == "__main__":
    sys.exit(main())
