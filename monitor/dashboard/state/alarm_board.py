"""Open alarms in the order of urgency, and when their lights are on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ecgmon.monitor.alarms.rank import in_order, to_show, to_sound
from ecgmon.monitor.core.events import Alarm, Priority

FLASH_HZ = {"high": 2.0, "medium": 0.6, "low": 0.0}
"""Within IEC 60601-1-8: high 1.4 to 2.8 Hz, medium 0.4 to 0.8 Hz, low does not flash."""

SILENCE_S = 120.0


def title(kind: str) -> str:
    """Return a kind as words."""
    return kind.replace("_", " ").capitalize()


def most_urgent(boards: Mapping[str, AlarmBoard], preferred: str | None) -> str | None:
    """Return the device whose alarm matters most; ``preferred`` wins where others matter no more.

    Parameters
    ----------
    boards : dict of str to AlarmBoard
        By device.
    preferred : str or None
        The device on the screen.
    """
    alarms = [replace(alarm, device=name) for name, board in boards.items() for alarm in board.alarms()]
    worst = to_show(alarms, preferred)
    if worst is not None:
        return worst.device
    return preferred if preferred in boards else next(iter(boards), None)


def sounding(boards: Mapping[str, AlarmBoard]) -> Priority | None:
    """Return the priority whose sound is due for any device, if any."""
    loudest = to_sound(alarm for board in boards.values() for alarm in board.alarms())
    return loudest.priority if loudest is not None else None


def flash_on(priority: str, state: str, now_s: float) -> bool:
    """Return whether the light of an alarm is on; an acknowledged one is steady.

    Parameters
    ----------
    priority, state : str
        As in `Alarm`.
    now_s : float
        Monotonic seconds.
    """
    rate = FLASH_HZ.get(priority, 0.0)
    if rate == 0.0 or state not in ("active", "silenced"):
        return True
    return (now_s * rate) % 1.0 < 0.5


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One alarm as the banner shows it."""

    kind: str
    title: str
    message: str
    priority: str
    state: str
    technical: bool
    since_s: float


class AlarmBoard:
    """The alarms of one stream that are not inactive."""

    def __init__(self) -> None:
        self._open: dict[str, Alarm] = {}
        self._since: dict[str, float] = {}
        self._silenced_at: float | None = None

    def observe(self, alarm: Alarm) -> None:
        """Take a transition of an alarm."""
        if alarm.state == "inactive":
            self._open.pop(alarm.kind, None)
            self._since.pop(alarm.kind, None)
            return
        self._since.setdefault(alarm.kind, alarm.time_s)
        self._open[alarm.kind] = alarm

    def silence(self, now_s: float) -> None:
        """Note that somebody silenced the alarms at the monotonic time ``now_s``."""
        self._silenced_at = now_s

    def clear(self) -> None:
        """Forget all, after a replay was wound elsewhere."""
        self._open.clear()
        self._since.clear()
        self._silenced_at = None

    def alarms(self) -> list[Alarm]:
        """Return the last transition of each open alarm, most urgent first."""
        return in_order(sorted(self._open.values(), key=lambda alarm: self._since[alarm.kind]))

    def rows(self) -> list[BoardRow]:
        """Return the open alarms as the banner shows them, most urgent first."""
        return [
            BoardRow(a.kind, title(a.kind), a.message, a.priority, a.state, a.technical, self._since[a.kind])
            for a in self.alarms()
        ]

    def worst(self) -> BoardRow | None:
        """Return the alarm that the banner leads with."""
        rows = self.rows()
        return rows[0] if rows else None

    def silence_left_s(self, now_s: float) -> float:
        """Return the seconds until a person's silence ends, 0 if none runs."""
        if self._silenced_at is None or not any(a.state == "silenced" for a in self._open.values()):
            return 0.0
        return max(0.0, SILENCE_S - (now_s - self._silenced_at))
