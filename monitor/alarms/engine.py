"""Turns events into alarms: pure, clocked by the sample index, the same for any block size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ecgmon.monitor.alarms.catalogue import build_conditions
from ecgmon.monitor.alarms.condition import Change, Condition
from ecgmon.monitor.alarms.rank import in_order
from ecgmon.monitor.alarms.settings import AlarmSettings
from ecgmon.monitor.alarms.tracker import AlarmTracker, Transition
from ecgmon.monitor.core.events import Alarm, Event, Gap, at_rate
from ecgmon.monitor.core.state import copy_state, read_state, state_names

SNAPSHOT_VERSION = 2


@dataclass(slots=True)
class Clock:
    """Samples of the signal, those that would have come while there was none, and when a pause ends."""

    time: int = 0
    idle: int = 0
    paused_until: int | None = None


class AlarmEngine:
    """All alarms of one stream.

    Time is the index of the source's samples. Two kinds of things happen: an event, at
    its ``known_at``, and a deadline, such as four seconds without a beat. Both are taken
    in the order of time, an event before a deadline at the same sample, so the alarms do
    not depend on how the signal was cut into blocks. While a source is silent no sample
    arrives and its clock stands; `idle` lets silences and escalations run on.

    The engine keeps the clock with which it began. A source that goes on at another rate is
    followed by converting between the two, so that no alarm, delay or silence is touched.

    Parameters
    ----------
    settings : AlarmSettings
        Definitions of all kinds.
    device : str
        Name of the device, carried by each alarm.
    fs_hz : float
        Rate of the source, and of the engine's own clock.
    """

    def __init__(self, settings: AlarmSettings, device: str, fs_hz: float) -> None:
        self.settings = settings
        self.device = device
        self.fs_hz = fs_hz
        self._ratio = 1.0
        self._build()
        self._time = 0
        self._idle = 0
        self._paused_until: int | None = None
        self._next_due: float = 0

    def process(self, events: Sequence[Event], now: int) -> list[Alarm]:
        """Take the pipeline's next events and the time that passed.

        Parameters
        ----------
        events : sequence of Event
            Events since the last call, ordered by ``known_at``.
        now : int
            Source index just behind the last sample that was processed.

        Returns
        -------
        list of Alarm
            Every alarm whose state changed, ordered by ``known_at``.
        """
        alarms: list[Alarm] = []
        for event in self._on_own_clock(events):
            # Nothing is known of the signal inside a gap, so no deadline falls into it.
            horizon = event.sample if isinstance(event, Gap) else event.known_at
            self._advance(horizon, alarms)
            self._time = max(self._time, event.known_at)
            for kind, condition in self._listening(type(event)):
                change = condition.observe(event)
                if change is not None:
                    self._change(kind, change, alarms)
            self._find_next_due()
        self._advance(int(now * self._ratio), alarms)
        return alarms

    def follow(self, fs_hz: float) -> None:
        """Take events of a source at this rate from now on, and give alarms in its samples."""
        self._ratio = self.fs_hz / fs_hz

    def idle(self, elapsed_s: float) -> list[Alarm]:
        """Let time pass for silences, pauses and escalations while no sample arrives."""
        alarms: list[Alarm] = []
        self._idle += round(elapsed_s * self.fs_hz)
        self._run_trackers(self._tick, alarms)
        self._find_next_due()
        return alarms

    def report(self, kind: str, present: bool, message: str) -> list[Alarm]:
        """Tell of a condition that the signal does not show, such as ``storage_full``.

        Parameters
        ----------
        kind : str
            A kind of the settings.
        present : bool
            Whether it holds.
        message : str
            One plain line.
        """
        alarms: list[Alarm] = []
        tracker = self._trackers.get(kind)
        if tracker is not None and tracker.life.present != present:
            self._change(kind, Change(present, self._time, message), alarms)
            self._find_next_due()
        return alarms

    def acknowledge(self, kind: str | None = None) -> list[Alarm]:
        """Acknowledge one kind, or all that are open."""
        return self._each(kind, lambda tracker: tracker.acknowledge())

    def silence(self, duration_s: float | None = None, kind: str | None = None) -> list[Alarm]:
        """Silence what sounds now, one kind or all, for a time.

        A condition that begins after this sounds all the same; silencing one kind touches
        no other. The time is at most ``settings.silence_s``.
        """
        until = self._tick + self._span(duration_s)
        return self._each(kind, lambda tracker: tracker.silence(until))

    def pause(self, duration_s: float | None = None) -> list[Alarm]:
        """Pause all alarm signals for a time; a new high-priority alarm breaks through."""
        self._paused_until = self._tick + self._span(duration_s)
        return self.silence(duration_s)

    def resume(self) -> list[Alarm]:
        """End a pause and all silences."""
        self._paused_until = None
        return self._each(None, lambda tracker: tracker.unsilence(self._tick))

    @property
    def paused(self) -> bool:
        """Whether a general pause runs."""
        return self._pause_end() is not None

    def open_alarms(self) -> list[Alarm]:
        """Return every alarm that is not inactive, most urgent first."""
        return in_order(
            self._alarm(kind, Transition(t.life.state, t.life.sample, t.life.message))
            for kind, t in self._trackers.items()
            if t.life.state != "inactive"
        )

    def rewind(self) -> list[Alarm]:
        """Begin the signal anew at sample 0, as a device does after a restart.

        What the conditions know of the signal is forgotten, and they end; an alarm that
        latches stays until somebody has seen it. Silences and escalations run on.
        """
        alarms: list[Alarm] = []
        self._idle += self._time
        self._time = 0
        self._build_conditions()
        for kind, tracker in self._trackers.items():
            if tracker.life.present:
                self._change(kind, Change(False, 0, "The signal began anew"), alarms)
        self._find_next_due()
        return alarms

    def take_over(self, state: dict[str, Any], away_s: float) -> list[Alarm]:
        """Take over the open alarms of an earlier run; its signal does not go on here.

        Parameters
        ----------
        state : dict
            What `snapshot` returned then.
        away_s : float
            Seconds between then and now.

        Raises
        ------
        KeyError, TypeError, ValueError
            The state is of another version or rate, or damaged; nothing is taken over.
        """
        if (state["version"], state["fs_hz"]) != (SNAPSHOT_VERSION, self.fs_hz):
            raise ValueError(f"alarm state of version {state['version']} at {state['fs_hz']} Hz")
        fresh = self.snapshot()
        try:
            self.restore(state)
            return self.rewind() + self.idle(away_s)
        except (KeyError, TypeError, ValueError):
            self.restore(fresh)
            raise

    def adopt(self, other: AlarmEngine) -> None:
        """Show what another engine of the same device still shows, such as what has latched there."""
        for kind, tracker in other._trackers.items():
            mine = self._trackers.get(kind)
            if mine is not None and mine.life.state == "inactive":
                mine.restore(tracker.snapshot())

    def reconfigure(self, settings: AlarmSettings) -> list[Alarm]:
        """Go on with other settings; what was learned and what is open stays.

        Returns
        -------
        list of Alarm
            Alarms that end because their kind is off now.
        """
        state, before = self.snapshot(), self.open_alarms()
        self.settings = settings
        self._build()
        self.restore(state)
        return [
            replace(alarm, state="inactive", message="Switched off")
            for alarm in before
            if alarm.kind not in self._trackers
        ]

    def snapshot(self) -> dict[str, Any]:
        """Return a copy of the state, of plain values that JSON can hold, and the rate of its clock."""
        return {
            "version": SNAPSHOT_VERSION,
            "fs_hz": self.fs_hz,
            **copy_state(Clock(self._time, self._idle, self._paused_until)),
            "conditions": {kind: c.snapshot() for kind, c in self._conditions.items()},
            "trackers": {kind: t.snapshot() for kind, t in self._trackers.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state that `snapshot` returned; kinds that are no longer on are dropped."""
        clock = Clock()
        clock = read_state({name: state[name] for name in state_names(clock)}, clock, "the alarms' state")
        self._time, self._idle, self._paused_until = clock.time, clock.idle, clock.paused_until
        for kind in self._conditions:
            if kind in state["conditions"]:
                self._conditions[kind].restore(state["conditions"][kind])
                self._trackers[kind].restore(state["trackers"][kind])
        self._find_next_due()

    def _build(self) -> None:
        self._build_conditions()
        self._trackers = {
            kind: AlarmTracker(getattr(self.settings, kind), self.fs_hz, self.settings.escalate_after_s)
            for kind in self._conditions
        }

    def _build_conditions(self) -> None:
        self._conditions = build_conditions(self.settings, self.fs_hz)
        self._timed = [(kind, c) for kind, c in self._conditions.items() if c.timed]
        self._listeners: dict[type[Event], list[tuple[str, Condition[Any]]]] = {}

    def _listening(self, sort: type[Event]) -> list[tuple[str, Condition[Any]]]:
        found = self._listeners.get(sort)
        if found is None:
            found = [(kind, c) for kind, c in self._conditions.items() if sort in c.listens]
            self._listeners[sort] = found
        return found

    def _on_own_clock(self, events: Sequence[Event]) -> Sequence[Event]:
        return events if self._ratio == 1.0 else [at_rate(event, self._ratio) for event in events]

    @property
    def _tick(self) -> int:
        return self._time + self._idle

    def _span(self, duration_s: float | None) -> int:
        longest = self.settings.silence_s
        return round(min(duration_s if duration_s is not None else longest, longest) * self.fs_hz)

    def _pause_end(self) -> int | None:
        end = self._paused_until
        return end if end is not None and end > self._tick else None

    def _advance(self, until: int, alarms: list[Alarm]) -> None:
        """Meet every deadline before the sample ``until``, in the order of time."""
        while self._next_due < until:
            self._time = max(self._time, int(self._next_due))
            for kind, condition in self._timed:
                due = condition.due()
                if due is not None and due <= self._time:
                    change = condition.expire()
                    if change is not None:
                        self._change(kind, change, alarms)
            self._run_trackers(self._tick, alarms)
            self._find_next_due()
        self._time = max(self._time, until - 1)

    def _run_trackers(self, tick: int, alarms: list[Alarm]) -> None:
        for kind, tracker in self._trackers.items():
            while (due := tracker.due()) is not None and due <= tick:
                self._emit(kind, tracker.expire(tick, self._pause_end()), alarms)

    def _find_next_due(self) -> None:
        signal = (condition.due() for _, condition in self._timed)
        state = (t.due() for t in self._trackers.values())
        self._next_due = min(
            min((due for due in signal if due is not None), default=float("inf")),
            min((due - self._idle for due in state if due is not None), default=float("inf")),
        )

    def _change(self, kind: str, change: Change, alarms: list[Alarm]) -> None:
        self._emit(kind, self._trackers[kind].change(change, self._tick, self._pause_end()), alarms)

    def _each(self, kind: str | None, action: Callable[[AlarmTracker], list[Transition]]) -> list[Alarm]:
        alarms: list[Alarm] = []
        for name in [kind] if kind in self._trackers else self._trackers if kind is None else ():
            self._emit(name, action(self._trackers[name]), alarms)
        self._find_next_due()
        return alarms

    def _emit(self, kind: str, transitions: Iterable[Transition], alarms: list[Alarm]) -> None:
        alarms.extend(self._alarm(kind, transition) for transition in transitions)

    def _alarm(self, kind: str, transition: Transition) -> Alarm:
        rule = self._trackers[kind].rule
        alarm = Alarm(
            sample=transition.sample,
            time_s=transition.sample / self.fs_hz,
            known_at=self._time,
            device=self.device,
            kind=kind,
            priority=rule.priority,
            state=transition.state,
            message=transition.message,
            technical=rule.technical,
            escalation=transition.escalation,
        )
        return alarm if self._ratio == 1.0 else at_rate(alarm, 1 / self._ratio)
