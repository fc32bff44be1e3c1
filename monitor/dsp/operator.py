"""The shape of every operator: settings, a declared state, a stated delay, ``process``."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Generic, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.state import StateT
from ecgmon.monitor.core.stateful import Stateful

Samples = NDArray[np.float64]

SettingsT = TypeVar("SettingsT", bound=Settings)
InputsT = ParamSpec("InputsT")
OutT = TypeVar("OutT")


class Operator(Stateful[StateT], Generic[SettingsT, StateT, InputsT, OutT]):
    """One step of the chain; feeding it in any chunks gives the same output.

    An operator never looks at samples that have not arrived. What it gives out
    describes the signal ``delay_samples`` ago. ``Operator[MySettings, MyState, [Samples, Mask],
    list[Found]]`` takes a chunk of samples and its mask, and returns what it found. A chunk may
    be empty; then it changes nothing.

    Parameters
    ----------
    settings : Settings
        Its settings.
    **parts : Stateful
        What it is made of, and is reset and saved with it.
    """

    def __init__(self, settings: SettingsT, **parts: Stateful[Any]) -> None:
        self.settings = settings
        super().__init__(**parts)

    @property
    @abstractmethod
    def delay_samples(self) -> float:
        """Delay of the output against the input, in input samples."""

    @abstractmethod
    def process(self, *args: InputsT.args, **kwargs: InputsT.kwargs) -> OutT:
        """Take what came next, and return what is known by it."""
