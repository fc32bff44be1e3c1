"""What names the beats of one stream, whatever kind of model stands behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.paths import NameOrFile
from ecgmon.monitor.core.state import Snapshot
from ecgmon.monitor.core.stateful import NoState, Stateful
from ecgmon.monitor.dsp.segment import BeatWindow, normalise
from ecgmon.monitor.inference.contract import ModelContract
from ecgmon.monitor.inference.window_model import WindowModel

Float32 = NDArray[np.float32]


class ClassifierSettings(Settings):
    """Which model names the beats, and when it is believed.

    Parameters
    ----------
    model : str or None
        Name or file of the model; None for the default.
    least_probability : float
        A beat whose best class is less probable than this is left unclassified.
    ventricular_bias, supraventricular_bias : float
        Added to the log-odds of ventricular and of supraventricular beats: above 0 finds
        more of them and raises more false ones.
    """

    model: NameOrFile | None = None
    least_probability: float = Field(default=0.4, ge=0.0, le=1.0)
    ventricular_bias: float = Field(default=0.0, ge=-6.0, le=6.0)
    supraventricular_bias: float = Field(default=0.0, ge=-6.0, le=6.0)


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """What a model says of one beat.

    Parameters
    ----------
    symbol, aami : str
        WFDB symbol and AAMI class; ``Q`` for a beat left unclassified.
    probabilities : dict of str to float
        Probability of each symbol; empty if the model could not look at the beat.
    attribution : array of shape (360,), or None
        Grad-CAM of the most probable class.
    """

    symbol: str
    aami: str
    probabilities: dict[str, float]
    attribution: Float32 | None


UNCLASSIFIED = Label("Q", "Q", {}, None)
"""A beat whose window is not whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Classification:
    """A beat's first label, and what it tells of the beat before.

    Parameters
    ----------
    label : Label
        Label of this beat, without knowledge of the next.
    revision : Label or None
        New label of the beat before, if the interval that now follows it changed its class.
    """

    label: Label
    revision: Label | None = None


class BeatClassifier(Protocol):
    """Names the beats of one stream in their order."""

    @property
    def contract(self) -> ModelContract:
        """What the model says about itself."""
        ...

    def name(self, windows: Sequence[BeatWindow]) -> list[Classification]:
        """Name the next beats, one result for each window."""
        ...

    def break_off(self) -> None:
        """Let no interval span what comes: samples were lost."""
        ...

    def forget(self) -> None:
        """Forget the patient: another stream begins."""
        ...

    def snapshot(self) -> Snapshot:
        """Return a copy of the state, as plain data."""
        ...

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a state that `snapshot` returned; ValueError if it does not fit."""
        ...


class Labeller:
    """Makes a label of probabilities: bias, the best class, doubt.

    Parameters
    ----------
    contract : ModelContract
        Symbols and AAMI classes of the columns.
    settings : ClassifierSettings
        Bias and the least probability believed.
    """

    def __init__(self, contract: ModelContract, settings: ClassifierSettings) -> None:
        self._symbols = contract.symbols
        bias = {"V": settings.ventricular_bias, "S": settings.supraventricular_bias}
        self._factor = np.exp([bias.get(group, 0.0) for group in contract.aami]).astype(np.float32)
        self._biased = bool(np.any(self._factor != 1.0))
        self._least = settings.least_probability
        self._groups = sorted(set(contract.aami))
        self._of_group = [[i for i, g in enumerate(contract.aami) if g == group] for group in self._groups]

    def label(self, probabilities: Float32, attribution: Float32 | None) -> Label:
        """Return the label of one beat.

        The AAMI class with most probability wins, then its most probable symbol: a normal beat
        is not lost because its probability is shared among bundle branch blocks.
        """
        values = self._weighed(probabilities)
        named = dict(zip(self._symbols, values, strict=True))
        group = self._best(values)
        if group is None:
            return Label("Q", "Q", named, attribution)
        best = max(self._of_group[group], key=values.__getitem__)
        return Label(self._symbols[best], self._groups[group], named, attribution)

    def group(self, probabilities: Float32) -> str:
        """Return the AAMI class that `label` would give, with less work."""
        group = self._best(self._weighed(probabilities))
        return "Q" if group is None else self._groups[group]

    def _weighed(self, probabilities: Float32) -> list[float]:
        if self._biased:
            probabilities = probabilities * self._factor
            probabilities = probabilities / probabilities.sum()
        values: list[float] = probabilities.tolist()
        return values

    def _best(self, values: list[float]) -> int | None:
        """Return the position of the AAMI class with most probability; None if that is too little."""
        sums = [sum([values[i] for i in columns]) for columns in self._of_group]
        most = max(sums)
        return None if most < self._least else sums.index(most)


class WindowClassifier(Stateful[NoState]):
    """Names each beat by its own window alone.

    Parameters
    ----------
    classifier : WindowModel
        May be shared by many streams.
    settings : ClassifierSettings, optional
        When to believe it.
    """

    def __init__(self, classifier: WindowModel, settings: ClassifierSettings | None = None) -> None:
        self._classifier = classifier
        self._labeller = Labeller(classifier.contract, settings or ClassifierSettings())
        super().__init__()

    def fresh(self, start: int) -> NoState:  # noqa: ARG002 - nothing is remembered
        """Return the only state there is."""
        return NoState()

    @property
    def contract(self) -> ModelContract:
        """What the model says about itself."""
        return self._classifier.contract

    def name(self, windows: Sequence[BeatWindow]) -> list[Classification]:
        """Name the next beats."""
        whole = [window.samples_mv for window in windows if window.samples_mv is not None]
        if not whole:
            return [Classification(UNCLASSIFIED) for _ in windows]
        rows = iter(zip(*self._classifier.classify(normalise(np.stack(whole))), strict=True))
        return [
            Classification(UNCLASSIFIED if window.samples_mv is None else self._labeller.label(*next(rows)))
            for window in windows
        ]

    def break_off(self) -> None:
        """Nothing is remembered."""

    def forget(self) -> None:
        """Nothing is remembered."""
