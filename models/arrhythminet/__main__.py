"""Command line: ``python -m ecgmon.models.arrhythminet train|evaluate|export``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from ecgmon.models.arrhythminet.card import card, pack
from ecgmon.models.arrhythminet.data import database_folder, load_beats, split_beats
from ecgmon.models.arrhythminet.report import page
from ecgmon.models.arrhythminet.scores_file import load_scores, save_scores, score_run
from ecgmon.models.arrhythminet.training import Recipe, load_result, train
from ecgmon.models.common.command import run_command, say
from ecgmon.models.common.sealing import ship

ZOO = Path(__file__).resolve().parent.parent / "zoo"
CHECKPOINT = "checkpoint.pt"
EPOCHS = {"v1": 60, "v2": 60}


def _train(options: argparse.Namespace) -> None:
    recipe = Recipe(
        version=options.version, seed=options.seed, epochs=options.epochs or EPOCHS[options.version]
    )
    folder = options.out or Path("out/arrhythminet") / f"{recipe.version}-seed{recipe.seed}"
    folder.mkdir(parents=True, exist_ok=True)
    beats = load_beats(database_folder(options.data_dir), say)
    train(beats, split_beats(beats.labels, recipe.seed), recipe, folder / CHECKPOINT, say)
    say(f"{folder}: trained. Score it with `python -m ecgmon.models.arrhythminet evaluate {folder}`.")


def _evaluate(options: argparse.Namespace) -> None:
    beats = load_beats(database_folder(options.data_dir), say)
    runs = []
    for folder in options.runs:
        scores = score_run(beats, load_result(folder / CHECKPOINT))
        save_scores(folder, scores)
        runs.append(scores)
        say(f"{folder}: accuracy {scores.confusion.accuracy:.4f} on the held-out beats")
    if options.report:
        names = " ".join(str(folder) for folder in options.runs)
        command = f"python -m ecgmon.models.arrhythminet evaluate {names} --report {options.report}"
        options.report.write_text(page(runs, command), encoding="utf-8")
        say(f"{options.report}: written")


def _export(options: argparse.Namespace) -> None:
    scores = load_scores(options.run)
    result = load_result(options.run / CHECKPOINT)
    model = pack(result, scores.temperature, scores.summary())
    text = card(result, scores.confusion, scores.summary(), len(model))
    name = f"arrhythminet-{scores.version}"
    ship(options.zoo, name, model, text)
    say(f"{options.zoo / name}.onnx: written, with its card and its line in the index")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ecgmon.models.arrhythminet", description=__doc__)
    commands = parser.add_subparsers(required=True)
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument("--data-dir", type=Path, help="folder with the MIT-BIH records, or with mitdb in it")

    command = commands.add_parser("train", parents=[data], help="train, or go on with a run that was stopped")
    command.add_argument("--version", choices=sorted(EPOCHS), default="v1")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--epochs", type=int, help="default: enough for the published scores")
    command.add_argument("--out", type=Path, help="folder of the run")
    command.add_argument("--threads", type=int, default=os.cpu_count())
    command.set_defaults(action=_train)

    command = commands.add_parser("evaluate", parents=[data], help="score runs on their held-out beats")
    command.add_argument("runs", type=Path, nargs="+", help="folders of runs")
    command.add_argument("--report", type=Path, help="write a page that compares them with the paper")
    command.set_defaults(action=_evaluate)

    command = commands.add_parser("export", help="put an evaluated run into the zoo, with its card")
    command.add_argument("run", type=Path, help="folder of the run")
    command.add_argument("--zoo", type=Path, default=ZOO)
    command.set_defaults(action=_export)
    return parser


def _set_threads(options: argparse.Namespace) -> None:
    if "threads" in options:
        torch.set_num_threads(options.threads)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return run_command(
        _parser(), arguments, "The same command goes on from the last whole epoch.", _set_threads
    )


if __name__ == "__main__":
    sys.exit(main())
