"""The life of one alarm, after IEC 60601-1-8: inactive, active, acknowledged, latched, silenced."""

from __future__ import annotations

from dataclasses import dataclass

from ecgmon.monitor.alarms.condition import Change
from ecgmon.monitor.alarms.rules import AlarmRule
from ecgmon.monitor.core.events import AlarmState
from ecgmon.monitor.core.state import Snapshot, copy_state, read_state


@dataclass(frozen=True, slots=True)
class Transition:
    """A state that an alarm entered.

    Parameters
    ----------
    state : AlarmState
        The state.
    sample : int
        Source index of what the transition describes.
    message : str
        One plain line.
    escalation : int
        0 for a change of state; 1 when an alarm that nobody acknowledged is sent on.
    """

    state: AlarmState
    sample: int
    message: str
    escalation: int = 0


@dataclass(slots=True)
class Life:
    """Where an alarm is in its life; ticks count on the engine's clock of samples.

    Parameters
    ----------
    state : AlarmState
        The state.
    present : bool
        Whether the condition holds.
    sample, message
        Of the condition's last change.
    begun : int or None
        Tick at which the condition began, while the delay still runs.
    raised : int or None
        Tick of the last announcement.
    silent_until : int or None
        Tick at which the silence ends.
    escalate_at : int or None
        Tick at which the alarm is sent on if nobody acknowledges.
    """

    state: AlarmState = "inactive"
    present: bool = False
    sample: int = 0
    message: str = ""
    begun: int | None = None
    raised: int | None = None
    silent_until: int | None = None
    escalate_at: int | None = None


class AlarmTracker:
    """One kind's state: what its condition and the user's hand make of it.

    A condition must hold for the rule's delay before the alarm is raised. When it goes,
    a latching alarm stays latched until it is acknowledged. Acknowledging lasts until the
    condition goes; silencing lasts for a time. Each new onset is raised anew.

    Parameters
    ----------
    rule : AlarmRule
        Priority, latching, delay and repeats.
    fs_hz : float
        Ticks a second.
    escalate_after_s : float
        How long a high-priority alarm waits for somebody.
    """

    def __init__(self, rule: AlarmRule, fs_hz: float, escalate_after_s: float) -> None:
        self.rule = rule
        self.life = Life()
        self._delay = round(rule.delay_s * fs_hz)
        self._repeat = round(rule.repeat_after_s * fs_hz)
        self._escalate = round(escalate_after_s * fs_hz)

    @property
    def breaks_through(self) -> bool:
        """Whether a new onset sounds in spite of a pause."""
        return self.rule.priority == "high"

    def change(self, change: Change, tick: int, paused_until: int | None = None) -> list[Transition]:
        """Take a change of the condition.

        Parameters
        ----------
        change : Change
            What the condition reports.
        tick : int
            Now.
        paused_until : int, optional
            Tick at which a general pause of alarm signals ends, while there is one.

        Returns
        -------
        list of Transition
            States entered, none or one.
        """
        life = self.life
        life.present, life.sample, life.message = change.present, change.sample, change.message
        if not change.present:
            return self._gone(change)
        if self._delay:
            life.begun = tick
            return []
        return self._raise(tick, paused_until)

    def due(self) -> int | None:
        """Return the next tick at which `expire` has something to do."""
        life = self.life
        if life.begun is None and life.silent_until is None and life.escalate_at is None:
            return None
        begun = None if life.begun is None else life.begun + self._delay
        return min(t for t in (begun, life.silent_until, life.escalate_at) if t is not None)

    def expire(self, tick: int, paused_until: int | None = None) -> list[Transition]:
        """Do what is due at this tick: end a delay or a silence, or send the alarm on."""
        life = self.life
        if life.begun is not None and life.begun + self._delay <= tick:
            return self._raise(tick, paused_until)
        if life.silent_until is not None and life.silent_until <= tick:
            life.silent_until = None
            self._await(tick)
            return [self._enter("active", life.sample, life.message)]
        if life.escalate_at is not None and life.escalate_at <= tick:
            life.escalate_at = None
            message = f"Nobody acknowledged: {life.message}"
            return [Transition(life.state, life.sample, message, escalation=1)]
        return []

    def acknowledge(self) -> list[Transition]:
        """Somebody has seen it: no more signals until the condition comes anew."""
        life = self.life
        if life.state in ("inactive", "acknowledged"):
            return []
        life.silent_until = life.escalate_at = None
        state: AlarmState = "acknowledged" if life.present else "inactive"
        return [self._enter(state, life.sample, f"Acknowledged: {life.message}")]

    def silence(self, until: int) -> list[Transition]:
        """Make an alarm that sounds silent until a tick."""
        life = self.life
        if life.state == "silenced":
            life.silent_until = until
            return []
        if life.state != "active":
            return []
        life.silent_until, life.escalate_at = until, None
        return [self._enter("silenced", life.sample, f"Silenced: {life.message}")]

    def unsilence(self, tick: int) -> list[Transition]:
        """End a silence before its time."""
        if self.life.state != "silenced":
            return []
        self.life.silent_until = tick
        return self.expire(tick)

    def snapshot(self) -> Snapshot:
        """Return a copy of where the alarm is in its life, as plain data."""
        return copy_state(self.life)

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to what `snapshot` returned.

        Raises
        ------
        ValueError
            It is damaged.
        """
        self.life = read_state(snapshot, self.life)

    def _enter(self, state: AlarmState, sample: int, message: str) -> Transition:
        self.life.state = state
        return Transition(state, sample, message)

    def _await(self, tick: int) -> None:
        self.life.escalate_at = tick + self._escalate if self.rule.priority == "high" else None

    def _raise(self, tick: int, paused_until: int | None) -> list[Transition]:
        life = self.life
        life.begun = None
        if paused_until is not None and not self.breaks_through:
            life.silent_until = paused_until
            return [self._enter("silenced", life.sample, life.message)]
        if self._too_soon(tick):
            life.silent_until = None if life.raised is None else life.raised + self._repeat
            return [self._enter("silenced", life.sample, life.message)]
        life.raised, life.silent_until = tick, None
        self._await(tick)
        return [self._enter("active", life.sample, life.message)]

    def _too_soon(self, tick: int) -> bool:
        if self.breaks_through or not self._repeat or self.life.raised is None:
            return False
        return tick - self.life.raised < self._repeat

    def _gone(self, change: Change) -> list[Transition]:
        life = self.life
        life.begun = None
        if life.state in ("inactive", "latched"):
            return []
        unseen = life.state in ("active", "silenced")
        life.silent_until = None
        if self.rule.latching and unseen:
            return [self._enter("latched", change.sample, change.message)]
        life.escalate_at = None
        return [self._enter("inactive", change.sample, change.message)]
