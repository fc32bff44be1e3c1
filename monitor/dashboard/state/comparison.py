"""Our beats beside the reference's while a record is replayed: mismatches and a running score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.ecg_codes import AAMI_OF_SYMBOL
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dashboard.state.beats import BeatBook, Letter
from ecgmon.monitor.evaluation.annotations import Annotations

MATCH_S = 0.150
"""Pairs lie within 150 ms (ANSI/AAMI EC57)."""

SETTLE_S = 2.0
"""A beat is scored when it can no longer be missing merely because it is not known yet."""


@dataclass(frozen=True, slots=True)
class Score:
    """How the beats compared so far.

    Parameters
    ----------
    found, missed, extra : int
        Reference beats with and without a partner, and ours without one.
    agreed : int
        Pairs of the same AAMI class.
    """

    found: int = 0
    missed: int = 0
    extra: int = 0
    agreed: int = 0

    @property
    def sensitivity(self) -> float | None:
        """Share of the reference's beats that were found."""
        total = self.found + self.missed
        return self.found / total if total else None

    @property
    def predictivity(self) -> float | None:
        """Share of our beats that are the reference's."""
        total = self.found + self.extra
        return self.found / total if total else None

    @property
    def agreement(self) -> float | None:
        """Share of pairs with the same class."""
        return self.agreed / self.found if self.found else None

    def text(self) -> str:
        """Return the score as one line."""
        if self.sensitivity is None or self.predictivity is None or self.agreement is None:
            return "no beats compared yet"
        return (
            f"sensitivity {self.sensitivity:.1%}  ·  predictivity {self.predictivity:.1%}"
            f"  ·  same class {self.agreement:.1%}  ·  {self.found + self.missed} beats"
        )


class Comparison:
    """Reference beats on the pipeline's clock, and the score of what was played.

    Parameters
    ----------
    samples : array of shape (n,)
        Sample indices at the record's rate.
    symbols : sequence of str, length n
        WFDB symbols; annotations that are no beats are left out.
    fs_hz : float
        Rate of the record.
    """

    def __init__(self, samples: NDArray[np.integer], symbols: Sequence[str], fs_hz: float) -> None:
        kept = [number for number, symbol in enumerate(symbols) if str(symbol) in AAMI_OF_SYMBOL]
        self._indices = np.round(np.asarray(samples)[kept] * PIPELINE_HZ / fs_hz).astype(np.int64)
        self._symbols = [str(symbols[number]) for number in kept]
        flutter = Annotations(
            np.asarray(samples, dtype=np.int64), np.asarray(symbols, dtype=np.str_)
        ).flutter()
        self._flutter = np.round(flutter * PIPELINE_HZ / fs_hz).astype(np.int64)
        self._from: int | None = None
        self._settled = 0
        self.score = Score()

    def restart(self) -> None:
        """Score from the next position on, after a seek."""
        self._from = None
        self.score = Score()

    def advance(self, book: BeatBook, now: int) -> None:
        """Score what has settled by the pipeline index ``now``."""
        until = now - round(SETTLE_S * PIPELINE_HZ)
        if self._from is None:
            first = book.after(-1)
            if first is None:
                return
            self._from = self._settled = max(first.index - round(MATCH_S * PIPELINE_HZ), 0)
        if until <= self._settled:
            return
        within = round(MATCH_S * PIPELINE_HZ)
        found = missed = agreed = 0
        for index, symbol in self.between(self._settled, until):
            partner = book.nearest(index, within)
            if partner is None:
                missed += 1
            else:
                found += 1
                agreed += partner.beat.aami == AAMI_OF_SYMBOL[symbol]
        extra = sum(
            1
            for shown in book.between(self._settled, until)
            if self.nearest(shown.index, within) is None and not self.in_flutter(shown.index)
        )
        old = self.score
        self.score = Score(old.found + found, old.missed + missed, old.extra + extra, old.agreed + agreed)
        self._settled = until

    def in_flutter(self, index: int) -> bool:
        """Return whether an index lies in ventricular flutter, where beats are not scored (EC57)."""
        return bool(np.any((self._flutter[:, 0] <= index) & (index <= self._flutter[:, 1])))

    def between(self, start: int, stop: int) -> list[tuple[int, str]]:
        """Return index and symbol of the reference's beats in ``[start, stop)``."""
        first, last = np.searchsorted(self._indices, [start, stop])
        return [(int(self._indices[at]), self._symbols[at]) for at in range(int(first), int(last))]

    def nearest(self, index: int, within: int) -> str | None:
        """Return the symbol of the reference beat closest to an index, if one is near enough."""
        near = self.between(index - within, index + within + 1)
        return min(near, key=lambda beat: abs(beat[0] - index))[1] if near else None

    def letters(
        self, book: BeatBook, start: int, stop: int, origin: int, px_per_sample: float
    ) -> list[Letter]:
        """Return the reference's letters, ``strong`` where ours is missing or of another class."""
        within = round(MATCH_S * PIPELINE_HZ)
        made = []
        for index, symbol in self.between(start, stop):
            partner = book.nearest(index, within)
            wrong = partner is None or partner.beat.aami != AAMI_OF_SYMBOL[symbol]
            made.append(Letter((index - origin) * px_per_sample, symbol, wrong))
        return made
