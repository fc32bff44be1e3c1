"""Puts the blocks of one device on one time base, and counts those that do not belong there."""

from __future__ import annotations

from dataclasses import replace

from ecgmon.monitor.core.events import SampleBlock
from ecgmon.monitor.ingest.agreement import Agreement, form_words
from ecgmon.monitor.ingest.left_out import LeftOut, LeftOutNews

ENOUGH_S = 2.0
"""Blocks of another rate or other leads count once there are three, or so many seconds of them."""

ANEW_AFTER_S = 2.0
"""A live source that counts from an earlier index for so long, at the speed of life, has begun anew."""

FURTHEST_S = 3600.0
"""A live source cannot be ahead of the clock by more than this; then its count is wrong."""

Form = tuple[float, tuple[str, ...]]


class Intake:
    """The door through which blocks of one device come to its stream.

    Behind it the index runs on, and rate and leads are those of the device. Not let in are

    - blocks of another rate or other leads, until three of them, or two seconds, agree;
    - blocks that end before the last one ended. If a live source goes on so for two seconds,
      no faster than life, it has begun to count anew: it is let in, its index moved.

    A live source that jumps ahead by more than an hour beyond what the clock allows is let in
    too, its index moved back.

    Parameters
    ----------
    live : bool
        The source brings what happens now; a recording is taken at its word.
    """

    def __init__(self, *, live: bool) -> None:
        self._live = live
        self._agreement: Agreement[Form, SampleBlock] = Agreement(ENOUGH_S)
        self._left_out = LeftOut("block")
        self._said: list[LeftOutNews] = []
        self._fs_hz = 0.0
        self._next = 0
        self._moved = self._moved_before = 0
        self._heard_s = 0.0
        self._late_end = 0
        self._late_s = 0.0
        self._late_since_s = 0.0

    def take(self, block: SampleBlock, now_s: float) -> list[SampleBlock]:
        """Take the next block; return those to be processed now, their indices moved where needed.

        Parameters
        ----------
        block : SampleBlock
            The block.
        now_s : float
            When it came, on a clock that never jumps.
        """
        if block.samples_mv.shape[1] == 0:
            return []
        if block.rewound or not self._fs_hz:
            self._agreement = Agreement(ENOUGH_S)
            self._fs_hz, self._next, self._heard_s = block.fs_hz, block.start, now_s
            self._moved = self._moved_before = 0
        force = self._agreement.form
        taken, refused = self._agreement.take(_form(block), block, _seconds(block))
        for other in refused:
            assert force is not None
            reason = f"{form_words(*_form(other))} in place of {form_words(*force)}"
            self._left_out.add(_seconds(other), reason, now_s)
        return [placed for other in taken for placed in self._placed(other, now_s)]

    def news(self) -> list[LeftOutNews]:
        """Return what there is to say since the last call."""
        news = [*self._said, *self._left_out.news]
        self._said, self._left_out.news = [], []
        return news

    def _placed(self, block: SampleBlock, now_s: float) -> list[SampleBlock]:
        if block.fs_hz != self._fs_hz:
            self._change_rate(block)
        ahead = self._ahead(block)
        if self._live and ahead > (FURTHEST_S + now_s - self._heard_s) * self._fs_hz:
            self._move(block, f"the device's count jumped ahead by {ahead / self._fs_hz:.0f} s", now_s)
        elif ahead + block.samples_mv.shape[1] <= 0:
            if not self._counts_anew(block, now_s):
                reason = f"begins {-ahead / self._fs_hz:.1f} s before the end of what was taken"
                self._left_out.add(_seconds(block), reason, now_s, calm_s=0.0)
                return []
            self._move(block, "the device counts anew", now_s)
        start = block.start + self._moved
        skip = max(0, self._next - start)
        self._late_s, self._heard_s, self._next = 0.0, now_s, start + block.samples_mv.shape[1]
        self._left_out.taken(_seconds(block))
        if not (skip or self._moved):
            return [block]
        return [replace(block, start=start + skip, samples_mv=block.samples_mv[:, skip:])]

    def _ahead(self, block: SampleBlock) -> int:
        """Return the samples missing before a block; a count that was wrong may be right again."""
        ahead, before = (block.start + moved - self._next for moved in (self._moved, self._moved_before))
        if ahead < 0 <= before < ANEW_AFTER_S * self._fs_hz:
            self._moved, ahead = self._moved_before, before
        return ahead

    def _change_rate(self, block: SampleBlock) -> None:
        """Let the index run on at the same second; a count of samples that runs on is brought there."""
        counted, self._next = self._next, round(self._next / self._fs_hz * block.fs_hz)
        self._fs_hz = block.fs_hz
        runs_on = block.start + self._moved == counted or block.start < self._next
        self._moved = self._moved_before = self._next - block.start if runs_on else 0

    def _counts_anew(self, block: SampleBlock, now_s: float) -> bool:
        """Tell whether blocks that come too early have followed each other for long, as life does."""
        if not 0 <= block.start - self._late_end < ANEW_AFTER_S * self._fs_hz:
            self._late_s, self._late_since_s = 0.0, now_s
        self._late_end = block.end
        self._late_s += _seconds(block)
        life = now_s - self._late_since_s >= self._late_s / 2
        return self._live and life and self._late_s > ANEW_AFTER_S

    def _move(self, block: SampleBlock, why: str, now_s: float) -> None:
        """Let the index of a block follow the last one, as much later as it came."""
        away = round((now_s - self._heard_s) * self._fs_hz) - block.samples_mv.shape[1]
        self._moved_before, self._moved = self._moved, self._next - block.start + max(0, away)
        self._said.append(LeftOutNews(f"{why}; its samples are taken as they come", 0.0))


def _form(block: SampleBlock) -> Form:
    return block.fs_hz, tuple(sorted(block.leads))


def _seconds(block: SampleBlock) -> float:
    return int(block.samples_mv.shape[1]) / block.fs_hz if block.fs_hz > 0 else 0.0
