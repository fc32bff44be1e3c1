"""Asks a model what it would have called a beat, had its window been another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.explain.capture import Caught
from ecgmon.monitor.inference.classification import BeatClassifier

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

BATCH = 512


class Probe:
    """One beat before its model, its past held fixed.

    The question goes the live way: the changed window is normalised anew, and a model that
    describes beats against their patient describes it anew, against the same past.

    Parameters
    ----------
    classifier : BeatClassifier
        The model; nobody else may use it meanwhile.
    caught : Caught
        The beat.

    Attributes
    ----------
    window_mv : array of shape (n_samples,)
        The beat's clean window in millivolts.
    attribution : array of shape (n_samples,)
        Grad-CAM of the most probable class, 0 to 1, as the graph gives it.
    probabilities : array of shape (n_classes,)
        In the order of the contract's symbols.
    wanted : int
        The class explained: the most probable one.
    """

    def __init__(self, classifier: BeatClassifier, caught: Caught) -> None:
        samples = caught.window.samples_mv
        if samples is None:
            raise ValueError("a beat without a whole window cannot be asked about")
        self._classifier = classifier
        self._caught = caught
        self._symbols = classifier.contract.symbols
        self.window_mv: Float64 = samples
        classifier.restore(caught.state)
        label = classifier.name([caught.window])[0].label
        self.attribution: Float64 = np.zeros(samples.size)
        if label.attribution is not None:
            self.attribution = label.attribution.astype(np.float64)
        self.probabilities: Float64 = self.ask(samples[None])[0]
        self.wanted = int(self.probabilities.argmax())

    @property
    def symbol(self) -> str:
        """Symbol of the class explained."""
        return self._symbols[self.wanted]

    @property
    def r(self) -> int:
        """Index of the R wave in the window."""
        return self._caught.window.r - self._caught.window.start

    def ask(self, windows_mv: Float64) -> Float64:
        """Return the probabilities of other windows in this one's place.

        Parameters
        ----------
        windows_mv : array of shape (n, n_samples)
            Windows in millivolts.

        Returns
        -------
        array of shape (n, n_classes)
            Each row sums to 1.
        """
        step = 1 if self._caught.state else BATCH
        rows: list[list[float]] = []
        for start in range(0, len(windows_mv), step):
            self._classifier.restore(self._caught.state)
            part = [replace(self._caught.window, samples_mv=row) for row in windows_mv[start : start + step]]
            rows += [
                [classification.label.probabilities[symbol] for symbol in self._symbols]
                for classification in self._classifier.name(part)
            ]
        return np.array(rows)

    def chance(self, windows_mv: Float64, wanted: int | None = None) -> Float64:
        """Return the probability of the class explained, shape (n,), for other windows.

        Parameters
        ----------
        windows_mv : array of shape (n, n_samples)
            Windows in millivolts.
        wanted : int, optional
            Another class.
        """
        column = self.wanted if wanted is None else wanted
        return np.asarray(self.ask(windows_mv)[:, column])
