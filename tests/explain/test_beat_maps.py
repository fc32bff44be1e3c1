"""The maps of a beat: they come from the live chain, add up, and find what the model really uses."""

import sys
from pathlib import Path

import numpy as np
import pytest

from ecgmon.monitor.core.ecg_codes import DS1, DS2
from ecgmon.monitor.core.errors import MissingExtraError, RecordError
from ecgmon.monitor.dsp.segment import BeatWindow
from ecgmon.monitor.explain.capture import Caught, catch_beat
from ecgmon.monitor.explain.hiding import bridge, peak, top_share
from ecgmon.monitor.explain.mask import deletion_mask, left_over
from ecgmon.monitor.explain.measures import area, correlation, curves, fidelity, points_at_qrs
from ecgmon.monitor.explain.probe import Probe
from ecgmon.monitor.explain.shap_map import Background, load_background, shapley
from ecgmon.monitor.explain.waves import delineate
from ecgmon.monitor.inference.classification import Classification, ClassifierSettings, Label
from ecgmon.monitor.inference.opening import open_classifier
from ecgmon.monitor.pipeline.pipeline import PipelineSettings
from ecgmon.sim.record import read_record

RECORDS = Path(__file__).parents[2] / "sim" / "records" / "mitdb"
SETTINGS = PipelineSettings(classifier=ClassifierSettings(model="arrhythminet-v2"))
QRS = slice(200, 240)
FLAT = Background(np.zeros((2, 360)), 216, np.array(["N", "N"]), np.array(["a", "b"]))


@pytest.fixture(scope="module")
def record_200():
    return read_record(RECORDS / "200").samples_mv(0, 360 * 20)[0]


@pytest.fixture(scope="module")
def ventricular(record_200):
    """The probe of the ventricular beat of record 200 nearest to 6.95 s."""
    beat, caught, _ = catch_beat(record_200, 360.0, SETTINGS, time_s=6.95)
    assert beat.symbol == "V"
    return Probe(open_classifier(SETTINGS.classifier), caught)


class HeightClassifier:
    """Calls a beat V the surer, the more its QRS stands out of its window; looks nowhere else."""

    contract = type("Contract", (), {"symbols": ("N", "V")})()

    def name(self, windows):
        return [Classification(self._label(window.samples_mv)) for window in windows]

    def _label(self, samples):
        sure = 1 / (1 + np.exp(-4 * (np.ptp(samples[QRS]) - 0.5)))
        return Label("V", "V", {"N": 1 - sure, "V": sure}, np.ones(360, dtype=np.float32))

    def snapshot(self):
        return {}

    def restore(self, state):
        """Nothing is remembered."""


@pytest.fixture
def known():
    """A probe of a beat before a model of which it is known what it uses."""
    random = np.random.default_rng(5)
    window = 0.3 * np.sin(np.arange(360) / 20) + 0.02 * random.normal(size=360)
    window[210:222] += 1.5 * np.hanning(12)
    caught = Caught(BeatWindow(216, 0, window, 359), {}, Label("V", "V", {}, None))
    return Probe(HeightClassifier(), caught)


def test_the_nth_beat_is_the_nth_that_the_monitor_finds(record_200):
    beat, caught, number = catch_beat(record_200, 360.0, SETTINGS, number=12)
    nearest, _, same = catch_beat(record_200, 360.0, SETTINGS, time_s=beat.time_s)
    assert number == same == 12
    assert nearest.sample == beat.sample
    assert caught.window.start == beat.attribution_start
    assert caught.label.probabilities == beat.probabilities


def test_a_beat_that_does_not_exist_is_refused_with_the_number_there_are(record_200):
    with pytest.raises(RecordError, match=r"no beat 500: \d\d were found"):
        catch_beat(record_200, 360.0, SETTINGS, number=500)


def test_a_probe_repeats_what_the_monitor_said(ventricular):
    assert ventricular.symbol == "V"
    again = ventricular.ask(ventricular.window_mv[None])[0]
    np.testing.assert_array_equal(again, ventricular.probabilities)


def test_a_model_with_a_memory_is_asked_about_each_window_from_the_same_past(record_200):
    settings = PipelineSettings(classifier=ClassifierSettings(model="adaptive"))
    beat, caught, _ = catch_beat(record_200, 360.0, settings, number=20)
    probe = Probe(open_classifier(settings.classifier), caught)
    window = probe.window_mv
    said = probe.ask(np.stack((window, np.zeros(360), window)))
    np.testing.assert_array_equal(said[0], list(beat.probabilities.values()))
    np.testing.assert_array_equal(said[0], said[2])
    assert np.abs(said[1] - said[0]).max() > 0.05


def test_background_beats_are_of_training_patients_only():
    background = load_background()
    assert set(background.records) <= set(DS1) - set(DS2) - {"201"}


@pytest.mark.parametrize("r", [216, 288])
def test_background_beats_stand_in_any_model_s_window(r):
    windows = load_background().about(r, 360)
    np.testing.assert_allclose(windows.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(windows.std(axis=1), 1, atol=1e-5)
    assert np.median(np.abs(windows).argmax(axis=1)) == pytest.approx(r, abs=6)


def test_shap_values_add_up_and_lie_where_the_model_looks(known):
    found = shapley(known, FLAT, coalitions=400)
    per_stretch = found.values[::10]
    assert per_stretch.sum() == pytest.approx(found.full - found.base, abs=1e-6)
    assert found.full == pytest.approx(known.probabilities[1], abs=1e-6)
    inside = found.values[QRS]
    assert np.abs(inside).sum() > 0.8 * np.abs(found.values).sum()


def test_shap_values_are_the_same_every_time_and_leave_chance_alone(known):
    np.random.seed(1)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    first = shapley(known, load_background(), coalitions=200).values
    assert np.random.random() == expected  # noqa: NPY002
    np.testing.assert_array_equal(first, shapley(known, load_background(), coalitions=200).values)


def test_without_the_shap_library_the_extra_is_named(known, monkeypatch):
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(MissingExtraError, match=r"shap, which is not installed.*\[explain\]'"):
        shapley(known, FLAT)


def test_the_deletion_mask_takes_the_qrs_and_little_else(known):
    mask = deletion_mask(known, steps=200)
    assert left_over(known, mask) < 0.4 < 0.9 < known.probabilities[1]
    assert mask[QRS].max() > 0.9
    assert mask[:180].max() < 0.1
    assert mask[260:].max() < 0.1


def test_the_deletion_mask_of_a_real_beat_takes_its_class_away(ventricular):
    mask = deletion_mask(ventricular, steps=150)
    assert ventricular.probabilities[ventricular.wanted] > 0.9
    assert left_over(ventricular, mask) < 0.5
    assert mask.mean() < 0.5


def test_measures_tell_a_true_map_from_a_false_one(known):
    true, false = np.zeros(360), np.zeros(360)
    true[QRS] = 1.0
    false[:40] = 1.0
    kept, deleted = fidelity(known, true)
    _, spared = fidelity(known, false)
    assert kept[1] > 0.9
    assert deleted[1] < 0.3 < 0.9 < spared[1]
    deletion, insertion = curves(known, true)
    assert area(deletion) < 0.4
    assert area(insertion) > 0.8
    waves = delineate(known.window_mv, known.r)
    assert points_at_qrs(true, waves)
    assert not points_at_qrs(false, waves)
    assert points_at_qrs(np.zeros(360), waves) is None
    assert correlation(true, true) == pytest.approx(1.0)
    assert correlation(true, np.zeros(360)) is None


def test_hidden_stretches_become_straight_lines():
    window = np.arange(20.0) ** 2
    kept = np.ones((2, 20), dtype=bool)
    kept[0, 5:9] = False
    kept[1] = False
    bridged = bridge(window, kept)
    np.testing.assert_allclose(np.diff(bridged[0, 4:10], 2), 0, atol=1e-12)
    np.testing.assert_array_equal(bridged[0, kept[0]], window[kept[0]])
    np.testing.assert_array_equal(bridged[1], np.median(window))


def test_the_top_share_holds_that_many_stretches_even_among_equals():
    assert top_share(np.zeros(360), 0.25).sum() == 90
    assert top_share(np.arange(360.0), 0.1)[-40:].all()
    assert peak(np.array([0.0, 1.0, 1.0, 1.0, 0.0])) == 2


def test_waves_of_a_normal_beat_lie_in_their_order(record_200):
    beat, caught, _ = catch_beat(record_200, 360.0, PipelineSettings(), time_s=6.2)
    assert beat.symbol == "N"
    waves = delineate(caught.window.samples_mv, 216, beat.rr_s)
    assert waves.p is not None
    assert waves.t is not None
    assert 0 <= waves.p[0] < waves.p[1] <= waves.qrs[0] < 216 < waves.qrs[1] < waves.t[0] < waves.t[1]
    assert 0.05 < (waves.qrs[1] - waves.qrs[0]) / 360 < 0.16
