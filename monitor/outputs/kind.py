"""What an output's file declares: title, settings, how it is made, and when it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.outputs.base import Output

Stage = Literal["keep", "announce"]
"""An output that keeps is told before all that announce: nothing is announced before it is stored."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """What an output may want to know of the run besides its settings.

    Parameters
    ----------
    names : mapping of str to str
        Names of patients by device.
    outbox : Path, optional
        File in which alarms that wait survive the end of the run; None if they need not.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    outbox: Path | None = None


@dataclass(frozen=True, slots=True)
class OutputKind:
    """A kind of output, used if the settings have a table of its name under ``[outputs]``.

    Parameters
    ----------
    title : str
        One line for people.
    settings : type of Settings
        What its table may say.
    make : callable
        Takes the settings and a `RunContext`; returns the output, not yet entered. What it needs and
        others do not is imported here.
    stage : {"keep", "announce"}
        Whether it is told before or after what is announced.

    Raises
    ------
    TypeError
        One of them is of another type.
    """

    title: str
    settings: type[Settings]
    make: Callable[[Any, RunContext], Output]
    stage: Stage = "announce"

    def __post_init__(self) -> None:
        if not (isinstance(self.settings, type) and issubclass(self.settings, Settings)):
            raise TypeError("the settings of an output are a subclass of ecgmon.monitor.core.config.Settings")
        if not callable(self.make):
            raise TypeError("an output is made by a function that takes settings and a RunContext")
        if self.stage not in get_args(Stage):
            raise TypeError(f"the stage of an output is one of {', '.join(get_args(Stage))}")
