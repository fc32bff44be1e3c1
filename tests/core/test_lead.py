"""Every lead goes through one front chain, whether it is analysed or only looked at."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgmon.monitor.core.events import SampleBlock
from ecgmon.monitor.core.ring import RingBuffer
from ecgmon.monitor.dsp.front_end import FrontEnd
from ecgmon.monitor.dsp.resample import MAX_RATE_HZ, MIN_RATE_HZ
from ecgmon.monitor.pipeline.lead import Lead, LeadSettings
from ecgmon.monitor.pipeline.pipeline import Pipeline, PipelineSettings
from ecgmon.monitor.run.companions import Companions, row_name

RNG = np.random.default_rng(8)
NOISE = RNG.standard_normal(2000)


def test_at_the_pipelines_own_rate_good_samples_pass_and_are_cleaned_by_the_front_end():
    signal = Lead(360.0).process(NOISE)
    np.testing.assert_array_equal(signal.raw, NOISE)
    np.testing.assert_array_equal(signal.clean, FrontEnd().process(NOISE))
    assert (signal.first, signal.clean_from) == (0, 0)
    assert not signal.missing.any()
    assert not signal.off.any()


def test_what_is_no_sample_is_filled_in_and_marked():
    broken = NOISE.copy()
    broken[[500, 501, 900]] = np.nan, np.inf, 1e9
    signal = Lead(360.0).process(broken)
    assert np.flatnonzero(signal.missing).tolist() == [500, 501, 900]
    np.testing.assert_allclose(signal.raw[499:503], np.linspace(NOISE[499], NOISE[502], 4))
    assert np.isfinite(signal.clean).all()


def test_an_electrode_that_is_off_is_marked_in_its_own_block_only():
    lead = Lead(360.0)
    marks = [lead.process(NOISE[:100], lead_off=off).off for off in (False, True, False)]
    assert [mark.all() for mark in marks] == [False, True, False]
    assert [mark.any() for mark in marks] == [False, True, False]


@pytest.mark.parametrize("fs_hz", [128.0, 250.0, 360.0, 500.0, 1000.0])
@pytest.mark.parametrize("start", [0, 1, 777])
def test_all_that_comes_out_stands_on_one_clock(fs_hz, start):
    lead = Lead(fs_hz)
    lead.reset(start)
    first = lead.position
    assert first == pytest.approx(start * 360.0 / fs_hz, abs=1.0)
    position, clean = first, first
    for chunk in np.split(NOISE, [1, 700, 1300]):
        signal = lead.process(chunk, lead_off=True)
        assert (signal.first, signal.clean_from) == (position, clean)
        assert signal.raw.size == signal.missing.size == signal.off.size
        assert signal.off.all()
        position += signal.raw.size
        clean += signal.clean.size
    assert lead.position == position
    assert lead.input_needed(position - 1) < start + NOISE.size <= lead.input_needed(position)


@pytest.mark.parametrize("fs_hz", [128.0, 250.0, 360.0, 500.0])
def test_its_delay_counts_samples_of_the_source(fs_hz):
    lead = Lead(fs_hz)
    signal = lead.process(NOISE)
    behind_s = NOISE.size / fs_hz - signal.clean.size / 360.0
    assert lead.delay_samples / fs_hz == pytest.approx(behind_s, abs=1.0 / fs_hz + 1.0 / 360.0)
    assert lead.clean_delay == pytest.approx(signal.raw.size - signal.clean.size)


@pytest.mark.parametrize("fs_hz", [0.0, -360.0, MIN_RATE_HZ / 2, MAX_RATE_HZ * 2, np.inf])
def test_a_rate_that_cannot_be_served_is_refused(fs_hz):
    with pytest.raises(ValueError, match="cannot be"):
        Lead(fs_hz)


def test_the_pipelines_settings_are_those_of_its_leads():
    settings = PipelineSettings.model_validate(
        {"sanitise": {"limit_mv": 2.0}, "front_end": {"denoise": {"levels": 2}}}
    )
    assert isinstance(settings, LeadSettings)
    assert Lead(360.0, settings).process(np.array([1.0, 3.0, 1.0])).missing.tolist() == [False, True, False]
    assert Lead(360.0, settings).clean_delay < Lead(360.0).clean_delay


def test_a_missing_sample_is_no_number_in_the_ring():
    ring = RingBuffer(3000)
    broken = NOISE.copy()
    broken[1000:1010] = np.nan
    Lead(360.0).process(broken).write(ring, "raw", "clean")
    assert np.flatnonzero(np.isnan(ring.copy("raw", 0, 2000))).tolist() == list(range(1000, 1010))
    assert np.isfinite(ring.copy("clean", 0, ring.row_end("clean"))).all()


@settings(max_examples=15, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 2000), max_size=8).map(sorted),
    fs_hz=st.sampled_from([250.0, 360.0, 129.4]),
    lost=st.integers(0, 7),
)
def test_companions_and_pipeline_write_the_same_signal_of_the_same_lead(cuts, fs_hz, lost):
    names = [row_name(kind, lead) for lead in (0, 1) for kind in ("raw", "clean")]
    both = RingBuffer(8000, {**dict.fromkeys(names, np.nan), "attribution": 0.0})
    pipeline = Pipeline(fs_hz=fs_hz, ring=both)
    companions = Companions(2, both, PipelineSettings(), fs_hz)
    twice = np.stack((NOISE, NOISE))
    edges = [0, *cuts, 2000]
    for number, (a, b) in enumerate(itertools.pairwise(edges)):
        if number != lost:
            block = SampleBlock(twice[:, a:b], a, fs_hz)
            pipeline.process(block)
            companions.process(block)
    for kind in ("raw", "clean"):
        end = both.row_end(kind)
        assert both.row_end(f"{kind}1") == end
        np.testing.assert_array_equal(
            both.copy(kind, both.start, end), both.copy(f"{kind}1", both.start, end)
        )
