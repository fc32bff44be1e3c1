"""Beats as the window keeps them, and where their letters stand."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ecgmon.monitor.core.events import PIPELINE_HZ, Beat, BeatRevision

KEPT_BEATS = 15_000
"""More than the beats of the signal that is kept."""

KEPT_REASONS = 10_000
"""The newest beats that keep their own attribution: about two hours, as long as the signal."""


@dataclass(frozen=True, slots=True)
class ShownBeat:
    """A beat with its place on the pipeline's clock.

    Parameters
    ----------
    index : int
        Pipeline index of the R wave.
    beat : Beat
        The event.
    """

    index: int
    beat: Beat

    @property
    def symbol(self) -> str:
        """WFDB symbol."""
        return self.beat.symbol

    @property
    def notable(self) -> bool:
        """True for a beat whose AAMI class is not normal."""
        return self.beat.aami != "N"

    @property
    def time_s(self) -> float:
        """Seconds since the stream's sample 0."""
        return self.beat.time_s


class BeatBook:
    """Beats in the order of time, found by index.

    Parameters
    ----------
    capacity : int
        Beats kept; the oldest tenth goes when it is full.
    reasons : int
        Newest beats that keep their attribution.
    """

    def __init__(self, capacity: int = KEPT_BEATS, reasons: int = KEPT_REASONS) -> None:
        self._capacity = capacity
        self._reasons = reasons
        self._indices: list[int] = []
        self._beats: list[ShownBeat] = []

    def __len__(self) -> int:
        return len(self._beats)

    def __iter__(self) -> Iterator[ShownBeat]:
        return iter(self._beats)

    def add(self, beat: Beat) -> ShownBeat:
        """Take a beat; one at the same index replaces the older."""
        shown = ShownBeat(round(beat.time_s * PIPELINE_HZ), beat)
        at = bisect_left(self._indices, shown.index)
        if at < len(self._indices) and self._indices[at] == shown.index:
            self._beats[at] = shown
        else:
            self._indices.insert(at, shown.index)
            self._beats.insert(at, shown)
        if len(self._beats) > self._reasons:
            self._forget_reason(len(self._beats) - self._reasons - 1)
        if len(self._beats) > self._capacity:
            drop = self._capacity // 10
            del self._beats[:drop], self._indices[:drop]
        return shown

    def revise(self, revision: BeatRevision) -> tuple[ShownBeat, ShownBeat] | None:
        """Give a beat its revised class; return it as it was and as it is, if it is kept."""
        index = round(revision.time_s * PIPELINE_HZ)
        at = bisect_left(self._indices, index)
        if at == len(self._indices) or self._indices[at] != index:
            return None
        old = self._beats[at]
        beat = replace(
            old.beat,
            symbol=revision.symbol,
            aami=revision.aami,
            probabilities=revision.probabilities,
        )
        self._beats[at] = ShownBeat(index, beat)
        return old, self._beats[at]

    def _forget_reason(self, at: int) -> None:
        old = self._beats[at]
        if old.beat.attribution is not None:
            self._beats[at] = ShownBeat(old.index, replace(old.beat, attribution=None))

    def between(self, start: int, stop: int) -> list[ShownBeat]:
        """Return the beats whose R wave lies in ``[start, stop)``."""
        return self._beats[bisect_left(self._indices, start) : bisect_left(self._indices, stop)]

    def nearest(self, index: int, within: int) -> ShownBeat | None:
        """Return the beat closest to an index, if one is within so many samples."""
        near = self.between(index - within, index + within + 1)
        return min(near, key=lambda beat: abs(beat.index - index)) if near else None

    def before(self, index: int) -> ShownBeat | None:
        """Return the last beat before an index."""
        at = bisect_left(self._indices, index)
        return self._beats[at - 1] if at else None

    def after(self, index: int) -> ShownBeat | None:
        """Return the first beat behind an index."""
        at = bisect_right(self._indices, index)
        return self._beats[at] if at < len(self._beats) else None

    def tail(self, count: int) -> list[ShownBeat]:
        """Return the newest beats, oldest first."""
        return self._beats[-count:] if count else []

    def forget_from(self, index: int) -> None:
        """Drop the beats at an index and behind it, after a replay was wound back."""
        at = bisect_left(self._indices, index)
        del self._beats[at:], self._indices[at:]


@dataclass(frozen=True, slots=True)
class Letter:
    """A beat's class letter on the page.

    Parameters
    ----------
    column : float
        Column of the R wave.
    symbol : str
        What to write.
    strong : bool
        True for one that deserves a look.
    """

    column: float
    symbol: str
    strong: bool


def place_letters(
    beats: list[ShownBeat], origin: int, px_per_sample: float, spacing_px: float
) -> list[Letter]:
    """Return the letters of beats; a normal one that has no room gives way.

    Parameters
    ----------
    beats : list of ShownBeat
        In the order of time.
    origin : int
        Pipeline index of column 0.
    px_per_sample : float
        Scale.
    spacing_px : float
        Least distance between two letters.
    """
    letters: list[Letter] = []
    for shown in beats:
        column = (shown.index - origin) * px_per_sample
        letter = Letter(column, shown.symbol, shown.notable)
        if letters and column - letters[-1].column < spacing_px:
            if not letter.strong:
                continue
            if not letters[-1].strong:
                letters.pop()
        letters.append(letter)
    return letters
