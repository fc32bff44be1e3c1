"""Proves that an output keeps its promises; for the tests of whoever writes one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ecgmon.monitor.alarms.catalogue import ALARMS
from ecgmon.monitor.core.events import Event
from ecgmon.monitor.core.promise import promise
from ecgmon.monitor.outputs.base import Output
from ecgmon.monitor.outputs.fan import FallibleOutput

LONGEST_WRITE_S = 0.25


def check_output(make: Callable[[], Output], events: Sequence[Event]) -> None:
    """Run an output as the monitor does: once to a good end, once to a failed one.

    Parameters
    ----------
    make : callable
        Returns a fresh output, not yet entered.
    events : sequence of Event
        What to write, at least one.

    Raises
    ------
    AssertionError
        A promise is broken; says which.
    """
    output = make()
    promise(isinstance(output, Output), "an output has __enter__, __exit__ and write")
    with output as entered:
        promise(entered is output, "entering an output returns it")
        output.write([])
        for event in events:
            _write(output, event)
        output.write(events)
    if hasattr(output, "problem") or hasattr(output, "problem_kind"):
        promise(isinstance(output, FallibleOutput), "an output with problem has problem_kind, and so on")
        kind = getattr(output, "problem_kind", "")
        promise(kind in ALARMS.own_names(), f"problem_kind is a kind of alarm, which {kind!r} is not")
    _fail(make(), events)


def _write(output: Output, event: Event) -> None:
    begin = time.perf_counter()
    output.write([event])
    taken_s = time.perf_counter() - begin
    promise(taken_s < LONGEST_WRITE_S, f"writing never waits (it took {taken_s:.2f} s)")


def _fail(output: Output, events: Sequence[Event]) -> None:
    error = RuntimeError("stands for whatever ends a run")
    output.__enter__()
    output.write(events)
    swallowed = output.__exit__(RuntimeError, error, None)  # type: ignore[func-returns-value]
    promise(not swallowed, "an output does not swallow the error that ends a run")
