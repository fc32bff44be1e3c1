"""A beat as a mixture of the patient's usual beat and the unlike ones."""

import numpy as np
import pytest

from monitor.inference.templates import FLAT_MV, QRS_T, about_mean, root_sum_square
from monitor.inference.unlike import LEAST_ALIKE, UNLIKE_FIGURES, UnlikeBeats

TIME = np.arange(QRS_T.stop - QRS_T.start)
USUAL = about_mean(np.exp(-0.5 * ((TIME - 10) / 1.5) ** 2) + 0.2 * np.exp(-0.5 * ((TIME - 40) / 5) ** 2))
WIDE = about_mean(-1.4 * np.exp(-0.5 * ((TIME - 14) / 5) ** 2) + 0.5 * np.exp(-0.5 * ((TIME - 38) / 6) ** 2))


def describe(unlike: UnlikeBeats, beat: np.ndarray, gain: float = 1.0) -> tuple[float, ...]:
    length = root_sum_square(gain * USUAL)
    return unlike.describe(beat, gain * USUAL / length, length)


def figures(unlike: UnlikeBeats, beat: np.ndarray, gain: float = 1.0) -> dict[str, float]:
    return dict(zip(UNLIKE_FIGURES, describe(unlike, gain * beat, gain), strict=True))


def acquainted(gain: float = 1.0) -> UnlikeBeats:
    """Return one that has met usual beats and wide ones."""
    unlike = UnlikeBeats()
    for k in range(60):
        figures(unlike, WIDE if k % 4 == 3 else USUAL, gain)
    return unlike


@pytest.mark.parametrize("gain", [1.0, -3.0, 0.2])
def test_a_fused_beat_has_a_part_of_both_kinds_whatever_gain_and_polarity(gain):
    fused = figures(acquainted(gain), 0.7 * USUAL + 0.4 * WIDE, gain)
    assert fused["part_of_usual"] == pytest.approx(0.7, abs=0.06)
    assert fused["part_of_unlike"] == pytest.approx(0.4, abs=0.06)
    usual, wide = (figures(acquainted(gain), beat, gain) for beat in (USUAL, WIDE))
    assert (usual["part_of_usual"], usual["part_of_unlike"]) == pytest.approx((1, 0), abs=0.06)
    assert (wide["part_of_usual"], wide["part_of_unlike"]) == pytest.approx((0, 1), abs=0.06)
    assert wide["likeness_to_unlike"] == pytest.approx(1.0)


def test_what_no_mixture_explains_is_told():
    wave = about_mean(np.sin(TIME * 1.3))
    assert figures(acquainted(), wave)["part_unexplained"] > 0.9
    assert figures(acquainted(), USUAL)["part_unexplained"] < 0.2


def test_without_an_unlike_beat_nothing_is_said():
    unlike = UnlikeBeats()
    for _ in range(30):
        assert set(describe(unlike, USUAL)) == {0.0}
    figures(unlike, WIDE)
    assert figures(unlike, WIDE)["has_unlike"] == pytest.approx(1 / LEAST_ALIKE)


def test_one_disturbance_does_not_take_the_place_of_ventricular_beats():
    unlike = acquainted()
    figures(unlike, about_mean(np.random.default_rng(0).normal(size=TIME.size)))
    assert figures(unlike, WIDE)["part_of_unlike"] == pytest.approx(1.0, abs=0.1)


def test_flat_signal_is_described_without_error():
    unlike = acquainted()
    flat = np.zeros(TIME.size)
    assert all(np.isfinite(unlike.describe(flat, flat, FLAT_MV)))
    assert all(np.isfinite(describe(unlike, flat)))


def test_a_restored_memory_describes_as_if_nothing_had_happened():
    first, second = acquainted(), UnlikeBeats()
    second.restore(first.snapshot())
    rng = np.random.default_rng(1)
    for _ in range(50):
        beat = about_mean(USUAL + rng.normal(0, 0.3, TIME.size))
        assert describe(first, beat) == describe(second, beat)
