"""A page of the window: how many beats of the stream on the screen are kept."""

from __future__ import annotations

from PyQt6 import QtWidgets

from ecgmon.monitor.dashboard.pages.base import Page
from ecgmon.monitor.dashboard.state.session import StreamSession


class CountPage(Page):
    """Counts beats."""

    title = "Count"

    def build(self) -> None:
        """Make the widgets."""
        self.words = QtWidgets.QLabel(self)
        self.session: StreamSession | None = None

    def set_session(self, session: StreamSession | None) -> None:
        """Show another stream."""
        self.session = session

    def refresh(self, now_s: float) -> None:
        """Paint what is new."""
        count = len(self.session.beats) if self.session else 0
        self.words.setText(f"{count} beats are kept")
