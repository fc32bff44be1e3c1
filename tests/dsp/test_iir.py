import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from ecgmon.monitor.dsp.iir import Recursion, butterworth, group_delay, notch

FS = 360.0


@pytest.mark.parametrize(
    ("order", "corners", "kind"),
    [
        (2, (0.5,), "highpass"),
        (1, (0.05,), "highpass"),
        (4, (40.0,), "lowpass"),
        (4, (150.0,), "lowpass"),
        (2, (0.5, 40.0), "bandpass"),
        (3, (5.0, 15.0), "bandpass"),
    ],
)
def test_butterworth_designs_are_those_of_scipy(order, corners, kind):
    b, a = butterworth(order, corners, kind, FS)
    wanted = signal.butter(order, corners if len(corners) > 1 else corners[0], kind, fs=FS)
    np.testing.assert_allclose(b, wanted[0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(a, wanted[1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("centre_hz", [50.0, 60.0])
def test_the_notch_is_that_of_scipy(centre_hz):
    for ours, theirs in zip(notch(centre_hz, 25.0, FS), signal.iirnotch(centre_hz, 25.0, fs=FS), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_group_delay_is_that_of_scipy():
    filters = [butterworth(2, (0.5,), "highpass", FS), notch(50.0, 25.0, FS)]
    frequency_hz = np.linspace(3, 40, 50)
    wanted = sum(signal.group_delay(f, w=frequency_hz, fs=FS)[1] for f in filters)
    np.testing.assert_allclose(group_delay(filters, frequency_hz, FS), wanted, atol=1e-6)


@given(cuts=st.lists(st.integers(0, 1000), max_size=12), seed=st.integers(0, 99))
def test_any_cutting_gives_the_output_of_lfilter(cuts, seed):
    b, a = butterworth(2, (0.5, 40.0), "bandpass", FS)
    x = np.random.default_rng(seed).normal(3.0, 1.0, 1000)
    recursion = Recursion(b, a)
    state = recursion.settled(x[0])
    parts = []
    for chunk in np.split(x, sorted(cuts)):
        part, state = recursion.process(chunk, state)
        parts.append(part)
    wanted, wanted_state = signal.lfilter(b, a, x, zi=signal.lfilter_zi(b, a) * x[0])
    np.testing.assert_allclose(np.concatenate(parts), wanted, atol=1e-8)
    np.testing.assert_allclose(state, wanted_state, atol=1e-7)


def test_a_settled_high_pass_gives_no_transient():
    recursion = Recursion(*butterworth(2, (0.5,), "highpass", FS))
    y, _ = recursion.process(np.full(500, 7.0), recursion.settled(7.0))
    assert np.abs(y).max() < 1e-9
