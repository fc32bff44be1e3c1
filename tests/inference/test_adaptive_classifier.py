"""The adaptive model as the pipeline uses it: beats of one patient, one after the other."""

import numpy as np
import pytest

from ecgmon.monitor.dsp.front_end import FrontEnd
from ecgmon.monitor.dsp.rpeak import RPeakDetector
from ecgmon.monitor.dsp.segment import BeatSegmenter, BeatWindow
from ecgmon.monitor.inference.classification import ClassifierSettings, Labeller
from ecgmon.monitor.inference.intervals import INTERVAL_FEATURES, NEXT_FEATURES, IntervalHistory
from ecgmon.monitor.inference.opening import open_classifier
from ecgmon.monitor.inference.patient_features import FEATURES, PatientContext
from ecgmon.sim.library import find_record
from ecgmon.sim.record import read_record

FS = 360
ADAPTIVE = ClassifierSettings(model="adaptive")


@pytest.fixture(scope="module")
def windows() -> list[BeatWindow]:
    """Three minutes of record 200: normal and ventricular beats."""
    raw = read_record(find_record("200")).samples_mv(0, 180 * FS)[0]
    peaks = [round(peak.sample) for peak in RPeakDetector().process(raw)]
    return BeatSegmenter().process(FrontEnd().process(raw), peaks)


def test_ventricular_beats_are_named_and_shaded(windows):
    record = read_record(find_record("200"))
    reference = record.reference
    ventricular = reference.samples[reference.symbols == "V"]
    classifications = open_classifier(ADAPTIVE).name(windows)
    right = 0
    wanted = [w for w in windows if np.any(np.abs(ventricular - w.r) <= 54)]
    for window, classification in zip(windows, classifications, strict=True):
        truly = bool(np.any(np.abs(ventricular - window.r) <= 54))
        right += truly and classification.label.symbol == "V"
    assert len(wanted) > 60
    assert right >= 0.9 * len(wanted)
    for classification in classifications[3:]:
        shading = classification.label.attribution
        assert shading is not None
        assert shading.shape == (360,)
        assert shading.min() >= 0
        assert shading.max() == pytest.approx(1.0, abs=1e-5) or shading.max() == 0


def test_beats_named_one_by_one_are_named_as_in_one_go(windows):
    at_once = open_classifier(ADAPTIVE).name(windows)
    classifier = open_classifier(ADAPTIVE)
    single = [classifier.name([window])[0] for window in windows]
    for a, b in zip(at_once, single, strict=True):
        assert a.label.symbol == b.label.symbol
        assert a.label.probabilities == pytest.approx(b.label.probabilities, abs=1e-6)
        assert (a.revision is None) == (b.revision is None)


def test_a_restored_classifier_goes_on_as_if_nothing_had_happened(windows):
    first, second = open_classifier(ADAPTIVE), open_classifier(ADAPTIVE)
    first.name(windows[:50])
    second.restore(first.snapshot())
    for a, b in zip(first.name(windows[50:80]), second.name(windows[50:80]), strict=True):
        assert a.label.probabilities == pytest.approx(b.label.probabilities, abs=1e-7)


def test_a_cut_window_is_left_unclassified_and_its_interval_kept(windows):
    classifier = open_classifier(ADAPTIVE)
    classifier.name(windows[:20])
    cut = BeatWindow(windows[20].r, windows[20].start, None, windows[20].known_at, "gap")
    (classification,) = classifier.name([cut])
    assert (classification.label.symbol, classification.label.probabilities) == ("Q", {})
    assert classifier.name([windows[21]])[0].label.probabilities


def test_forgetting_makes_a_new_patient(windows):
    classifier = open_classifier(ADAPTIVE)
    fresh = classifier.name(windows[5:10])
    classifier.name(windows[10:60])
    classifier.forget()
    again = classifier.name(windows[5:10])
    assert [n.label.probabilities for n in fresh] == [n.label.probabilities for n in again]


def test_streams_do_not_share_their_memory(windows):
    a, b = open_classifier(ADAPTIVE), open_classifier(ADAPTIVE)
    a.name(windows[:60])
    alone = open_classifier(ADAPTIVE).name(windows[60:62])
    assert b.name(windows[60:62])[1].label.probabilities == alone[1].label.probabilities


def interval_features(history: IntervalHistory, rr_s: float) -> dict[str, float]:
    features, after = history.add(rr_s)
    return dict(zip((*INTERVAL_FEATURES, *NEXT_FEATURES), (*features, *after), strict=True))


def test_an_early_beat_stands_out_and_its_pause_is_told_afterwards():
    history = IntervalHistory()
    for _ in range(12):
        history.add(0.8)
    early = interval_features(history, 0.5)
    later = interval_features(history, 1.1)
    for name in ("rr_to_last_rr", "rr_to_short_median", "rr_to_middle_tenth", "rr_to_long_nine_tenths"):
        assert early[name] == pytest.approx(np.log(0.5 / 0.8))
    assert later["next_rr_to_rr"] == pytest.approx(np.log(1.1 / 0.5))
    assert later["pair_to_short_median"] == pytest.approx(0.0, abs=1e-9)


def test_where_most_beats_are_early_the_slow_ones_still_tell():
    history = IntervalHistory()
    for k in range(200):
        history.add(1.1 if k % 6 == 0 else 0.7)
    early = interval_features(history, 0.7)
    assert early["rr_to_short_median"] == pytest.approx(0.0)
    assert early["rr_to_long_nine_tenths"] == pytest.approx(np.log(0.7 / 1.1))


def test_fibrillation_changes_more_than_a_regular_rhythm_with_early_beats():
    rng = np.random.default_rng(3)
    regular, irregular = IntervalHistory(), IntervalHistory()
    for k in range(60):
        regular.add(0.5 if k % 7 == 0 else 0.8)
        irregular.add(0.8 * rng.gamma(25, 1 / 25))
    calm, wild = (interval_features(history, 0.8) for history in (regular, irregular))
    assert calm["small_change"] == pytest.approx(0.0, abs=1e-9)
    assert wild["small_change"] > 0.2


def test_the_beat_after_long_intervals_is_kept_among_many_others():
    sinus, ectopic = np.zeros(360), np.zeros(360)
    sinus[205:220] = ectopic[205:220] = 1.0
    sinus[150:165] = 0.2
    ectopic[150:165] = -0.2
    context, r = PatientContext(), 0
    for k in range(200):
        slow = k % 6 == 0
        r += 400 if slow else 250
        beat = context.describe(r, sinus if slow else ectopic)
    assert beat is not None
    features = dict(zip(FEATURES, beat.features, strict=True))
    assert features["p_correlation_with_typical"] == pytest.approx(1.0)
    assert features["p_correlation_with_slow"] < 0
    assert features["p_correlation_of_typical_to_slow"] < 0


def test_no_interval_spans_a_gap():
    context = PatientContext()
    rng = np.random.default_rng(0)
    for k in range(5):
        context.describe(1000 + 300 * k, rng.normal(size=360))
    context.break_off()
    beat = context.describe(9000, rng.normal(size=360))
    assert beat is not None
    features = dict(zip(FEATURES, beat.features, strict=True))
    assert features["has_rr"] == 0.0
    assert features["rr_to_last_rr"] == 0.0
    assert features["has_typical"] > 0


def test_a_restored_context_describes_as_if_nothing_had_happened():
    rng = np.random.default_rng(2)
    first, second = PatientContext(), PatientContext()
    beats = [(300 * k + int(rng.integers(-60, 60)), rng.normal(size=360)) for k in range(1, 80)]
    for r, window in beats[:37]:
        first.describe(r, window)
    second.restore(first.snapshot())
    for r, window in beats[37:]:
        a, b = first.describe(r, window), second.describe(r, window)
        assert a is not None
        assert b is not None
        assert a.features == pytest.approx(b.features, abs=1e-12)
        np.testing.assert_allclose(a.shapes, b.shapes, atol=1e-6)


def test_the_typical_beat_is_the_median_whatever_the_gain():
    shape = np.sin(np.linspace(0, 6, 360))
    small, large = PatientContext(), PatientContext()
    for k in range(6):
        a = small.describe(300 * k, shape)
        b = large.describe(300 * k, 5 * shape)
    assert a is not None
    assert b is not None
    np.testing.assert_allclose(a.shapes, b.shapes, atol=1e-5)
    np.testing.assert_allclose(a.shapes[1:], 0, atol=1e-6)


def test_doubt_and_bias_decide_the_label():
    contract = open_classifier(ADAPTIVE).contract
    probabilities = np.array([0.2, 0.15, 0.15, 0.1, 0.4, 0.0, 0.0], dtype=np.float32)
    plain = Labeller(contract, ClassifierSettings()).label(probabilities, None)
    assert (plain.symbol, plain.aami) == ("N", "N")
    eager = Labeller(contract, ClassifierSettings(ventricular_bias=1.0)).label(probabilities, None)
    assert eager.symbol == "V"
    assert sum(eager.probabilities.values()) == pytest.approx(1.0)
    strict = Labeller(contract, ClassifierSettings(least_probability=0.9)).label(probabilities, None)
    assert (strict.symbol, strict.aami) == ("Q", "Q")
    assert strict.probabilities
