"""The replay clock keeps to absolute deadlines and obeys its knobs."""

from __future__ import annotations

import math

import pytest

from ecgmon.sim.replay import ReplayControls


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time_s = 100.0

    def __call__(self) -> float:
        return self.time_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_deadlines_do_not_drift(clock: Clock) -> None:
    controls = ReplayControls(360, 650_000, speed=1.0, now=clock)
    assert controls.due_in_s(36) == pytest.approx(0.1)
    for block in range(1, 1000):
        clock.time_s += 0.1037  # every wake-up is late
        controls.moved(36 * block)
    assert controls.due_in_s(36_000) == pytest.approx(100.0 - 999 * 0.1037)


def test_speed_divides_the_waiting_time_from_now_on(clock: Clock) -> None:
    controls = ReplayControls(360, 650_000, speed=1.0, now=clock)
    controls.due_in_s(360)
    clock.time_s += 1.0
    controls.moved(360)
    controls.speed = 4.0
    assert controls.due_in_s(360 + 1440) == pytest.approx(1.0)


def test_full_speed_never_waits(clock: Clock) -> None:
    assert ReplayControls(360, 650_000, speed=None, now=clock).due_in_s(650_000) == 0


def test_a_pause_costs_no_deadline(clock: Clock) -> None:
    controls = ReplayControls(360, 650_000, now=clock)
    controls.due_in_s(36)
    controls.pause()
    assert controls.due_in_s(36) == math.inf
    clock.time_s += 1000
    controls.resume()
    assert controls.due_in_s(36) == pytest.approx(0.1)


@pytest.mark.parametrize(("seconds", "sample"), [(10.0, 3600), (-5.0, 0), (1e9, 650_000)])
def test_a_seek_lands_inside_the_record_and_is_taken_once(seconds: float, sample: int, clock: Clock) -> None:
    controls = ReplayControls(360, 650_000, now=clock)
    controls.seek(seconds)
    assert controls.take_seek() == sample
    assert controls.take_seek() is None
    assert controls.position_s == sample / 360


@pytest.mark.parametrize("speed", [0.0, -1.0, math.inf, math.nan])
def test_an_impossible_speed_is_refused(speed: float, clock: Clock) -> None:
    controls = ReplayControls(360, 650_000, now=clock)
    with pytest.raises(ValueError, match="above 0"):
        controls.speed = speed


def test_every_knob_wakes_the_source(clock: Clock) -> None:
    woken: list[str] = []
    controls = ReplayControls(360, 650_000, now=clock)
    controls.on_change(lambda: woken.append("yes"))
    controls.pause()
    controls.resume()
    controls.seek(3)
    controls.speed = 2.0
    assert len(woken) == 4
