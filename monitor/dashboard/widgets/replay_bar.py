"""Play, pause, wind and compare: the controls below the trace while a record is replayed."""

from __future__ import annotations

from PyQt6 import QtCore, QtWidgets

from ecgmon.monitor.dashboard.state.comparison import Comparison
from ecgmon.monitor.dashboard.state.timeline import clock
from ecgmon.monitor.dashboard.widgets.basics import button, choice, label, row, set_text
from ecgmon.sim.replay import ReplayControls

SPEEDS = (("0.5×", 0.5), ("1×", 1.0), ("2×", 2.0), ("5×", 5.0), ("10×", 10.0), ("20×", 20.0))  # noqa: RUF001
STEPS = 1000


class ReplayBar(QtWidgets.QFrame):
    """Knobs of one replay; hidden where nothing is replayed."""

    sought = QtCore.pyqtSignal(float)
    compared = QtCore.pyqtSignal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self.controls: ReplayControls | None = None
        self.muted = False
        self.play = button("Pause replay", "Play or pause the replay", self.toggle, tip="Play or pause (P)")
        self.position = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        self.position.setRange(0, STEPS)
        self.position.setAccessibleName("Position in the record")
        self.position.sliderReleased.connect(self._released)
        self.position.actionTriggered.connect(self._stepped)
        self.where = label("0:00 / 0:00", "muted")
        self.where.setMinimumWidth(104)
        self.speed = choice("Replay speed", SPEEDS, 1.0)
        self.speed.currentIndexChanged.connect(self._set_speed)
        self.reference = button(
            "Reference", "Show the reference annotations", check=True, tip="Compare with the reference (R)"
        )
        self.reference.toggled.connect(self.compared)
        self.score = label("", "muted")
        self.setLayout(
            row(
                self.play,
                self.where,
                self.position,
                self.speed,
                self.reference,
                self.score,
                spacing=10,
                margins=(10, 6, 12, 6),
            )
        )
        self.setVisible(False)

    def refresh(self, controls: ReplayControls | None, comparison: Comparison | None) -> None:
        """Show where the replay is."""
        self.controls = controls
        self.setVisible(controls is not None and not self.muted)
        if controls is None:
            return
        set_text(self.play, "Play replay" if controls.paused else "Pause replay")
        ended = controls.position_s >= controls.duration_s - 0.05
        words = "end of record" if ended else f"{clock(controls.position_s)} / {clock(controls.duration_s)}"
        set_text(self.where, words)
        if not self.position.isSliderDown():
            self.position.setValue(round(STEPS * controls.position_s / controls.duration_s))
        if controls.speed is not None and self.speed.currentData() != controls.speed:
            self.speed.blockSignals(True)
            self.speed.setCurrentIndex(self.speed.findData(controls.speed))
            self.speed.blockSignals(False)
        self.reference.setVisible(comparison is not None)
        shown = comparison is not None and self.reference.isChecked()
        self.score.setVisible(shown)
        if shown and comparison is not None:
            set_text(self.score, comparison.score.text())

    def toggle(self) -> None:
        """Pause or go on."""
        if self.controls is None:
            return
        if self.controls.paused:
            self.controls.resume()
        else:
            self.controls.pause()

    def skip(self, seconds: float) -> None:
        """Wind forward or back."""
        if self.controls is not None:
            self._seek(self.controls.position_s + seconds)

    def _seek(self, seconds: float) -> None:
        if self.controls is not None:
            target = min(max(seconds, 0.0), self.controls.duration_s)
            self.controls.seek(target)
            self.sought.emit(target)

    def _released(self) -> None:
        if self.controls is not None:
            self._seek(self.position.value() / STEPS * self.controls.duration_s)

    def _stepped(self, action: int) -> None:
        """Seek at once, but not while the slider is dragged."""
        kinds = QtWidgets.QAbstractSlider.SliderAction
        if kinds(action) is not kinds.SliderMove and self.controls is not None:
            self._seek(self.position.sliderPosition() / STEPS * self.controls.duration_s)

    def _set_speed(self) -> None:
        speed = self.speed.currentData()
        if self.controls is not None and speed is not None:
            self.controls.speed = speed
