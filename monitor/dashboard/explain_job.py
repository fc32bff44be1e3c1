"""Runs the Shapley estimate off the window's thread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyqtgraph.Qt import QtCore

from monitor.dashboard.shapley import ShapleyStep, shapley_values
from monitor.dsp.segment import normalise
from monitor.errors import EcgmonError
from monitor.inference.classifier import BeatClassifier


class ExplainJob(QtCore.QThread):
    """Explains one beat; emits every step, and at most one problem.

    Parameters
    ----------
    model : str or None
        Name or file of the classifier.
    window_mv : array of shape (360,)
        Clean signal of the beat's window.
    symbol : str
        Class whose probability is explained.
    """

    stepped = QtCore.Signal(object)
    failed = QtCore.Signal(str)

    def __init__(self, model: str | None, window_mv: NDArray[np.floating], symbol: str) -> None:
        super().__init__()
        self._model = model
        self._window = normalise(window_mv)
        self._symbol = symbol

    def run(self) -> None:
        """Work until done or asked to stop."""
        try:
            classifier = BeatClassifier.load(self._model)
            symbols = list(classifier.contract.symbols)
            wanted = symbols.index(self._symbol)
        except (EcgmonError, ValueError) as error:
            self.failed.emit(f"This model cannot be asked: {error}")
            return
        step: ShapleyStep
        for step in shapley_values(lambda w: classifier.classify(w)[0], self._window, wanted):
            if self.isInterruptionRequested():
                return
            self.stepped.emit(step)
            self.msleep(2)  # the window's thread goes first

    def stop(self) -> None:
        """Ask to stop and wait for it."""
        self.requestInterruption()
        self.wait()
