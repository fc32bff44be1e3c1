"""Command line: ``python -m ecgmon.models.rpeak train|crossval|export``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from ecgmon.models.common.command import Action, run_command, say, training_parser
from ecgmon.models.rpeak import card, export
from ecgmon.models.rpeak.data import records
from ecgmon.models.rpeak.network import RPeakNetwork
from ecgmon.models.rpeak.patients import DS2_AND_PACED, FOLDS, SHIPPED_TRAINING, fold_records
from ecgmon.models.rpeak.recipe import build
from ecgmon.models.rpeak.scoring import Score, gross, line, score_record
from ecgmon.models.rpeak.training import Training, TrainingPlan
from ecgmon.monitor.core.errors import UsageError
from ecgmon.monitor.dsp.rpeak import SHIPPED_MODEL, RPeakDetector


def _folder(options: argparse.Namespace) -> Path:
    folder = options.data_dir or os.environ.get("ECGMON_DATA")
    if not folder or not (Path(folder) / "mitdb").is_dir():
        raise UsageError(
            "No folder of databases was given.",
            "Set ECGMON_DATA, or --data-dir, to the folder that holds mitdb.",
        )
    return Path(folder)


def _train(folder: Path, names: Sequence[str], plan: TrainingPlan, out: Path, label: str) -> Path:
    """Train on the records and return the exported file; one that exists is kept."""
    model = out / f"{label}.onnx"
    if not model.exists():
        out.mkdir(parents=True, exist_ok=True)
        network = _fit(build(folder, names, plan), out / f"{label}.pt", label)
        export.write(network, model, card.metadata(names, plan))
    return model


def _fit(training: Training, checkpoint: Path, label: str) -> RPeakNetwork:
    """Train to the end with a bar; a checkpoint goes on where it stopped."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as bar:
        task = bar.add_task(label, total=training.steps)
        smooth: list[float] = []

        def show(step: int, loss: float) -> None:
            smooth[:] = [*smooth[-99:], loss]
            mean = sum(smooth) / len(smooth)
            bar.update(task, completed=step + 1, description=f"{label} loss {mean:.4f}")

        return training.run(checkpoint, show)


def _score(folder: Path, names: Sequence[str], model: Path) -> list[Score]:
    detector = RPeakDetector(model=model)
    scores = []
    for name in names:
        scores.append(score_record(folder, name, detector))
        say(line(scores[-1]))
    return scores


def _plan(options: argparse.Namespace) -> TrainingPlan:
    return TrainingPlan(steps=options.steps, seed=options.seed)


def _save(path: Path, scores: Sequence[Score], label: str) -> None:
    """Print the pooled score and write all rows, the pooled one last."""
    total = gross(scores, label)
    say(line(total))
    rows = [score.row() for score in (*sorted(scores, key=lambda score: score.record), total)]
    path.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _run_train(options: argparse.Namespace) -> None:
    folder = _folder(options)
    names = (*SHIPPED_TRAINING, *records(folder, "svdb"))
    model = _train(folder, names, _plan(options), options.out, "rpeak")
    _save(options.out / "rpeak.json", _score(folder, DS2_AND_PACED, model), "DS2 + paced")
    say(f"{model}: trained. Ship it with `python -m ecgmon.models.rpeak export`.")


def _run_crossval(options: argparse.Namespace) -> None:
    folder = _folder(options)
    scores: list[Score] = []
    for fold in range(FOLDS):
        names, tests = fold_records(fold, records(folder, "svdb"))
        model = _train(folder, names, _plan(options), options.out, f"fold{fold}")
        scores += _score(folder, tests, model)
    for database, label in (("mitdb", "all 48"), ("svdb", "SVDB")):
        part = [score for score in scores if score.record.startswith(database)]
        name = "crossval.json" if database == "mitdb" else f"crossval-{database}.json"
        _save(options.out / name, part, label)


def _run_export(options: argparse.Namespace) -> None:
    trained = options.out / "rpeak.onnx"
    results = [options.out / f"{name}.json" for name in ("rpeak", "crossval", "crossval-svdb")]
    for path in (trained, *results):
        if not path.exists():
            raise UsageError(
                f"{path} is missing.",
                "Run `python -m ecgmon.models.rpeak train` and `crossval` first.",
            )
    unseen, folds, svdb = (json.loads(path.read_text(encoding="utf-8")) for path in results)
    card.ship(trained, options.zoo, unseen, folds, svdb)
    say(f"{options.zoo}: written, with its card")


def _parser() -> argparse.ArgumentParser:
    plan = TrainingPlan()
    commands: dict[str, tuple[Action, str]] = {
        "train": (_run_train, "train the shipped file and score the records it never saw"),
        "crossval": (_run_crossval, "train five times and score every record by weights that never saw it"),
        "export": (_run_export, "put the trained file and its card into the zoo"),
    }
    return training_parser("detector", __doc__, commands, (plan.steps, plan.seed), SHIPPED_MODEL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return run_command(_parser(), arguments, "The same command goes on from the last checkpoint.")


if __name__ == "__main__":
    sys.exit(main())
