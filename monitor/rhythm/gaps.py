"""How long something was seen, gaps left out, and when a gap is too long for that."""

from __future__ import annotations

from dataclasses import dataclass, field

LONG_GAP_S = 2.0
"""What goes on before a gap of so many seconds need not go on behind it: all that is counted begins anew."""


@dataclass(slots=True)
class Unseen:
    """Where nothing was seen of late, in samples or seconds.

    Parameters
    ----------
    gaps : list of (float, float)
        Start and end of each gap, ascending; no two of them touch.
    """

    gaps: list[tuple[float, float]] = field(default_factory=list)

    def add(self, start: float, end: float) -> tuple[float, float]:
        """Take a gap, parts of which may be known; return it with all that touches it."""
        gaps = self.gaps
        while gaps and gaps[-1][1] >= start:
            first, last = gaps.pop()
            start, end = min(first, start), max(last, end)
        gaps.append((start, end))
        return start, end

    def since(self, at: float) -> float:
        """Return how much behind ``at`` was not seen; what lies before is forgotten."""
        if not self.gaps:
            return 0.0
        self.gaps = [gap for gap in self.gaps if gap[1] > at]
        return sum(end - max(start, at) for start, end in self.gaps)
