"""The last intervals between beats, with those in which a gap may hide a beat told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ecgmon.monitor.core.events import Beat, Gap
from ecgmon.monitor.rhythm.intervals import HIDES_S

ALIKE, VERY_ALIKE = 0.3, 0.1
"""Shares by which a doubtful interval may be off the next known one, and the last."""

MOST_PARTS = 3
"""So many intervals at most are told apart in one that may hide beats."""

NEAR_S = 2.0
"""A gap spoils the quality of a beat for so long."""

KEPT = 64


def mean_bpm(intervals_s: Sequence[float]) -> float:
    """Return the mean rate, in beats a minute, over intervals in seconds."""
    return 60.0 * len(intervals_s) / sum(intervals_s)


@dataclass(slots=True)
class Intervals:
    """Intervals in seconds, as they become known.

    A doubtful one counts if it is like the next one that is known, or two or three times as long:
    then as two or three. It counts at once if it is like the last one. A beat that a gap cut, or that
    has a poor quality beside a gap, may be none: it is passed over, and the interval to the next one
    is doubtful.

    Parameters
    ----------
    known_s : list of float
        The last intervals that are known.
    doubtful_s : list of float
        Those behind them that are not.
    last : int or None
        Source index of the last R wave.
    passed : bool
        A beat behind it was passed over.
    gaps : list of int
        Source indices behind the last R wave at which a gap began that may hide a beat.
    gap_end : int or None
        Source index behind the newest of these gaps.
    """

    known_s: list[float] = field(default_factory=list)
    doubtful_s: list[float] = field(default_factory=list)
    last: int | None = None
    passed: bool = False
    gaps: list[int] = field(default_factory=list)
    gap_end: int | None = None

    def lose(self, gap: Gap, fs_hz: float) -> None:
        """Take a gap in a signal at a rate in Hz."""
        if gap.length_samples >= HIDES_S * fs_hz:
            self.gaps = [*self.gaps, gap.sample][-KEPT:]
            self.gap_end = gap.sample + gap.length_samples

    def is_beside_gap(self, beat: Beat, fs_hz: float) -> bool:
        """Tell whether a gap may be why a beat has a poor quality."""
        return self.gap_end is not None and beat.known_at - self.gap_end <= NEAR_S * fs_hz

    def take(self, beat: Beat, fs_hz: float, longest_s: float, *, poor: bool = False) -> bool:
        """Take a beat; tell whether an interval was added to those that are known.

        Parameters
        ----------
        beat : Beat
            The beat.
        fs_hz : float
            Rate of the source.
        longest_s : float
            An interval with a gap in it counts as several if each is still longer than this.
        poor : bool
            The beat may be none.
        """
        rr_s, known = beat.rr_s, len(self.known_s)
        cut = rr_s is None and not beat.probabilities and self.last is not None
        if poor or cut:
            self.passed = True
            return False
        spanned = any(start <= beat.sample for start in self.gaps)
        if rr_s is not None and not self.passed:
            parts = max(1, int(rr_s / longest_s)) if spanned else 1
            for other_s in self.doubtful_s:
                self.known_s += _parts(other_s, rr_s / parts, ALIKE)
            self.known_s += [rr_s / parts] * parts
            self.doubtful_s.clear()
        elif self.last is not None:
            self._doubt((beat.sample - self.last) / fs_hz, longest_s)
        self.last, self.passed = beat.sample, False
        self.gaps = [start for start in self.gaps if start > beat.sample]
        more = len(self.known_s) > known
        del self.known_s[:-KEPT]
        return more

    def _doubt(self, interval_s: float, longest_s: float) -> None:
        """Take a doubtful interval."""
        sure = _parts(interval_s, self.known_s[-1], VERY_ALIKE) if self.known_s else []
        if len(sure) == 1 or (sure and sure[0] > longest_s):
            self.known_s += sure
        else:
            self.doubtful_s = [*self.doubtful_s, interval_s][-KEPT:]


def _parts(interval_s: float, usual_s: float, spread: float) -> list[float]:
    """Return the intervals that a doubtful one is made of, if they are like the usual one; else none."""
    count = round(interval_s / usual_s)
    part_s = interval_s / max(count, 1)
    like = 1 <= count <= MOST_PARTS and abs(part_s - usual_s) <= spread * usual_s
    return [part_s] * count if like else []
