"""Whether the alarms of trials are told under loss, and how much later than without."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.loss.losses import BY_NAME, NONE, Loss, events_under
from benchmarks.loss.standing import technical_spans, touches
from benchmarks.loss.trials import FS_HZ, KINDS, build
from ecgmon.monitor.core.events import Alarm
from ecgmon.monitor.evaluation.alarm_report import VF

SOON_S = 10.0
"""Without loss an alarm is told within this time, or the trial does not count: later is luck."""

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
    skip_s : float
        Seconds of the episode left out at its beginning.
    """

    kind: str
    number: int
    loss: str
    data_dir: str
    skip_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of one trial.

    Parameters
    ----------
    trial : str
        What the trial is made of.
    delays_s : mapping of str to float
        From the onset to each life-threatening alarm, by kind; of several the first.
    before : bool
        The alarm that is to be told stood already when the onset came.
    technical : bool
        A technical alarm stood within ten seconds behind the onset.
    """

    trial: str
    delays_s: Mapping[str, float]
    before: bool
    technical: bool


def run_trial(job: TrialJob) -> Told:
    """Run one trial under one loss."""
    trial = build(job.kind, job.number, job.data_dir, job.skip_s)
    name = f"{job.kind} {job.number}"
    events = events_under(BY_NAME[job.loss], trial.samples_mv, FS_HZ, name)
    spans = technical_spans(events, FS_HZ, trial.samples_mv.size / FS_HZ)
    delays_s: dict[str, float] = {}
    before = False
    for event in events:
        if isinstance(event, Alarm) and event.priority == "high" and not event.escalation:
            delay_s = event.known_at / FS_HZ - trial.onset_s
            if delay_s < 0 and event.kind == job.kind:
                before = event.state == "active"
            elif delay_s >= 0 and event.state == "active":
                delays_s.setdefault(event.kind, delay_s)
    return Told(trial.name, delays_s, before, touches(spans, trial.onset_s, trial.onset_s + TECHNICAL_S))


Run = Callable[[Sequence[TrialJob], str], list[Told]]
"""Runs jobs, and is told what to call them."""


def told_without_loss(kind: str, wanted: int, data_dir: str, run: Run) -> tuple[dict[int, Told], int]:
    """Return the first trials whose alarm is told soon without loss, and how many were tried.

    It must be told soon as well if the episode is begun five seconds later: an alarm that hangs on one run
    of beats cannot be told later.
    """
    _, there = KINDS[kind]
    told: dict[int, Told] = {}
    tried = 0
    while len(told) < wanted and tried < there:
        numbers = range(tried, min(there, tried + wanted - len(told)))
        jobs = [
            TrialJob(kind, number, NONE, data_dir, skip_s) for number in numbers for skip_s in (0.0, LATER_S)
        ]
        results = run(jobs, f"{kind}, no loss")
        told |= {
            number: first
            for number, first, later in zip(numbers, results[::2], results[1::2], strict=True)
            if _is_told_soon(kind, first) and _is_told_soon(kind, later)
        }
        tried += len(numbers)
    return told, tried


def _is_told_soon(kind: str, told: Told) -> bool:
    return not told.before and told.delays_s.get(kind, np.inf) <= SOON_S


@dataclass(frozen=True, slots=True)
class Verdict:
    """A trial under a loss beside the same without.

    Parameters
    ----------
    kind : str
        The alarm that is to be told.
    number : int
        Which trial.
    calm, told : Told
        Without loss, and with.
    """

    kind: str
    number: int
    calm: Told
    told: Told

    @property
    def as_vf(self) -> bool:
        """Whether the alarm is late, and fibrillation was told before: nobody needs another then."""
        return LATER_S < self._later_s(self.kind) > self._later_s(VF)

    @property
    def later_s(self) -> float:
        """How much later than without loss the alarm was told; infinite if it never was."""
        return self._later_s(VF if self.as_vf else self.kind)

    def _later_s(self, kind: str) -> float:
        return self.told.delays_s.get(kind, np.inf) - self.calm.delays_s[self.kind]

    @property
    def in_time(self) -> bool:
        """Whether the alarm was told, at most five seconds later."""
        return self.later_s <= LATER_S

    def holds(self, loss: Loss) -> bool:
        """Tell whether the bar is held."""
        return self.in_time or (loss.heavy and self.told.technical)

    def __str__(self) -> str:
        others = [f"{other} after {s:.1f} s" for other, s in self.told.delays_s.items() if other != self.kind]
        late = f"{self.later_s:.1f} s later" if self.later_s < np.inf else "not told"
        notes = [late, *(["told before"] if self.told.before else []), *others]
        return f"{self.kind} {self.number} ({self.told.trial}): {', '.join(notes)}".replace("_", " ")


Verdicts = Mapping[str, Sequence[Verdict]]
"""Of each kind of alarm."""


def under_loss(loss: Loss, calm: Mapping[str, Mapping[int, Told]], data_dir: str, run: Run) -> Verdicts:
    """Run all trials under a loss."""
    jobs = [TrialJob(kind, number, loss.name, data_dir) for kind, trials in calm.items() for number in trials]
    results = iter(run(jobs, f"trials, {loss.name}"))
    return {
        kind: [Verdict(kind, number, told, next(results)) for number, told in trials.items()]
        for kind, trials in calm.items()
    }


def table(calm: Mapping[str, tuple[Mapping[int, Told], int]], found: Mapping[str, Verdicts]) -> list[str]:
    """Return how many were told, and how much later, in Markdown; bold where a bar is missed."""
    kinds = [kind.replace("_", " ") for kind in calm]
    lines = [f"| loss | {' | '.join(kinds)} |", "| --- |" + " ---: |" * len(kinds)]
    lines.append(f"| {NONE} | {' | '.join(_calm_cell(kind, *calm[kind]) for kind in calm)} |")
    for name, verdicts in found.items():
        cells = [_cell(BY_NAME[name], verdicts[kind]) for kind in calm]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _calm_cell(kind: str, trials: Mapping[int, Told], tried: int) -> str:
    delays_s = [told.delays_s[kind] for told in trials.values()]
    spread = f", {min(delays_s):.1f} to {max(delays_s):.1f} s" if delays_s else ""
    return f"{len(trials)} of {tried} tried{spread}"


def _cell(loss: Loss, verdicts: Sequence[Verdict]) -> str:
    in_time = [verdict for verdict in verdicts if verdict.in_time]
    count = f"{len(in_time)} of {len(verdicts)}"
    held = all(verdict.holds(loss) for verdict in verdicts)
    parts = [count if held else f"**{count}**"]
    if in_time:
        parts.append(f"{max(verdict.later_s for verdict in in_time):+.1f} s")
    if as_vf := sum(verdict.as_vf for verdict in in_time if verdict.kind != VF):
        parts.append(f"{as_vf} as VF")
    if loss.heavy:
        parts.append(f"technical {sum(verdict.told.technical for verdict in verdicts)}")
    return ", ".join(parts)


def failures(found: Mapping[str, Verdicts]) -> list[str]:
    """Return a line for each trial that does not hold the bar."""
    return [
        f"- {name}: {verdict}"
        for name, verdicts in found.items()
        for of_kind in verdicts.values()
        for verdict in of_kind
        if not verdict.holds(BY_NAME[name])
    ]
