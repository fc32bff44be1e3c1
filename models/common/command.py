"""The one command line of all trainings: the same words, the same options, Ctrl-C that loses nothing."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ecgmon.models.common.progress import say
from ecgmon.monitor.core.errors import EcgmonError, ModelError, RecordError, UsageError

INTERRUPTED = 130

ZOO = Path(__file__).resolve().parent.parent / "zoo"
"""Where the shipped models lie."""

Action = Callable[[argparse.Namespace], None]


@dataclass(frozen=True, slots=True)
class Option:
    """An option that one word has of its own.

    Parameters
    ----------
    flag : str
        Such as ``--report``.
    settings : mapping of str to object
        As `argparse.ArgumentParser.add_argument` takes them.
    """

    flag: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a training's command line.

    Parameters
    ----------
    action : callable
        Does it; takes the options.
    text : str
        Its line in the help.
    runs : {"", "?", "*"}
        Whether folders of runs may follow it, in place of ``--out``: none, one, or many.
    options : sequence of Option
        What it has beyond the options of all words.
    """

    action: Action
    text: str
    runs: Literal["", "?", "*"] = ""
    options: Sequence[Option] = ()


def usual_words(train: Action, crossval: Action, evaluate: Action, export: Action) -> dict[str, Word]:
    """Return the words that every training has."""
    return {
        "train": Word(train, "train, or go on with a training that was stopped"),
        "crossval": Word(crossval, "train without each fold of patients and score on it"),
        "evaluate": Word(evaluate, "score a run on what it never saw", "?"),
        "export": Word(export, "put a scored run into the zoo, with its card", "?"),
    }


@dataclass(frozen=True, slots=True)
class TrainingCommands:
    """The command line of one training.

    Parameters
    ----------
    name : str
        As in ``ecgmon train NAME``.
    about : str
        What the help begins with.
    words : mapping of str to Word
        ``train``, ``crossval``, ``evaluate`` and ``export``, and what else there is.
    length : int
        Steps or epochs of a training.
    folds : int
        Of the cross-validation.
    unit : {"steps", "epochs"}
        What its length is counted in.
    seed : int
        Default of the random start.
    jobs : int, optional
        Default number of threads; as many as there are cores if None.
    options : sequence of Option
        What all its words have beyond those of every training.
    """

    name: str
    about: str
    words: Mapping[str, Word]
    length: int
    folds: int
    unit: Literal["steps", "epochs"] = "steps"
    seed: int = 0
    jobs: int | None = None
    options: Sequence[Option] = ()

    def main(self, words: Sequence[str] | None = None) -> int:
        """Run the command that was asked for and return its exit code.

        Parameters
        ----------
        words : sequence of str, optional
            The command line; that of the program if None.
        """
        options = self.parser().parse_args(words)
        options.out = options.run or options.out or self._usual_out(getattr(options, "version", "VERSION"))
        options.runs = options.runs or [options.out]
        try:
            _use_threads(options.jobs)
            options.action(options)
        except EcgmonError as error:
            print(error, file=sys.stderr)
            return error.exit_code
        except KeyboardInterrupt:
            print("Stopped. The same command goes on from there.", file=sys.stderr)
            return INTERRUPTED
        return 0

    def parser(self) -> argparse.ArgumentParser:
        """Return the parser of the command line."""
        program = f"ecgmon train {self.name}"
        epilog = f"Without a WORD it trains. `{program} WORD --help` says what a word takes."
        parser = argparse.ArgumentParser(prog=program, description=self.about, epilog=epilog)
        commands = parser.add_subparsers(required=True, metavar="WORD")
        shared = self._shared()
        for name, word in self.words.items():
            command = commands.add_parser(name, parents=[shared], help=word.text, description=word.text)
            command.set_defaults(action=word.action, run=None, runs=[])
            if word.runs == "?":
                command.add_argument("run", type=Path, nargs="?", help="folder of the run; --out by default")
            elif word.runs == "*":
                command.add_argument("runs", type=Path, nargs="*", help="folders of runs; --out by default")
            if name == "crossval":
                command.add_argument(
                    "--fold", type=int, nargs="+", default=list(range(self.folds)), metavar="K",
                    choices=range(self.folds), help="only these folds, from 0 on",
                )  # fmt: skip
            elif name == "export":
                command.add_argument("--zoo", type=Path, default=ZOO, help="folder of models to write to")
            for option in word.options:
                command.add_argument(option.flag, **option.settings)
        return parser

    def _usual_out(self, version: str) -> Path:
        """Return the folder of a run that names none; one with versions has a folder for each."""
        versions = any(option.flag == "--version" for option in self.options)
        return Path("out") / (f"{self.name}-{version}" if versions else self.name)

    def _shared(self) -> argparse.ArgumentParser:
        """Return the options that every word of every training takes."""
        shared = argparse.ArgumentParser(add_help=False)
        add = shared.add_argument
        add("--data-dir", type=Path, help="folder of databases; ECGMON_DATA by default")
        add("--out", type=Path, help=f"folder of the run; {self._usual_out('VERSION')} by default")
        add("--seed", type=int, default=self.seed, help="random start (%(default)s)")
        add(
            "--steps", "--epochs", dest="length", type=_positive, default=self.length, metavar="N",
            help=f"length of the training in {self.unit} (%(default)s)",
        )  # fmt: skip
        add(
            "--jobs", "--threads", dest="jobs", type=_positive, default=self.jobs or os.cpu_count(),
            metavar="N", help="threads to compute with (%(default)s)",
        )  # fmt: skip
        add("--records", nargs="+", metavar="NAME", help="only these records, to try a training out")
        for option in self.options:
            add(option.flag, **option.settings)
        return shared


def _use_threads(count: int) -> None:
    if "torch" in sys.modules:  # a training without it needs none
        sys.modules["torch"].set_num_threads(count)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def data_folder(named: Path | None, *databases: str) -> Path:
    """Return the folder that holds databases, one folder each.

    Parameters
    ----------
    named : Path or None
        That folder, or one of the databases in it; ``ECGMON_DATA`` if None.
    *databases : str
        Such as ``mitdb``.

    Raises
    ------
    RecordError
        No folder was named, or it lacks a database.
    """
    place = named or os.environ.get("ECGMON_DATA")
    wanted = " and ".join(databases)
    if not place:
        raise RecordError(
            f"Training needs a folder that holds {wanted}.",
            "Fetch them from https://physionet.org and name their folder by --data-dir or ECGMON_DATA.",
        )
    for folder in (Path(place), Path(place).parent):
        if all((folder / name).is_dir() for name in databases):
            return folder
    lacking = [name for name in databases if not (Path(place) / name).is_dir()]
    raise RecordError(
        f"{place}: the folder lacks {' and '.join(lacking)}; training needs {wanted}.",
        "Fetch them from https://physionet.org and name their folder by --data-dir or ECGMON_DATA.",
    )


def chosen(options: argparse.Namespace, names: Iterable[str]) -> tuple[str, ...]:
    """Return the records that ``--records`` leaves of some, named with or without their database.

    Raises
    ------
    UsageError
        None is left.
    """
    known = tuple(names)
    if not options.records or not known:
        return known
    wanted = set(options.records)
    left = tuple(name for name in known if name in wanted or name.rpartition("/")[2] in wanted)
    if not left:
        raise UsageError(
            f"None of {' '.join(sorted(wanted))} is among the records needed.",
            f"Choose of: {' '.join(known)}.",
        )
    return left


def trained_file(path: Path) -> Path | None:
    """Return the file of a run, or None for the shipped one where there is none, and say which."""
    found = path if path.is_file() else None
    say(f"scoring {found or 'the shipped file'}")
    return found


def read_result(path: Path, name: str, word: str) -> Any:
    """Return what an earlier word wrote as JSON.

    Parameters
    ----------
    path : Path
        The file.
    name, word : str
        Of the training and of the word that writes it, for the message.

    Raises
    ------
    ModelError
        It is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        why = error.strerror
    except ValueError as error:
        why = str(error)
    raise ModelError(f"{path}: it cannot be read ({why}).", f"Run `ecgmon train {name} {word}` first.")


def write_result(path: Path, rows: Any) -> None:
    """Write what a word found as JSON, for the words after it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
