"""The filter chain passes the QRS, stops the rest, and starts without a transient."""

from __future__ import annotations

import numpy as np
import pytest
from chunking import cuts, pieces
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ecgmon.monitor.dsp.filters import FilterChain, FilterSettings

NOISE = np.random.default_rng(3).standard_normal(900)


def gain(chain: FilterChain, frequency_hz: float) -> float:
    """Amplitude of a sine behind the chain once it has settled."""
    t = np.arange(360 * 60) / 360.0
    settled = chain.process(np.sin(2 * np.pi * frequency_hz * t))[-7200:]
    return float(np.sqrt(2.0) * settled.std())


def gains(frequency_hz: float, **kwargs) -> float:
    return gain(FilterChain(FilterSettings(**kwargs)), frequency_hz)


def test_monitor_preset_halves_power_at_its_corner_and_passes_the_qrs_band():
    assert gains(0.5) == pytest.approx(np.sqrt(0.5), abs=0.01)
    assert gains(0.1) < 0.05
    for frequency_hz in (3.0, 10.0, 25.0, 40.0, 100.0):
        assert gains(frequency_hz) == pytest.approx(1.0, abs=0.01)


def test_diagnostic_preset_keeps_what_the_st_segment_is_made_of():
    assert gains(0.5, preset="diagnostic") > 0.99
    assert gains(0.05, preset="diagnostic") == pytest.approx(np.sqrt(0.5), abs=0.02)


def test_low_pass_has_its_corner_where_asked():
    assert gains(40.0, lowpass_hz=40.0) == pytest.approx(np.sqrt(0.5), abs=0.02)
    assert gains(120.0, lowpass_hz=40.0) < 0.01


@pytest.mark.parametrize("preset", ["monitor", "diagnostic"])
@pytest.mark.parametrize("offset", [0.0, -5.0, 300.0])
def test_a_stream_that_begins_on_an_offset_has_no_start_transient(preset, offset):
    chain = FilterChain(FilterSettings(preset=preset, lowpass_hz=40.0))
    assert np.abs(chain.process(np.full(3600, offset))).max() < 1e-8


def test_stated_delay_is_where_a_pulse_in_the_qrs_band_comes_out():
    t = np.arange(-360, 361) / 360.0
    pulse = np.exp(-((t / 0.08) ** 2)) * np.cos(2 * np.pi * 15.0 * t)
    for kwargs in ({}, {"lowpass_hz": 40.0}):
        chain = FilterChain(FilterSettings(**kwargs))
        envelope_at = np.average(np.arange(pulse.size), weights=chain.process(pulse) ** 2)
        assert envelope_at - 360 == pytest.approx(chain.delay_samples, abs=0.5)


@settings(max_examples=25, deadline=None)
@given(cuts(NOISE.size))
def test_chunks_do_not_matter(points):
    chain = FilterChain(FilterSettings(lowpass_hz=40.0))
    whole = chain.process(NOISE)
    chain.reset()
    parts = np.concatenate([chain.process(chunk) for chunk in pieces(NOISE, points)])
    np.testing.assert_allclose(parts, whole, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, NOISE.size))
def test_a_restored_chain_goes_on_as_if_nothing_had_happened(at):
    chain = FilterChain()
    chain.process(NOISE[:at])
    state = chain.snapshot()
    expected = chain.process(NOISE[at:])
    other = FilterChain()
    other.process(NOISE[::-1])
    other.restore(state)
    np.testing.assert_array_equal(other.process(NOISE[at:]), expected)


def test_reset_forgets_everything():
    chain = FilterChain()
    first = chain.process(NOISE)
    chain.reset(12345)
    np.testing.assert_array_equal(chain.process(NOISE), first)


@pytest.mark.parametrize(
    "wrong", [{"mains_hz": 55}, {"lowpass_hz": 5.0}, {"preset": "sharp"}, {"lowpas_hz": 40.0}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        FilterSettings(**wrong)
