"""Blocks of one device are put on one time base; what does not belong there is counted and said."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from ecgmon.monitor.core.events import SampleBlock
from ecgmon.monitor.run.intake import Intake

FS = 250.0
BEFORE = 100_000


def block(start: int, n: int = 50, fs_hz: float = FS, **more: object) -> SampleBlock:
    return SampleBlock(np.zeros((1, n)), start, fs_hz, "bed", **more)  # type: ignore[arg-type]


class Door:
    """Feeds an intake at the speed of life and keeps what comes out of it."""

    def __init__(self, *, live: bool = True, pace: float = 1.0) -> None:
        self.intake, self.pace, self.now_s = Intake(live=live), pace, 0.0
        self.taken: list[SampleBlock] = []
        self.said: list[tuple[str, float]] = []
        self.feed([block(BEFORE)])
        self.taken.clear()

    def feed(self, blocks: Iterable[SampleBlock]) -> Door:
        for part in blocks:
            self.now_s += self.pace * part.samples_mv.shape[1] / part.fs_hz
            self.taken += self.intake.take(part, self.now_s)
            self.said += self.intake.news()
        return self

    @property
    def places(self) -> list[tuple[int, int]]:
        return [(part.start, part.end) for part in self.taken]


def run_of(start: int, count: int, n: int = 50, fs_hz: float = FS) -> list[SampleBlock]:
    return [block(start + n * k, n, fs_hz) for k in range(count)]


def test_what_fits_passes_as_it_is():
    blocks = [*run_of(BEFORE + 50, 3), block(BEFORE + 400), block(BEFORE + 900, rewound=True), block(7, 0)]
    assert Door().feed(blocks).taken == blocks[:-1]


def test_a_replay_that_is_wound_back_is_not_late():
    assert Door().feed([block(0, rewound=True), block(50)]).places == [(0, 50), (50, 100)]


def test_what_overlaps_is_taken_from_its_first_new_sample():
    assert Door().feed([block(BEFORE + 20)]).places == [(BEFORE + 50, BEFORE + 70)]


def test_repeated_blocks_are_left_out_counted_and_said_now_and_then():
    door = Door().feed(part for at in range(40) for part in [block(BEFORE + 50 * at)] * 2)
    assert len(door.taken) == 39
    assert [seconds for _, seconds in door.said] == [0.0, 0.0]
    assert door.said[1][0].startswith("26 blocks, 5.2 s of signal left out")


def test_a_backlog_sent_again_is_left_out_and_said_after_two_seconds():
    door = Door(pace=0.1).feed([*run_of(BEFORE + 50, 30), *run_of(BEFORE + 50, 30), block(BEFORE + 1550)])
    assert len(door.taken) == 31
    assert [seconds for _, seconds in door.said] == [pytest.approx(2.1, abs=0.2), 0.0]


def test_a_live_device_that_counts_anew_goes_on_after_two_seconds_at_its_true_time():
    door = Door().feed(run_of(0, 30))
    assert door.places[0] == (BEFORE + 50 + 500, BEFORE + 50 + 550)
    assert door.places[-1] == (BEFORE + 50 + 29 * 50, BEFORE + 50 + 30 * 50)
    assert any("counts anew" in detail for detail, _ in door.said)


def test_a_recording_that_steps_back_is_left_out_for_good():
    door = Door(live=False).feed(run_of(0, 30))
    assert not door.taken
    assert door.said[0][1] == pytest.approx(2.1, abs=0.2)


@pytest.mark.parametrize("ahead", [10**9, 10**15])
def test_a_live_device_that_jumps_ahead_absurdly_goes_on_where_it_was(ahead):
    door = Door().feed([*run_of(BEFORE + ahead, 2), *run_of(BEFORE + 150, 2)])
    assert door.places == [(BEFORE + at, BEFORE + at + 50) for at in (50, 100, 150, 200)]
    assert "jumped ahead" in door.said[0][0]


def test_a_live_device_that_was_away_for_long_is_believed():
    door = Door()
    door.now_s += 86_400
    assert door.feed([block(BEFORE + 86_400 * 250)]).places == [
        (BEFORE + 86_400 * 250, BEFORE + 86_400 * 250 + 50)
    ]


@pytest.mark.parametrize("first", [0, BEFORE + 50, 2 * (BEFORE + 50)], ids=["anew", "by samples", "by time"])
def test_another_rate_goes_on_at_the_same_second_whatever_the_device_counts(first):
    door = Door().feed(run_of(first, 4, 100, 500.0))
    assert door.places == [(2 * BEFORE + 100 * k, 2 * BEFORE + 100 * k + 100) for k in range(1, 5)]


def test_one_block_that_differs_changes_nothing_and_three_in_a_row_do():
    other = run_of(2 * BEFORE + 100, 3, 100, 500.0)
    door = Door().feed([other[0], block(BEFORE + 50), other[1], block(BEFORE + 100), *other[:2]])
    assert {part.fs_hz for part in door.taken} == {FS}
    door.feed([other[2]])
    assert [part.fs_hz for part in door.taken[-3:]] == [500.0] * 3
    assert Door().feed([block(2 * BEFORE + 100, 1000, 500.0)]).taken, "two seconds are enough"
