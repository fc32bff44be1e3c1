"""What is no sample never gets past the entrance, and is never hidden either."""

from __future__ import annotations

import numpy as np
from chunking import cuts, pieces
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ecgmon.monitor.dsp.sanitise import Sanitiser

ANY_SAMPLE = st.one_of(st.floats(-10.0, 10.0), st.sampled_from([np.nan, np.inf, -np.inf, 1e300, 1001.0]))


def test_missing_samples_hold_the_last_good_value():
    samples, missing = Sanitiser().process(np.array([1.0, np.nan, np.inf, 2.0, -1e9]))
    np.testing.assert_array_equal(samples, [1.0, 1.0, 1.0, 2.0, 2.0])
    np.testing.assert_array_equal(missing, [False, True, True, False, True])


def test_the_held_value_crosses_chunks_and_a_reset_forgets_it():
    sanitiser = Sanitiser()
    sanitiser.process(np.array([3.0]))
    np.testing.assert_array_equal(sanitiser.process(np.array([np.nan]))[0], [3.0])
    sanitiser.reset()
    np.testing.assert_array_equal(sanitiser.process(np.array([np.nan]))[0], [0.0])


def test_good_samples_pass_untouched():
    chunk = np.random.default_rng(1).standard_normal(100)
    samples, missing = Sanitiser().process(chunk)
    np.testing.assert_array_equal(samples, chunk)
    assert not missing.any()


@settings(max_examples=50, deadline=None)
@given(st.data(), arrays.arrays(np.float64, st.integers(0, 60), elements=ANY_SAMPLE))
def test_chunks_do_not_matter_and_the_output_is_always_finite(data, signal):
    whole, missing = Sanitiser().process(signal)
    assert np.isfinite(whole).all()
    sanitiser = Sanitiser()
    parts = [sanitiser.process(chunk) for chunk in pieces(signal, data.draw(cuts(signal.size)))]
    np.testing.assert_array_equal(np.concatenate([part for part, _ in parts]), whole)
    np.testing.assert_array_equal(np.concatenate([mask for _, mask in parts]), missing)


def test_a_restored_sanitiser_holds_the_same_value():
    sanitiser = Sanitiser()
    sanitiser.process(np.array([4.0]))
    other = Sanitiser()
    other.restore(sanitiser.snapshot())
    np.testing.assert_array_equal(other.process(np.array([np.nan]))[0], [4.0])
