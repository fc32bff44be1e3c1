"""Makes alarms heard and seen in the room: repeats a signal for the most urgent one that is active."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from ecgmon.monitor.core.events import Alarm, Event, Priority

LOG = logging.getLogger(__name__)

REPEAT_S: Mapping[Priority, float] = {"high": 5.0, "medium": 15.0, "low": 60.0}
"""Seconds from one signal to the next; IEC 60601-1-8 allows 2.5 to 15 s for high priority,
2.5 to 30 s for medium and 15 s or more for low."""

CLOSE_S = 3.0


class Signaller(ABC):
    """A thing that makes one signal: a loudspeaker, a buzzer, a lamp."""

    name = "signal"

    @abstractmethod
    def signal(self, priority: Priority) -> None:
        """Make the signal of a priority once; may take its time, and may fail."""

    def rest(self) -> None:  # noqa: B027 - a sound ends by itself
        """Show that no alarm is active."""

    def close(self) -> None:  # noqa: B027 - most have nothing to let go of
        """Let go of the thing."""


class Annunciator:
    """An output that signals, in a thread of its own, while any alarm is active.

    Acknowledged, silenced and latched alarms do not signal.

    Parameters
    ----------
    signaller : Signaller
        What makes the signal.
    repeat_s : mapping of priority to float
        Seconds between signals.
    """

    problem_kind = "output_failed"

    def __init__(self, signaller: Signaller, repeat_s: Mapping[Priority, float] = REPEAT_S) -> None:
        self.problem: str | None = None
        self._signaller = signaller
        self._repeat_s = repeat_s
        self._active: dict[tuple[str, str], Priority] = {}
        self._changed = threading.Condition()
        self._raised = 0
        self._ended = False
        self._thread = threading.Thread(target=self._work, name=signaller.name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(CLOSE_S)

    def write(self, events: Sequence[Event]) -> None:
        """Take events; only alarms matter."""
        alarms = [event for event in events if isinstance(event, Alarm)]
        if not alarms:
            return
        with self._changed:
            for alarm in alarms:
                key = (alarm.device, alarm.kind)
                if alarm.state == "active":
                    self._raised += key not in self._active
                    self._active[key] = alarm.priority
                elif not alarm.escalation:
                    self._active.pop(key, None)
            self._changed.notify()

    def _most_urgent(self) -> Priority | None:
        priorities: Sequence[Priority] = ("high", "medium", "low")
        active = set(self._active.values())
        return next((priority for priority in priorities if priority in active), None)

    def _work(self) -> None:
        heard = 0
        while True:
            with self._changed:
                urgent = self._most_urgent()
                if not self._ended and (urgent is None or heard == self._raised):
                    wait_s = None if urgent is None else self._repeat_s[urgent]
                    self._changed.wait(wait_s)
                urgent, heard, ended = self._most_urgent(), self._raised, self._ended
            self._show(None if ended else urgent)
            if ended:
                self._signaller.close()
                return

    def _show(self, priority: Priority | None) -> None:
        try:
            if priority is None:
                self._signaller.rest()
            else:
                self._signaller.signal(priority)
        except Exception as error:
            if self.problem is None:
                LOG.warning("%s does not work: %s.", self._signaller.name, error)
            self.problem = f"{self._signaller.name} does not work: {error}"
        else:
            self.problem = None
