"""Our quick median and windows say what numpy's slow ones do."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ecgmon.monitor.dsp.arrays import median, middle_of, windows_of

FINITE = st.floats(-1e6, 1e6)


@given(arrays.arrays(np.float64, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=FINITE))
def test_the_median_is_that_of_numpy_along_either_axis(values):
    for axis in (0, 1, -1):
        np.testing.assert_allclose(median(values, axis), np.median(values, axis=axis))


@given(st.lists(FINITE, min_size=1, max_size=30))
def test_the_middle_of_a_few_numbers_is_their_median(values):
    assert middle_of(values) == pytest.approx(statistics.median(values))
    assert middle_of(iter(values)) == middle_of(values[::-1])


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 200))
def test_every_whole_window_is_there_and_none_beyond_the_end(width, step, more):
    signal = np.arange(width + more, dtype=np.float64)
    windows = windows_of(signal, width, step)
    assert windows[:, 0].tolist() == list(range(0, more + 1, step))
    for begin, window in zip(windows[:, 0], windows, strict=True):
        np.testing.assert_array_equal(window, begin + np.arange(width))


def test_windows_are_a_view_and_cost_no_copy():
    signal = np.zeros(100)
    windows = windows_of(signal, 10, 5)
    signal[12] = 7.0
    assert windows[1, 7] == windows[2, 2] == 7.0
    assert np.shares_memory(windows_of(signal[:12], 10, 5), signal)
