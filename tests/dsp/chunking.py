"""Random ways to cut a signal into chunks, empty and single-sample ones among them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from hypothesis import strategies as st


def cuts(size: int) -> st.SearchStrategy[list[int]]:
    """Sorted cut points; repeated ones make empty chunks. One sample at a time is among them."""
    some = st.lists(st.integers(0, size), max_size=12).map(sorted)
    return st.one_of(st.just(list(range(size + 1))), some)


def pieces(samples: np.ndarray, points: list[int]) -> Iterator[np.ndarray]:
    """The chunks between the cut points, in order."""
    yield from np.split(samples, points)
