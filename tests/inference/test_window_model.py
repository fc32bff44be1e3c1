"""The shipped classifiers name real beats right, say why, and give the same answer every time."""

from pathlib import Path

import numpy as np
import pytest

from ecgmon.models.common.windows import clean_windows
from ecgmon.monitor.dsp.segment import SegmentSettings, normalise
from ecgmon.monitor.inference import WindowModel
from ecgmon.sim.record import read_record

RECORDS = Path(__file__).parents[2] / "sim" / "records" / "mitdb"
NAMES = ("arrhythminet-v1", "arrhythminet-v2")


@pytest.fixture(scope="module")
def beats_of_200(classifier):
    contract = classifier.contract
    record = read_record(RECORDS / "200")
    stop = 360 * 120
    beats = np.isin(record.reference.symbols, ["N", "V"]) & (record.reference.samples < stop)
    symbols = record.reference.symbols[beats]
    kept, windows = clean_windows(
        record.samples_mv(0, stop)[0],
        record.reference.samples[beats].tolist(),
        margin=0,
        window=SegmentSettings(before_samples=contract.window_before, after_samples=contract.window_after),
    )
    return symbols[kept], normalise(windows)


@pytest.fixture(scope="module", params=NAMES)
def classifier(request):
    return WindowModel.load(request.param)


def test_nearly_every_beat_of_record_200_gets_its_name(classifier, beats_of_200):
    symbols, windows = beats_of_200
    probabilities, _ = classifier.classify(windows)
    named = np.array(classifier.contract.symbols)[probabilities.argmax(axis=1)]
    assert len(symbols) > 150
    assert (named[symbols == "V"] == "V").mean() >= 0.97
    assert (named == symbols).mean() >= 0.97


def test_a_ventricular_beat_is_shaded_inside_its_window(classifier, beats_of_200):
    symbols, windows = beats_of_200
    probabilities, attribution = classifier.classify(windows[symbols == "V"])
    right = probabilities.argmax(axis=1) == classifier.contract.symbols.index("V")
    shade = attribution[right]
    assert shade.min() >= 0
    assert shade.max(axis=1) == pytest.approx(1)
    assert (shade.min(axis=1) < 0.6).mean() > 0.9
    assert -80 < np.median(shade.argmax(axis=1)) - classifier.contract.window_before < 84


def test_outputs_have_the_stated_shapes(classifier, beats_of_200):
    for count in (0, 1, 3):
        probabilities, attribution = classifier.classify(beats_of_200[1][:count])
        assert probabilities.shape == (count, 5)
        assert attribution.shape == (count, 360)
        assert probabilities.dtype == attribution.dtype == np.float32
        assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_a_beat_is_named_the_same_alone_and_in_company(classifier, beats_of_200):
    windows = beats_of_200[1][:64]
    together = classifier.classify(windows)
    for number, window in enumerate(windows):
        alone = classifier.classify(window[None])
        for one, many in zip(alone, together, strict=True):
            np.testing.assert_allclose(one[0], many[number], rtol=0, atol=1e-6)


def test_the_same_windows_give_the_same_bits(beats_of_200):
    windows = beats_of_200[1][:16]
    first = WindowModel.load(NAMES[0]).classify(windows)
    second = WindowModel.load(NAMES[0]).classify(windows)
    assert all(np.array_equal(one, two) for one, two in zip(first, second, strict=True))


def test_a_flat_window_gives_finite_numbers(classifier):
    probabilities, attribution = classifier.classify(np.zeros((1, 360), dtype=np.float32))
    assert np.isfinite(probabilities).all()
    assert np.isfinite(attribution).all()


@pytest.mark.parametrize("shape", [(360,), (2, 359), (1, 1, 360)])
def test_windows_of_another_shape_are_refused(classifier, shape):
    with pytest.raises(ValueError, match=r"\(n, 360\)"):
        classifier.classify(np.zeros(shape, dtype=np.float32))
