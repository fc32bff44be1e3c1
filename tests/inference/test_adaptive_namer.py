"""The adaptive model as the pipeline uses it: beats of one patient, one after the other."""

import numpy as np
import pytest

from monitor.dsp.front_end import FrontEnd
from monitor.dsp.rpeak import RPeakDetector
from monitor.dsp.segment import BeatSegmenter, BeatWindow
from monitor.inference.context import IntervalHistory, PatientContext
from monitor.inference.namer import ClassifierSettings, Judge
from monitor.inference.opening import open_namer
from sim.library import find_record
from sim.record import read_record

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
    namings = open_namer(ADAPTIVE).name(windows)
    right = 0
    wanted = [w for w in windows if np.any(np.abs(ventricular - w.r) <= 54)]
    for window, naming in zip(windows, namings, strict=True):
        truly = bool(np.any(np.abs(ventricular - window.r) <= 54))
        right += truly and naming.label.symbol == "V"
    assert len(wanted) > 60
    assert right >= 0.9 * len(wanted)
    for naming in namings[3:]:
        shading = naming.label.attribution
        assert shading is not None
        assert shading.shape == (360,)
        assert shading.min() >= 0
        assert shading.max() == pytest.approx(1.0, abs=1e-5) or shading.max() == 0


def test_beats_named_one_by_one_are_named_as_in_one_go(windows):
    at_once = open_namer(ADAPTIVE).name(windows)
    namer = open_namer(ADAPTIVE)
    single = [namer.name([window])[0] for window in windows]
    for a, b in zip(at_once, single, strict=True):
        assert a.label.symbol == b.label.symbol
        assert a.label.probabilities == pytest.approx(b.label.probabilities, abs=1e-6)
        assert (a.revision is None) == (b.revision is None)


def test_a_restored_namer_goes_on_as_if_nothing_had_happened(windows):
    first, second = open_namer(ADAPTIVE), open_namer(ADAPTIVE)
    first.name(windows[:50])
    second.restore(first.snapshot())
    for a, b in zip(first.name(windows[50:80]), second.name(windows[50:80]), strict=True):
        assert a.label.probabilities == pytest.approx(b.label.probabilities, abs=1e-7)


def test_a_cut_window_is_left_unclassified_and_its_interval_kept(windows):
    namer = open_namer(ADAPTIVE)
    namer.name(windows[:20])
    cut = BeatWindow(windows[20].r, windows[20].start, None, windows[20].known_at, "gap")
    (naming,) = namer.name([cut])
    assert (naming.label.symbol, naming.label.probabilities) == ("Q", {})
    assert namer.name([windows[21]])[0].label.probabilities


def test_forgetting_makes_a_new_patient(windows):
    namer = open_namer(ADAPTIVE)
    fresh = namer.name(windows[5:10])
    namer.name(windows[10:60])
    namer.forget()
    again = namer.name(windows[5:10])
    assert [n.label.probabilities for n in fresh] == [n.label.probabilities for n in again]


def test_streams_do_not_share_their_memory(windows):
    a, b = open_namer(ADAPTIVE), open_namer(ADAPTIVE)
    a.name(windows[:60])
    alone = open_namer(ADAPTIVE).name(windows[60:62])
    assert b.name(windows[60:62])[1].label.probabilities == alone[1].label.probabilities


def test_an_early_beat_stands_out_and_its_pause_is_told_afterwards():
    history = IntervalHistory()
    for _ in range(12):
        history.add(0.8)
    early, _ = history.add(0.5)
    _, after = history.add(1.1)
    assert early[:5] == pytest.approx([np.log(0.5 / 0.8)] * 5)
    assert after[0] == pytest.approx(np.log(1.1 / 0.5))
    assert after[2] == pytest.approx(0.0, abs=1e-9)


def test_no_interval_spans_a_gap():
    context = PatientContext()
    rng = np.random.default_rng(0)
    for k in range(5):
        context.describe(1000 + 300 * k, rng.normal(size=360))
    context.break_off()
    beat = context.describe(9000, rng.normal(size=360))
    assert beat is not None
    assert beat.figures[10] == 0.0
    assert beat.figures[0] == 0.0
    assert beat.figures[11] > 0


def test_the_typical_beat_is_the_median_whatever_the_gain():
    shape = np.sin(np.linspace(0, 6, 360))
    small, large = PatientContext(), PatientContext()
    for k in range(6):
        a = small.describe(300 * k, shape)
        b = large.describe(300 * k, 5 * shape)
    assert a is not None
    assert b is not None
    np.testing.assert_allclose(a.shapes, b.shapes, atol=1e-5)
    np.testing.assert_allclose(a.shapes[1], 0, atol=1e-6)


def test_doubt_and_bias_decide_the_label():
    contract = open_namer(ADAPTIVE).contract
    probabilities = np.array([0.2, 0.15, 0.15, 0.1, 0.4, 0.0, 0.0], dtype=np.float32)
    plain = Judge(contract, ClassifierSettings()).label(probabilities, None)
    assert (plain.symbol, plain.aami) == ("N", "N")
    eager = Judge(contract, ClassifierSettings(ventricular_bias=1.0)).label(probabilities, None)
    assert eager.symbol == "V"
    assert sum(eager.probabilities.values()) == pytest.approx(1.0)
    strict = Judge(contract, ClassifierSettings(least_probability=0.9)).label(probabilities, None)
    assert (strict.symbol, strict.aami) == ("Q", "Q")
    assert strict.probabilities
