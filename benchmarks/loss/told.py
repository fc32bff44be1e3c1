"""Whether the alarms of trials are told under loss, and how much later than without."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.loss.losses import BY_NAME, NONE, Loss, events_under
from benchmarks.loss.standing import technical_spans, touches
from benchmarks.loss.trials import FS_HZ, KINDS, build
from ecgmon.monitor.core.events import Alarm, Event

LATER_S = 5.0
"""An alarm may be told this much later than without loss."""

TECHNICAL_S = 10.0
"""Under heavy loss a technical alarm stands at most this long after the onset."""


@dataclass(frozen=True, slots=True)
class TrialJob:
    """One trial under one loss.

    Parameters
    ----------
    kind : str
        The alarm that is to be told.
    number : int
        Which trial.
    loss : str
        Name of the loss.
    data_dir : str
        Folder of the databases.
    """

    kind: str
    number: int
    loss: str
    data_dir: str


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of one trial.

    Parameters
    ----------
    trial : str
        What the trial is made of.
    delay_s : float or None
        From the onset to the alarm; None if it was not told.
    before : bool
        The alarm stood already when the onset came.
    others : tuple of str
        Life-threatening alarms of other kinds that were told behind the onset.
    technical : bool
        A technical alarm stood within ten seconds behind the onset.
    """

    trial: str
    delay_s: float | None
    before: bool
    others: tuple[str, ...]
    technical: bool


def run_trial(job: TrialJob) -> Told:
    """Run one trial under one loss."""
    trial = build(job.kind, job.number, job.data_dir)
    name = f"{job.kind} {job.number}"
    events = events_under(BY_NAME[job.loss], trial.samples_mv, FS_HZ, name)
    end_s = trial.samples_mv.size / FS_HZ
    delay_s, before = _delay(events, job.kind, trial.onset_s)
    others = {
        event.kind
        for event in _announced(events)
        if event.kind != job.kind and _delay_of(event, trial.onset_s) >= 0
    }
    technical = touches(technical_spans(events, FS_HZ, end_s), trial.onset_s, trial.onset_s + TECHNICAL_S)
    return Told(trial.name, delay_s, before, tuple(sorted(others)), technical)


def _announced(events: Sequence[Event]) -> list[Alarm]:
    """Return the life-threatening alarms as they become active."""
    alarms = [event for event in events if isinstance(event, Alarm) and not event.escalation]
    return [alarm for alarm in alarms if alarm.priority == "high" and alarm.state == "active"]


def _delay_of(alarm: Alarm, onset_s: float) -> float:
    return alarm.known_at / FS_HZ - onset_s


def _delay(events: Sequence[Event], kind: str, onset_s: float) -> tuple[float | None, bool]:
    """Return the delay of the first alarm of a kind behind the onset, and whether one stood before."""
    state = ""
    for event in events:
        if not isinstance(event, Alarm) or event.kind != kind or event.escalation:
            continue
        if event.state == "active" and (delay_s := _delay_of(event, onset_s)) >= 0:
            return delay_s, state == "active"
        state = event.state
    return None, state == "active"


Run = Callable[[Sequence[TrialJob], str], list[Told]]
"""Runs jobs, and is told what to call them."""


def told_without_loss(kind: str, wanted: int, data_dir: str, run: Run) -> tuple[dict[int, Told], int]:
    """Return the first trials whose alarm is told without loss, and how many were tried."""
    _, there = KINDS[kind]
    told: dict[int, Told] = {}
    tried = 0
    while len(told) < wanted and tried < there:
        numbers = range(tried, min(there, tried + wanted - len(told)))
        jobs = [TrialJob(kind, number, NONE, data_dir) for number in numbers]
        results = run(jobs, f"{kind}, no loss")
        good = (result.delay_s is not None and not result.before for result in results)
        told |= {number: result for number, result, ok in zip(numbers, results, good, strict=True) if ok}
        tried += len(numbers)
    return told, tried


@dataclass(frozen=True, slots=True)
class Verdict:
    """A trial under a loss beside the same without.

    Parameters
    ----------
    number : int
        Which trial.
    calm, told : Told
        Without loss, and with.
    """

    number: int
    calm: Told
    told: Told

    @property
    def later_s(self) -> float | None:
        """How much later the alarm was told than without loss."""
        if self.told.delay_s is None or self.calm.delay_s is None:
            return None
        return self.told.delay_s - self.calm.delay_s

    @property
    def in_time(self) -> bool:
        """Whether the alarm was told, at most five seconds later."""
        return self.later_s is not None and self.later_s <= LATER_S

    def holds(self, loss: Loss) -> bool:
        """Tell whether the bar is held."""
        return self.in_time or (loss.heavy and self.told.technical)

    def __str__(self) -> str:
        late = "not told" if self.later_s is None else f"{self.later_s:.1f} s later"
        notes = [late, *(["false before"] if self.told.before else []), *self.told.others]
        return f"{self.number} ({self.told.trial}): {', '.join(notes)}"


Verdicts = Mapping[str, Sequence[Verdict]]
"""Of each kind of alarm."""


def under_loss(loss: Loss, calm: Mapping[str, Mapping[int, Told]], data_dir: str, run: Run) -> Verdicts:
    """Run all trials under a loss."""
    jobs = [TrialJob(kind, number, loss.name, data_dir) for kind, trials in calm.items() for number in trials]
    results = iter(run(jobs, f"trials, {loss.name}"))
    return {
        kind: [Verdict(number, told, next(results)) for number, told in trials.items()]
        for kind, trials in calm.items()
    }


def table(calm: Mapping[str, tuple[Mapping[int, Told], int]], found: Mapping[str, Verdicts]) -> list[str]:
    """Return how many were told, and how much later, in Markdown; bold where a bar is missed."""
    kinds = [kind.replace("_", " ") for kind in calm]
    lines = [f"| loss | {' | '.join(kinds)} |", "| --- |" + " ---: |" * len(kinds)]
    lines.append(f"| {NONE} | {' | '.join(_calm_cell(trials, tried) for trials, tried in calm.values())} |")
    for name, verdicts in found.items():
        cells = [_cell(BY_NAME[name], verdicts[kind]) for kind in calm]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _calm_cell(trials: Mapping[int, Told], tried: int) -> str:
    delays = [told.delay_s for told in trials.values() if told.delay_s is not None]
    spread = f" after {min(delays):.1f} to {max(delays):.1f} s" if delays else ""
    return f"{len(trials)} of {tried} tried{spread}"


def _cell(loss: Loss, verdicts: Sequence[Verdict]) -> str:
    later = [verdict.later_s for verdict in verdicts if verdict.in_time and verdict.later_s is not None]
    held = all(verdict.holds(loss) for verdict in verdicts)
    count = f"{len(later)} of {len(verdicts)}"
    cell = count if held else f"**{count}**"
    cell += f", {max(later):+.1f} s" if later else ""
    if loss.heavy:
        cell += f", technical {sum(verdict.told.technical for verdict in verdicts)}"
    return cell


def failures(found: Mapping[str, Verdicts]) -> list[str]:
    """Return a line for each trial that does not hold the bar."""
    return [
        f"- {name}: {kind.replace('_', ' ')} {verdict}"
        for name, verdicts in found.items()
        for kind, of_kind in verdicts.items()
        for verdict in of_kind
        if not verdict.holds(BY_NAME[name])
    ]
