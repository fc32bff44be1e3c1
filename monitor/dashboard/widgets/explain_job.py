"""Runs the Shapley estimate off the window's thread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PyQt6 import QtCore

from ecgmon.monitor.core.errors import EcgmonError
from ecgmon.monitor.dsp.segment import BeatWindow
from ecgmon.monitor.explain.capture import Watcher
from ecgmon.monitor.explain.probe import Probe
from ecgmon.monitor.explain.shapley_sampling import ShapleyStep, shapley_values
from ecgmon.monitor.inference.classification import ClassifierSettings
from ecgmon.monitor.inference.opening import open_classifier


class ExplainJob(QtCore.QThread):
    """Explains one beat; emits every step, and at most one problem.

    Parameters
    ----------
    settings : ClassifierSettings
        Names the model.
    beats : sequence of BeatWindow
        The beats before, and the beat itself as the last.
    symbol : str
        Class whose probability is explained.
    """

    stepped = QtCore.pyqtSignal(object)
    failed = QtCore.pyqtSignal(str)

    def __init__(self, settings: ClassifierSettings, beats: Sequence[BeatWindow], symbol: str) -> None:
        super().__init__()
        self._settings = settings
        self._beats = beats
        self._symbol = symbol

    def run(self) -> None:
        """Work until done or asked to stop."""
        beat = self._beats[-1]
        try:
            watcher = Watcher(open_classifier(self._settings), lambda window: window is beat)
            wanted = list(watcher.contract.symbols).index(self._symbol)
            watcher.name(self._beats)
            probe = Probe(watcher, watcher.take()[0])
        except (EcgmonError, ValueError, IndexError) as error:
            self.failed.emit(f"The model cannot be asked about this beat: {error}")
            return

        def classify(windows_mv: NDArray[np.float32]) -> NDArray[np.float32]:
            return probe.ask(windows_mv.astype(np.float64)).astype(np.float32)

        step: ShapleyStep
        for step in shapley_values(classify, probe.window_mv.astype(np.float32), wanted):
            if self.isInterruptionRequested():
                return
            self.stepped.emit(step)
            self.msleep(2)  # the window's thread goes first

    def stop(self) -> None:
        """Ask to stop and wait for it."""
        self.requestInterruption()
        self.wait()
