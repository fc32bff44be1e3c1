"""What stands in the place of another package's page that does not work."""

from __future__ import annotations

from ecgmon.monitor.dashboard.pages.base import Page
from ecgmon.monitor.dashboard.widgets.basics import card, column, label, row


class BrokenPage(Page):
    """Says which page is missing and why; the rest of the window goes on."""

    title = "Not working"

    def build(self) -> None:
        """Make the two lines."""
        self.heading = label("", "heading")
        self.words = label("", "muted")
        self.words.setWordWrap(True)
        self.words.setMinimumWidth(420)
        frame = card()
        frame.setLayout(column(self.heading, self.words, spacing=14, margins=(36, 30, 36, 30)))
        whole = column(1)
        whole.addLayout(row(1, frame, 1))
        whole.addStretch(1)
        self.setLayout(whole)

    def show_problem(self, name: str, words: str) -> None:
        """Say what went wrong with the page of that name."""
        self.heading.setText(f"The page {name!r} does not work")
        self.words.setText(f"{words}\nThe monitoring goes on; only this page is missing.")
