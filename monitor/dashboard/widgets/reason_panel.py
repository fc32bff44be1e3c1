"""Why this beat: its shape and shading, the chances of each class, words, and SHAP on demand."""

from __future__ import annotations

import numpy as np
from PyQt6 import QtCore, QtGui, QtWidgets

from ecgmon.monitor.core.ecg_codes import BEAT_NAMES
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dashboard.drawing.palette import DARK, Palette
from ecgmon.monitor.dashboard.state.averages import BeatShape, shape_of, window_of
from ecgmon.monitor.dashboard.state.beats import ShownBeat
from ecgmon.monitor.dashboard.state.reason import explain_beat
from ecgmon.monitor.dashboard.state.session import StreamSession
from ecgmon.monitor.dashboard.state.timeline import clock
from ecgmon.monitor.dashboard.widgets.basics import Shortening, button, column, label, row, set_text
from ecgmon.monitor.dashboard.widgets.beat_pane import BeatPlot
from ecgmon.monitor.dashboard.widgets.explain_job import ExplainJob
from ecgmon.monitor.explain.shapley_sampling import ShapleyStep
from ecgmon.monitor.inference.classification import ClassifierSettings

ROW_PX = 21
CHANCES_PX, SMALL_CHANCES_PX = 196, 140
"""Width of the probabilities; that on a small screen."""

CONTEXT_S = 30.0
"""A model that compares a beat with those before it is shown this much of them."""


class Chances(QtWidgets.QWidget):
    """One bar for the probability of each class."""

    def __init__(self) -> None:
        super().__init__()
        self.palette_data: Palette = DARK
        self._chances: list[tuple[str, float]] = []
        self.setFixedWidth(CHANCES_PX)
        self.setMinimumHeight(5 * ROW_PX)
        self.setAccessibleName("Probability of each class")

    def show_chances(self, chances: list[tuple[str, float]]) -> None:
        """Show probabilities, the largest first."""
        self._chances = chances[:6]
        words = ", ".join(f"{BEAT_NAMES.get(s, s)} {p:.0%}" for s, p in self._chances)
        self.setAccessibleDescription(words)
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Draw the bars."""
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        for number, (symbol, chance) in enumerate(self._chances):
            top = number * ROW_PX
            painter.setPen(QtGui.QColor(self.palette_data.text))
            middle = QtCore.Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QtCore.QRectF(0, top, 20, ROW_PX - 4), middle, symbol)
            length = self.width() - 72
            painter.setPen(QtCore.Qt.PenStyle.NoPen)
            painter.setBrush(QtGui.QColor(self.palette_data.raised))
            painter.drawRoundedRect(QtCore.QRectF(22, top + 4, length, 9), 4, 4)
            painter.setBrush(QtGui.QColor(self.palette_data.beat(symbol)))
            painter.drawRoundedRect(QtCore.QRectF(22, top + 4, max(3.0, length * chance), 9), 4, 4)
            painter.setPen(QtGui.QColor(self.palette_data.muted))
            box = QtCore.QRectF(self.width() - 46, top, 46, ROW_PX - 4)
            painter.drawText(box, middle | QtCore.Qt.AlignmentFlag.AlignRight, f"{chance:.0%}")


class ReasonPanel(QtWidgets.QFrame):
    """Everything that is known of one beat."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self.settings = ClassifierSettings()
        self.plot = BeatPlot()
        self.plot.setFixedWidth(280)
        self.chances = Chances()
        self.title = Shortening()
        self.title.setObjectName("heading")
        self.when = label("", "muted")
        self.text = label("Pick a beat to see why it was called so.", "muted")
        self.text.setWordWrap(True)
        self.shap = button("Ask SHAP", "Compute Shapley values of this beat", self.ask)
        self.progress = QtWidgets.QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress of the Shapley estimate")
        self.progress.setVisible(False)
        self.answer = label("", "faint")
        self.answer.setWordWrap(True)
        self._job: ExplainJob | None = None
        self._shape: BeatShape | None = None
        self._session: StreamSession | None = None
        self._shown: ShownBeat | None = None
        words = column(self.when, self.title, self.text, 1, spacing=4)
        words.addLayout(row(self.shap, self.progress, 1))
        words.addWidget(self.answer)
        box = row(self.plot, spacing=18, margins=(14, 12, 14, 12))
        box.addLayout(words, 1)
        box.addLayout(column(self.chances, 1))
        self.setLayout(box)

    def set_compact(self, on: bool) -> None:
        """Leave out the picture of the beat, which the strip shows too."""
        self.plot.setVisible(not on)
        self.chances.setFixedWidth(SMALL_CHANCES_PX if on else CHANCES_PX)

    def set_theme(self, palette: Palette) -> None:
        """Use another theme."""
        self.plot.palette_data = palette
        self.chances.palette_data = palette

    def show_beat(self, session: StreamSession | None, shown: ShownBeat | None) -> None:
        """Show a beat, or none."""
        if shown is not self._shown:
            self.cancel()
        self._shown, self._session = shown, session
        self.shap.setEnabled(shown is not None)
        if session is None or shown is None:
            self.plot.show_shapes(None, None)
            self.chances.show_chances([])
            set_text(self.title, "")
            set_text(self.when, "")
            set_text(self.text, "Pick a beat to see why it was called so.")
            return
        self._shape = shape_of(session.history, shown)
        reason = explain_beat(shown, self._shape, session.beats)
        self.plot.show_shapes(self._shape, session.averages.mean("N"))
        self.chances.show_chances(reason.chances)
        set_text(self.title, f"{shown.symbol}  {reason.title}")
        set_text(self.when, f"{clock(shown.time_s)} · signal quality {shown.beat.quality:.0%}")
        set_text(self.text, " ".join(reason.lines))

    def ask(self) -> None:
        """Begin the Shapley estimate of the beat shown."""
        shown, session = self._shown, self._session
        if shown is None or session is None:
            return
        before = session.beats.between(shown.index - round(CONTEXT_S * PIPELINE_HZ), shown.index)
        beats = [window_of(session.history, each) for each in [*before, shown]]
        if beats[-1].samples_mv is None:
            set_text(self.answer, "The signal of this beat is not whole.")
            return
        self.cancel()
        self._job = ExplainJob(self.settings, beats, shown.symbol)
        self._job.stepped.connect(self._step)
        self._job.failed.connect(self._fail)
        self.progress.setValue(0)
        self.progress.setVisible(True)
        self.shap.setEnabled(False)
        self._job.start()

    def cancel(self) -> None:
        """Stop what is being computed."""
        if self._job is not None:
            self._job.stop()
            self._job = None
        self.progress.setVisible(False)
        self.shap.setEnabled(True)
        set_text(self.answer, "")

    def _step(self, step: ShapleyStep) -> None:
        if self._job is None or self._shape is None:
            return
        self.progress.setValue(round(100 * step.done))
        strongest = float(np.max(np.abs(step.values))) or 1.0
        shading = np.clip(step.values / strongest, 0.0, 1.0)
        shape = BeatShape(self._shape.time_s, self._shape.trace_mv, shading, 1)
        self.plot.show_shapes(shape, None)
        peak_ms = 1000 * float(self._shape.time_s[int(np.argmax(step.values))])
        symbol = self._shown.symbol if self._shown is not None else ""
        set_text(
            self.answer,
            f"SHAP: {step.base:.0%} without the beat's shape, {step.full:.0%} with it;"
            f" what speaks most for {symbol} lies {peak_ms:+.0f} ms from the R wave.",
        )
        if step.done >= 1.0:
            self.progress.setVisible(False)
            self.shap.setEnabled(True)

    def _fail(self, message: str) -> None:
        self.progress.setVisible(False)
        set_text(self.answer, message)
