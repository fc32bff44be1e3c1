"""The shape of every operator: settings, explicit state, a stated delay, ``process``."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]
State = dict[str, Any]
"""A snapshot: plain numbers, strings, lists and numpy arrays, owned by whoever asked."""

OutT_co = TypeVar("OutT_co", covariant=True)


class Operator(Protocol[OutT_co]):
    """One step of the chain; feeding it in any chunks gives the same output.

    An operator never looks at samples that have not arrived. What it gives out
    describes the signal ``delay_samples`` ago.
    """

    @property
    def delay_samples(self) -> float:
        """Delay of the output against the input, in input samples."""
        ...

    def process(self, chunk: Samples) -> OutT_co:
        """Take the next samples, shape (n,), n >= 0; an empty chunk changes nothing."""
        ...

    def reset(self, start: int = 0) -> None:
        """Forget the past; the next sample has absolute index ``start``."""
        ...

    def snapshot(self) -> State:
        """Return a copy of the state."""
        ...

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        ...
