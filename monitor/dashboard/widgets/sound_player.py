"""Plays alarm bursts through Qt's multimedia, or beeps where that is missing."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6 import QtCore, QtWidgets

from ecgmon.monitor.dashboard.state.sounds import PULSES, SoundSchedule, burst

if TYPE_CHECKING:
    from PyQt6 import QtMultimedia


class SoundPlayer:
    """Sounds the most urgent alarm while it is switched on."""

    def __init__(self) -> None:
        self.enabled = False
        self._schedule = SoundSchedule()
        self._effects: dict[str, QtMultimedia.QSoundEffect] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def update(self, priority: str | None, now_s: float) -> None:
        """Sound what is due; ``priority`` is the most urgent that sounds."""
        due = self._schedule.due(priority if self.enabled else None, now_s)
        if due is not None:
            self._play(due)

    def close(self) -> None:
        """Let go of the bursts."""
        self._effects.clear()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _play(self, priority: str) -> None:
        if self._folder is None:
            self._load()
        effect = self._effects.get(priority)
        if effect is not None:
            effect.play()
        else:
            QtWidgets.QApplication.beep()

    def _load(self) -> None:
        """Prepare the bursts; without the multimedia module the system's beep remains."""
        self._folder = tempfile.TemporaryDirectory(prefix="ecgmon-sounds-")
        try:
            from PyQt6 import QtMultimedia  # noqa: PLC0415 - its absence is an answer, not an accident
        except ImportError:
            return
        for priority in PULSES:
            path = Path(self._folder.name) / f"{priority}.wav"
            path.write_bytes(burst(priority))
            effect = QtMultimedia.QSoundEffect()
            effect.setSource(QtCore.QUrl.fromLocalFile(str(path)))
            self._effects[priority] = effect
