"""An output: counts the events of each device, and writes the counts to a file at the end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.events import Alarm, Event
from ecgmon.monitor.outputs.kind import OutputKind, RunContext


class TallySettings(Settings):
    """What ``[outputs.tally]`` may say.

    Parameters
    ----------
    path : Path
        File to write.
    by_kind : bool
        Count alarms by their kind.
    """

    path: Path
    by_kind: bool = True


class TallyOutput:
    """Counts events."""

    def __init__(self, settings: TallySettings) -> None:
        self._settings = settings
        self._counts: dict[str, Counter[str]] = {}

    def __enter__(self) -> Self:
        """Begin to count."""
        return self

    def write(self, events: Sequence[Event]) -> None:
        """Count events."""
        for event in events:
            self._counts.setdefault(event.device, Counter())[self._name(event)] += 1

    def _name(self, event: Event) -> str:
        if isinstance(event, Alarm) and self._settings.by_kind:
            return f"{event.kind} {event.state}"
        return type(event).__name__

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the counts of a run that did not fail."""
        if kind is not None:
            return
        try:
            self._settings.path.write_text(json.dumps(self._counts, indent=1))
        except OSError as failure:
            raise OutputError(
                f"The tally cannot be written to {self._settings.path}: {failure.strerror}.",
                "Name another file under [outputs.tally].",
            ) from failure


def make(settings: TallySettings, _: RunContext) -> TallyOutput:
    """Return the output."""
    return TallyOutput(settings)


OUTPUT = OutputKind("Counts of events, in a file", TallySettings, make, stage="keep")
