"""Runs the Shapley estimate off the window's thread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pyqtgraph.Qt import QtCore

from monitor.dashboard.shapley import ShapleyStep, shapley_values
from monitor.dsp.segment import BeatWindow
from monitor.errors import EcgmonError
from monitor.inference.namer import BeatNamer, ClassifierSettings
from monitor.inference.opening import open_namer


class InContext:
    """Asks a namer what it makes of variants of one beat behind the same beats before it.

    Parameters
    ----------
    namer : BeatNamer
        The model, fresh.
    beats : sequence of BeatWindow
        The beats before, and the beat itself as the last.
    """

    def __init__(self, namer: BeatNamer, beats: Sequence[BeatWindow]) -> None:
        self._namer = namer
        self._beat = beats[-1]
        namer.name(beats[:-1])
        self._state = namer.snapshot()

    def probabilities(self, windows_mv: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities of each variant, in the order of the contract's symbols."""
        return np.array([self._ask(window) for window in windows_mv], dtype=np.float32)

    def _ask(self, window_mv: NDArray[np.float32]) -> list[float]:
        self._namer.restore(self._state)
        beat = self._beat
        variant = BeatWindow(beat.r, beat.start, window_mv.astype(np.float64), beat.known_at)
        chances = self._namer.name([variant])[0].label.probabilities
        return [chances.get(symbol, 0.0) for symbol in self._namer.contract.symbols]


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

    stepped = QtCore.Signal(object)
    failed = QtCore.Signal(str)

    def __init__(self, settings: ClassifierSettings, beats: Sequence[BeatWindow], symbol: str) -> None:
        super().__init__()
        self._settings = settings
        self._beats = beats
        self._symbol = symbol

    def run(self) -> None:
        """Work until done or asked to stop."""
        window = self._beats[-1].samples_mv
        try:
            namer = open_namer(self._settings)
            wanted = list(namer.contract.symbols).index(self._symbol)
        except (EcgmonError, ValueError) as error:
            self.failed.emit(f"The model cannot be asked about this beat: {error}")
            return
        assert window is not None
        context = InContext(namer, self._beats)
        step: ShapleyStep
        for step in shapley_values(context.probabilities, window.astype(np.float32), wanted):
            if self.isInterruptionRequested():
                return
            self.stepped.emit(step)
            self.msleep(2)  # the window's thread goes first

    def stop(self) -> None:
        """Ask to stop and wait for it."""
        self.requestInterruption()
        self.wait()
