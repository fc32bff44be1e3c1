"""A beat as a mixture of the patient's usual beat and the atypical ones."""

import numpy as np
import pytest

from ecgmon.monitor.inference.atypical_beats import ATYPICAL_FEATURES, LEAST_ALIKE, AtypicalBeats
from ecgmon.monitor.inference.templates import FLAT_MV, QRS_T, about_mean, root_sum_square

TIME = np.arange(QRS_T.stop - QRS_T.start)
USUAL = about_mean(np.exp(-0.5 * ((TIME - 10) / 1.5) ** 2) + 0.2 * np.exp(-0.5 * ((TIME - 40) / 5) ** 2))
WIDE = about_mean(-1.4 * np.exp(-0.5 * ((TIME - 14) / 5) ** 2) + 0.5 * np.exp(-0.5 * ((TIME - 38) / 6) ** 2))


def describe(atypical: AtypicalBeats, beat: np.ndarray, gain: float = 1.0) -> tuple[float, ...]:
    length = root_sum_square(gain * USUAL)
    return atypical.describe(beat, gain * USUAL / length, length)


def features(atypical: AtypicalBeats, beat: np.ndarray, gain: float = 1.0) -> dict[str, float]:
    return dict(zip(ATYPICAL_FEATURES, describe(atypical, gain * beat, gain), strict=True))


def acquainted(gain: float = 1.0) -> AtypicalBeats:
    """Return one that has met usual beats and wide ones."""
    atypical = AtypicalBeats()
    for k in range(60):
        features(atypical, WIDE if k % 4 == 3 else USUAL, gain)
    return atypical


@pytest.mark.parametrize("gain", [1.0, -3.0, 0.2])
def test_a_fused_beat_has_a_part_of_both_kinds_whatever_gain_and_polarity(gain):
    fused = features(acquainted(gain), 0.7 * USUAL + 0.4 * WIDE, gain)
    assert fused["part_of_usual"] == pytest.approx(0.7, abs=0.06)
    assert fused["part_of_atypical"] == pytest.approx(0.4, abs=0.06)
    usual, wide = (features(acquainted(gain), beat, gain) for beat in (USUAL, WIDE))
    assert (usual["part_of_usual"], usual["part_of_atypical"]) == pytest.approx((1, 0), abs=0.06)
    assert (wide["part_of_usual"], wide["part_of_atypical"]) == pytest.approx((0, 1), abs=0.06)
    assert wide["correlation_with_atypical"] == pytest.approx(1.0)


def test_what_no_mixture_explains_is_told():
    wave = about_mean(np.sin(TIME * 1.3))
    assert features(acquainted(), wave)["part_unexplained"] > 0.9
    assert features(acquainted(), USUAL)["part_unexplained"] < 0.2


def test_without_an_atypical_beat_nothing_is_said():
    atypical = AtypicalBeats()
    for _ in range(30):
        assert set(describe(atypical, USUAL)) == {0.0}
    features(atypical, WIDE)
    assert features(atypical, WIDE)["has_atypical"] == pytest.approx(1 / LEAST_ALIKE)


def test_one_disturbance_does_not_take_the_place_of_ventricular_beats():
    atypical = acquainted()
    features(atypical, about_mean(np.random.default_rng(0).normal(size=TIME.size)))
    assert features(atypical, WIDE)["part_of_atypical"] == pytest.approx(1.0, abs=0.1)


def test_flat_signal_is_described_without_error():
    atypical = acquainted()
    flat = np.zeros(TIME.size)
    assert all(np.isfinite(atypical.describe(flat, flat, FLAT_MV)))
    assert all(np.isfinite(describe(atypical, flat)))


def test_a_restored_memory_describes_as_if_nothing_had_happened():
    first, second = acquainted(), AtypicalBeats()
    second.restore(first.snapshot())
    rng = np.random.default_rng(1)
    for _ in range(50):
        beat = about_mean(USUAL + rng.normal(0, 0.3, TIME.size))
        assert describe(first, beat) == describe(second, beat)
