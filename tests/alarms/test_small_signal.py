"""A signal too small for beats is told as such, and no heart that stands still hides behind it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from alarm_script import play, states
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgmon.monitor.core.events import Alarm, Beat, Event, Quality, SmallWaves
from ecgmon.monitor.pipeline.pipeline import Pipeline, PipelineSettings
from ecgmon.monitor.run.stream import Stream
from ecgmon.sim.synthetic import Episode, SyntheticSettings, synthesise

FS = 360.0


def made(qrs_mv: float, seconds: float, bpm: float = 72.0, noise_mv: float = 0.003) -> np.ndarray:
    """Return an ECG whose waves have the proportions of an ordinary one, without time between two beats."""
    shape = SyntheticSettings(
        qrs_mv=qrs_mv, t_mv=qrs_mv / 4, p_mv=qrs_mv / 10, noise_mv=noise_mv, variability=0.05
    )
    return synthesise([Episode(seconds=seconds, bpm=bpm)], shape).samples_mv


def p_waves(seconds: float, height_mv: float) -> np.ndarray:
    """Return what is left of an ECG when the ventricles stand still."""
    t = np.arange(round(seconds * FS)) / FS
    waves = sum(np.exp(-0.5 * ((t - at) / 0.03) ** 2) for at in np.arange(0.4, seconds, 0.8))
    return height_mv * waves + np.random.default_rng(5).normal(0.0, 0.003, t.size)


def raised(samples: np.ndarray, *, gap: tuple[int, int] | None = None) -> dict[str, float]:
    """Return the alarms raised, each with the second in which it was known first."""
    stream = Stream("bed", FS)
    parts = [(0, samples)] if gap is None else [(0, samples[: gap[0]]), (gap[1], samples[gap[1] :])]
    events = [event for start, part in parts for event in stream.process(part, start=start)]
    alarms = [event for event in events if isinstance(event, Alarm) and event.state == "active"]
    return {alarm.kind: alarm.known_at / FS for alarm in reversed(alarms)}


@pytest.mark.parametrize("qrs_mv", [0.04, 0.08, 0.12, -0.08])
@pytest.mark.parametrize("bpm", [50.0, 72.0, 140.0])
def test_an_ecg_of_small_waves_is_a_small_signal_and_no_asystole(qrs_mv, bpm):
    alarms = raised(made(qrs_mv, 30.0, bpm))
    assert alarms["small_signal"] < 8.0
    assert not {"asystole", "pause"} & alarms.keys()


def test_the_message_names_the_waves_the_floor_and_the_setting():
    stream = Stream("bed", FS)
    events = stream.process(made(0.08, 12.0))
    (message,) = (event.message for event in events if isinstance(event, Alarm))
    assert "waves of 0.0" in message
    assert "floor of 0.165 mV (pipeline.detector.least_qrs_mv)" in message
    assert "gain" in message


def test_the_floor_is_a_setting():
    lower = PipelineSettings.model_validate({"detector": {"least_qrs_mv": 0.05}})
    events = Pipeline(lower).process(made(0.08, 20.0))
    assert sum(isinstance(event, Beat) for event in events) > 15
    assert not any(isinstance(event, SmallWaves) for event in events)


@pytest.mark.parametrize("height_mv", [0.05, 0.1])
@pytest.mark.parametrize("gap", [None, (25 * 360, 40 * 360)])
def test_p_waves_behind_a_heart_that_beat_are_asystole_and_no_small_signal(height_mv, gap):
    signal = np.concatenate((made(1.0, 25.0), p_waves(40.0, height_mv)))
    alarms = raised(signal, gap=gap)
    assert "asystole" in alarms
    assert "small_signal" not in alarms


def test_small_waves_that_stop_are_asystole():
    still = np.random.default_rng(6).normal(0.0, 0.003, 20 * 360)
    alarms = raised(np.concatenate((made(0.08, 20.0), still)))
    assert alarms["small_signal"] < 8.0
    assert 20.0 < alarms["asystole"] < 30.0


@pytest.mark.parametrize("noise_mv", [0.002, 0.01, 0.03])
def test_noise_alone_is_asystole_and_hardly_ever_small(noise_mv):
    noise = np.random.default_rng(7).normal(0.0, noise_mv, 60 * 360)
    assert raised(noise)["asystole"] < 6.0
    seconds = [event for event in Pipeline().process(noise) if isinstance(event, Quality)]
    assert sum("small" in second.reasons for second in seconds) <= 3


def test_an_artefact_that_opens_the_gate_does_not_make_a_small_ecg_a_stopped_heart():
    signal = made(0.08, 240.0)
    signal[1800:1900] += 2.0 * np.hanning(100)
    assert "asystole" not in raised(signal)


SMALL = np.concatenate((made(0.08, 9.0), np.zeros(4 * 360), made(1.0, 8.0)))


def told(events: list[Event]) -> list[tuple[object, ...]]:
    return [(event.type, event.sample, event.known_at, getattr(event, "reasons", None)) for event in events]


WHOLE = told(Pipeline().process(SMALL))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, SMALL.size), max_size=12).map(sorted), st.integers(0, 12))
def test_chunks_and_a_restart_from_a_snapshot_do_not_matter(points, restart):
    pipeline, events = Pipeline(), []
    for number, (begin, end) in enumerate(itertools.pairwise([0, *points, SMALL.size])):
        if number == restart:
            snapshot, pipeline = pipeline.snapshot(), Pipeline()
            pipeline.restore(snapshot)
        events += pipeline.process(SMALL[begin:end])
    assert told(events) == WHOLE


def test_the_alarm_ends_with_the_first_second_without_small_waves(engine, script):
    script.quality(0, 9, 1.0, "small").small(1.0, 0.09).good(9, 12)
    assert states(play(engine, script, 12), "small_signal") == [("active", 4.0), ("inactive", 10.0)]
