"""Scores a trained run on its held-out beats and keeps the figures beside it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgmon.models.arrhythminet.card import contract, pack
from ecgmon.models.arrhythminet.data import Beats, split_beats
from ecgmon.models.arrhythminet.network import CLASSES, Version, parameter_count
from ecgmon.models.arrhythminet.scoring import Confusion, calibration_error, fit_temperature
from ecgmon.models.arrhythminet.training import Result, predict
from ecgmon.models.common.command import read_result, write_result
from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.core.graph_file import session_options
from ecgmon.monitor.core.runtime import ort

SCORES_FILE = "scores.json"


@dataclass(frozen=True, slots=True)
class FalseName:
    """One kind of mistake.

    Parameters
    ----------
    truth, named : str
        True class and the one given.
    beats : int
        How often.
    records : mapping of str to int
        The records it happens in most, with counts.
    confidence : float
        Mean probability given to the false class.
    """

    truth: str
    named: str
    beats: int
    records: dict[str, int]
    confidence: float


@dataclass(frozen=True, slots=True)
class RunScores:
    """Figures of one trained run on its held-out beats.

    Parameters
    ----------
    version : {"v1", "v2"}
        Which network.
    seed, epochs : int
        Of the run.
    parameters : int
        Trained values.
    file_bytes : int
        Size of the model file, with all that it says of itself but these figures.
    temperature : float
        Divisor of the logits, fitted on the validation beats.
    calibration_error : float
        Expected calibration error with that temperature.
    live_accuracy : float
        Accuracy on the same beats with windows around the live detector's R waves.
    epoch_s : float
        Median seconds an epoch took.
    counts : list of list of int
        Confusion matrix, true classes in rows.
    mistakes : list of FalseName
        All kinds of mistakes, the commonest first.
    """

    version: Version
    seed: int
    epochs: int
    parameters: int
    file_bytes: int
    temperature: float
    calibration_error: float
    live_accuracy: float
    epoch_s: float
    counts: list[list[int]]
    mistakes: list[FalseName]

    @property
    def confusion(self) -> Confusion:
        """The confusion matrix."""
        return Confusion(np.array(self.counts, dtype=np.int64))

    def summary(self) -> dict[str, float]:
        """Return the figures that travel in the model file."""
        confusion = self.confusion
        rows = {f"f1_{symbol}": round(float(f), 4) for symbol, f in zip(CLASSES, confusion.f1, strict=True)}
        return {
            "accuracy": round(confusion.accuracy, 4),
            "live_accuracy": round(self.live_accuracy, 4),
            "calibration_error": round(self.calibration_error, 4),
            **rows,
        }


def score_run(beats: Beats, result: Result) -> RunScores:
    """Score the model file of a run on the beats that its seed held out.

    The file is what is scored: its weights have been rounded to what it stores.

    Parameters
    ----------
    beats : Beats
        The data set.
    result : Result
        What training gave.
    """
    plan = result.plan
    split = split_beats(beats.labels, plan.seed)
    check = predict(result.network, beats.served(split.validation))
    temperature = fit_temperature(check, beats.labels[split.validation])
    model = pack(result, temperature, contract(result, {}))
    probabilities = _probabilities(model, beats.served(split.test))
    truth, named = beats.labels[split.test], probabilities.argmax(axis=1)
    live = _probabilities(model, beats.served(split.test, live=True)).argmax(axis=1)
    return RunScores(
        version=plan.version,
        seed=plan.seed,
        epochs=len(result.epoch_s),
        parameters=parameter_count(result.network),
        file_bytes=len(model),
        temperature=temperature,
        calibration_error=calibration_error(probabilities, truth),
        live_accuracy=float((live == truth).mean()),
        epoch_s=float(np.median(result.epoch_s)),
        counts=Confusion.of(truth, named).counts.tolist(),
        mistakes=_mistakes(beats.records[split.test], truth, probabilities),
    )


def _probabilities(model: bytes, windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what a model file says of windows of shape (n, 360), shape (n, classes)."""
    session = ort.InferenceSession(model, session_options(), providers=["CPUExecutionProvider"])
    parts = np.array_split(windows, max(1, len(windows) // 512))
    return np.concatenate([session.run(["probabilities"], {"window": part})[0] for part in parts])


def _mistakes(
    records: np.ndarray[tuple[int], np.dtype[np.str_]],
    truth: np.ndarray[tuple[int], np.dtype[np.int64]],
    probabilities: np.ndarray[tuple[int, int], np.dtype[np.float32]],
) -> list[FalseName]:
    named = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(named != truth)
    kinds = Counter(zip(truth[wrong].tolist(), named[wrong].tolist(), strict=True))
    found = []
    for (true, false), beats in kinds.most_common():
        which = wrong[(truth[wrong] == true) & (named[wrong] == false)]
        places = Counter(str(record) for record in records[which])
        confidence = float(probabilities[which, false].mean())
        found.append(FalseName(CLASSES[true], CLASSES[false], beats, dict(places.most_common(3)), confidence))
    return found


def save_scores(folder: Path, scores: RunScores) -> None:
    """Write the figures beside the run."""
    write_result(folder / SCORES_FILE, asdict(scores))


def load_scores(folder: Path) -> RunScores:
    """Read the figures of a run.

    Raises
    ------
    ModelError
        The run was not evaluated.
    """
    row = read_result(folder / SCORES_FILE, "arrhythminet", f"evaluate {folder}")
    try:
        return RunScores(**{**row, "mistakes": [FalseName(**item) for item in row["mistakes"]]})
    except (TypeError, KeyError) as error:
        raise ModelError(
            f"{folder / SCORES_FILE}: the scores are of another version ({error}).",
            f"Run `ecgmon train arrhythminet evaluate {folder}` again.",
        ) from None
