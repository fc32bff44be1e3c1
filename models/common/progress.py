"""Shows how far a training has come and how long it will take, on a terminal and in a log."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Figures = Mapping[str, float]
"""What a step gave, by name: ``loss`` and the like."""

Show = Callable[[int, Figures], None]
"""Is told how many steps are done, and what the last one gave."""

LINE_EVERY_S = 10.0
"""A log gets a line so often."""

SMOOTHED = 100
"""Steps that a figure shown is the mean of."""


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def quiet(done: int, figures: Figures) -> None:
    """Show nothing."""


@contextmanager
def progress(label: str, total: int, unit: str = "steps", smoothed: int = SMOOTHED) -> Iterator[Show]:
    """Give a callable that shows each step: a bar on a terminal, a line every ten seconds elsewhere.

    Parameters
    ----------
    label : str
        What is being trained.
    total : int
        Steps in all.
    unit : str
        What a step is called.
    smoothed : int
        Steps that figures are averaged over.
    """
    recent: deque[Figures] = deque(maxlen=smoothed)
    if sys.stderr.isatty():
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(label, total=total)

            def draw(done: int, figures: Figures) -> None:
                recent.append(figures)
                bar.update(task, completed=done, description=f"{label} {_means(recent)}")

            yield draw
    else:
        yield _Log(label, total, unit, recent).show


class _Log:
    """Writes a line now and then, with the time that is left."""

    def __init__(self, label: str, total: int, unit: str, recent: deque[Figures]) -> None:
        self._what = (label, total, unit)
        self._recent = recent
        self._begun = self._said = time.monotonic()
        self._first: int | None = None

    def show(self, done: int, figures: Figures) -> None:
        label, total, unit = self._what
        self._recent.append(figures)
        if self._first is None:
            self._first = done - 1
        now = time.monotonic()
        if done < total and now - self._said < LINE_EVERY_S:
            return
        self._said = now
        left_s = (total - done) * (now - self._begun) / (done - self._first)
        left = f", about {_span(left_s)} left" if done < total else ""
        say(f"{label}: {done} of {total} {unit}, {_means(self._recent)}{left}")


def _means(recent: deque[Figures]) -> str:
    """Return the mean of each figure over the steps that gave it."""
    names = dict.fromkeys(name for figures in recent for name in figures)
    shown = []
    for name in names:
        values = [figures[name] for figures in recent if name in figures]
        shown.append(f"{name} {sum(values) / len(values):.4f}")
    return ", ".join(shown)


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
