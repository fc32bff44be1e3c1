"""Command line: ``python -m ecgmon.models.vf train|crossval|export``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ecgmon.models.common.command import Action, run_command, say, training_parser
from ecgmon.models.vf import card, export
from ecgmon.models.vf.data import Lead, noises, read_leads
from ecgmon.models.vf.patients import (
    FOLDS,
    TEST_MITDB,
    TRAIN_MITDB,
    VFDB,
    held_out,
    others,
    svdb_records,
)
from ecgmon.models.vf.scoring import Run, line, run_record, score
from ecgmon.models.vf.training import TrainingPlan, train
from ecgmon.monitor.core.errors import UsageError
from ecgmon.monitor.rhythm.vf import VfDetector
from ecgmon.monitor.rhythm.vf_model import SHIPPED_MODEL, VfModel

NAME = "vf"


def _folder(options: argparse.Namespace) -> Path:
    folder = options.data_dir or os.environ.get("ECGMON_DATA")
    if not folder or not (Path(folder) / "vfdb").is_dir():
        raise UsageError(
            "No folder of databases was given.",
            "Set ECGMON_DATA, or --data-dir, to the folder that holds vfdb and mitdb.",
        )
    return Path(folder)


class _Material:
    """What every training takes its part of, read once, when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def leads(self) -> list[Lead]:
        names = [f"vfdb/{name}" for name in VFDB] + [f"mitdb/{name}" for name in TRAIN_MITDB]
        return read_leads(self._folder, names + [f"svdb/{name}" for name in svdb_records(self._folder)])

    @cached_property
    def noises(self) -> list[NDArray[np.float32]]:
        return noises(self._folder)


def _train(material: _Material, vfdb: Sequence[str], options: argparse.Namespace, label: str) -> Path:
    """Train on these records of VFDB and on the usual others; a file that exists is kept."""
    path: Path = options.out / f"{label}.onnx"
    if path.exists():
        return path
    tests = {f"vfdb/{name}" for name in others(vfdb)}
    leads = [lead for lead in material.leads if lead.record not in tests]
    plan = TrainingPlan(options.steps, options.seed)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(label, total=plan.steps)
        smooth: list[float] = []

        def show(step: int, loss: float) -> None:
            smooth[:] = [*smooth[-99:], loss]
            mean = sum(smooth) / len(smooth)
            bar.update(task, completed=step + 1, description=f"{label} loss {mean:.4f}")

        network = train(leads, material.noises, plan, show)
    export.write(export.to_onnx(network, card.metadata(vfdb, plan)), path)
    return path


def _runs(folder: Path, names: Sequence[str], model: Path, channel: int = 0) -> list[Run]:
    detector = VfDetector(model=VfModel(model))
    return [run_record(folder, name, detector, channel) for name in names]


def _run_train(options: argparse.Namespace) -> None:
    folder = _folder(options)
    model = _train(_Material(folder), VFDB, options, NAME)
    scores = []
    for title, names in (("MIT-BIH, unseen", TEST_MITDB), ("MIT-BIH, trained on", TRAIN_MITDB)):
        runs = _runs(folder, [f"mitdb/{name}" for name in names], model)
        scores += [score(title, runs)]
        for run in runs:
            if run.found.any():
                say(line(score(run.record, [run])))
    for item in scores:
        say(line(item))
    (options.out / "mitdb.json").write_text(json.dumps([asdict(item) for item in scores], indent=1))
    say(f"{model}: trained. Ship it with `python -m ecgmon.models.vf export`.")


def _run_crossval(options: argparse.Namespace) -> None:
    folder = _folder(options)
    material = _Material(folder)
    runs: list[Run] = []
    second: list[Run] = []
    for fold in range(FOLDS):
        tests = held_out(fold)
        model = _train(material, others(tests), options, f"fold{fold}")
        names = [f"vfdb/{name}" for name in tests]
        runs += _runs(folder, names, model)
        second += _runs(folder, names, model, channel=1)
    runs.sort(key=lambda run: run.record)
    for run in runs:
        say(line(score(run.record, [run])))
    scores = [score("VFDB, first lead", runs), score("VFDB, second lead", second)]
    for item in scores:
        say(line(item))
    rows = [asdict(item) for item in (*scores, *(score(run.record, [run]) for run in runs))]
    (options.out / "crossval.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _run_export(options: argparse.Namespace) -> None:
    trained = options.out / f"{NAME}.onnx"
    results = [options.out / "mitdb.json", options.out / "crossval.json"]
    for path in (trained, *results):
        if not path.exists():
            raise UsageError(
                f"{path} is missing.",
                "Run `python -m ecgmon.models.vf train` and `crossval` first.",
            )
    mitdb, crossval = (json.loads(path.read_text(encoding="utf-8")) for path in results)
    card.ship(trained, options.zoo, mitdb, crossval)
    say(f"{options.zoo}: written, with its card")


def _parser() -> argparse.ArgumentParser:
    plan = TrainingPlan()
    commands: dict[str, tuple[Action, str]] = {
        "train": (_run_train, "train the shipped file and score MIT-BIH with it"),
        "crossval": (_run_crossval, "train once a fold and score every patient of VFDB unseen"),
        "export": (_run_export, "put the trained file and its card into the zoo"),
    }
    return training_parser("vf", __doc__, commands, (plan.steps, plan.seed), SHIPPED_MODEL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return run_command(_parser(), arguments, "The same command keeps the files that are whole.")


if __name__ == "__main__":
    sys.exit(main())
