"""Hands what happens to all outputs in their order, and gathers what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ecgmon.monitor.core.events import Event, SampleBlock
from ecgmon.monitor.outputs.base import Output


@runtime_checkable
class SignalOutput(Protocol):
    """An output that takes samples too, such as the recorder."""

    def take(self, block: SampleBlock) -> None:
        """Take the next samples of a device, before the events they give."""
        ...


@runtime_checkable
class FallibleOutput(Protocol):
    """An output that goes on when it fails, and says so."""

    problem_kind: str
    """Kind of the alarm that its problem raises."""

    @property
    def problem(self) -> str | None:
        """What is wrong, one plain line; None if nothing is."""
        ...


class OutputFan:
    """All outputs of a run.

    Parameters
    ----------
    outputs : sequence of Output
        In the order in which they are told.
    """

    def __init__(self, outputs: Sequence[Output]) -> None:
        self._outputs = tuple(outputs)
        self._signal = [output for output in outputs if isinstance(output, SignalOutput)]
        self._fallible = [output for output in outputs if isinstance(output, FallibleOutput)]

    def write(self, events: Sequence[Event]) -> None:
        """Hand events to each output."""
        if events:
            for output in self._outputs:
                output.write(events)

    def take(self, block: SampleBlock) -> None:
        """Hand samples to the outputs that want them."""
        for output in self._signal:
            output.take(block)

    def problems(self) -> dict[str, str | None]:
        """Return, by kind of alarm, what is wrong; None where all is well."""
        found: dict[str, str | None] = {}
        for output in self._fallible:
            found[output.problem_kind] = found.get(output.problem_kind) or output.problem
        return found
