"""What the window knows of a device or link of which no sample has come."""

from __future__ import annotations

from ecgmon.monitor.core.events import Alarm
from ecgmon.monitor.dashboard.state.alarm_board import AlarmBoard
from ecgmon.monitor.run.awaited import Awaited


class AwaitedSession:
    """Follows the log of an awaited device, as `StreamSession` does that of a stream.

    Parameters
    ----------
    awaited : Awaited
        What to follow.
    """

    def __init__(self, awaited: Awaited) -> None:
        self.awaited = awaited
        self.board = AlarmBoard()
        self._next_event = 0

    @property
    def words(self) -> str:
        """How the device is doing, in one line."""
        status = self.awaited.status
        return f"{self.awaited.device} {link_words(status.state, status.detail)}" if status else ""

    @property
    def urgency(self) -> int:
        """0 for what has an alarm, 1 for the rest."""
        return 0 if self.board.worst() is not None else 1

    def poll(self) -> None:
        """Take what is new."""
        self._next_event, events = self.awaited.log.since(self._next_event)
        for event in events:
            if isinstance(event, Alarm):
                self.board.observe(event)


def link_words(state: str, detail: str) -> str:
    """Return the state of a link and what is said of it."""
    return f"{state}: {detail}" if detail else state
