"""Rhythms as a scorer sees them: stretches of time with a name, from events or from annotations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

PASSING = frozenset({"B", "T", "AB", "VT", "IVR"})
"""Rhythms that interrupt another one."""

UNREADABLE = frozenset({"NOISE"})
"""Annotated where nothing can be said; such time is not scored."""

WAVES = "VFL"
"""Name given to flutter waves between ``[`` and ``]``."""


@dataclass(frozen=True, slots=True)
class Span:
    """A rhythm from its first instant to its end.

    Parameters
    ----------
    begin_s, end_s : float
        Seconds since the record's beginning.
    rhythm : str
        WFDB rhythm string without the bracket.
    base : str
        The rhythm that it interrupts; the rhythm itself if it interrupts none.
    known_s : float or None
        When it was announced; None for annotations.
    """

    begin_s: float
    end_s: float
    rhythm: str
    base: str
    known_s: float | None = None


def spans_of(
    changes: Iterable[tuple[float, str, float | None]], duration_s: float, *, merge: bool = True
) -> list[Span]:
    """Return the stretches between changes of the rhythm.

    What a passing rhythm interrupts is the last one before it that is not passing; so
    annotation files of anybody are read alike.

    Parameters
    ----------
    changes : iterable of (float, str, float or None)
        When a rhythm began, its name, and when it was announced, in the order of time.
    duration_s : float
        Length of the record.
    merge : bool
        Make one of two stretches of one rhythm that meet.
    """
    listed = sorted(changes, key=lambda change: change[0])
    found: list[Span] = []
    base = ""
    for place, (begin_s, rhythm, known_s) in enumerate(listed):
        end_s = listed[place + 1][0] if place + 1 < len(listed) else duration_s
        if rhythm not in PASSING:
            base = rhythm
        span = Span(begin_s, end_s, rhythm, base, known_s)
        if merge and found and found[-1].rhythm == rhythm and found[-1].base == span.base:
            found[-1] = replace(found[-1], end_s=end_s)
        elif end_s > begin_s:
            found.append(span)
    return found


def annotated_changes(
    samples: NDArray[np.int64], symbols: NDArray[np.str_], notes: NDArray[np.str_], fs_hz: float
) -> list[tuple[float, str, float | None]]:
    """Return the changes of rhythm that an annotation file tells of.

    Flutter waves between ``[`` and ``]`` are a rhythm too, where no ``+`` stands with them.
    """
    changes: list[tuple[float, str, float | None]] = []
    for sample, symbol, note in zip(samples.tolist(), symbols.tolist(), notes.tolist(), strict=True):
        if symbol == "+" and note.startswith("("):
            changes.append((sample / fs_hz, note[1:], None))
    if not any(rhythm == WAVES for _, rhythm, _ in changes):
        begins, ends = samples[symbols == "["], samples[symbols == "]"]
        for begin in begins.tolist():
            before = [rhythm for at, rhythm, _ in changes if at <= begin / fs_hz]
            after = ends[ends > begin]
            changes.append((begin / fs_hz, WAVES, None))
            if after.size:
                changes.append((int(after[0]) / fs_hz, before[-1] if before else "N", None))
    return changes


def episodes(spans: Sequence[Span], rhythms: frozenset[str], *, through_passing: bool) -> list[Span]:
    """Return the episodes of some rhythms, those that meet joined.

    Parameters
    ----------
    spans : sequence of Span
        All stretches, in the order of time.
    rhythms : frozenset of str
        Rhythms that count as one.
    through_passing : bool
        An episode goes on while a passing rhythm interrupts it.
    """
    found: list[Span] = []
    for span in spans:
        if (span.base if through_passing else span.rhythm) not in rhythms:
            continue
        if found and span.begin_s <= found[-1].end_s:
            found[-1] = replace(found[-1], end_s=span.end_s)
        else:
            found.append(span)
    return found


def length_s(spans: Iterable[Span]) -> float:
    """Return how long stretches last together, in seconds."""
    return sum(span.end_s - span.begin_s for span in spans)


def common_s(ours: Sequence[Span], theirs: Sequence[Span]) -> float:
    """Return how long two sets of stretches, each without overlaps, last at the same time, in seconds."""
    return sum(max(0.0, min(a.end_s, b.end_s) - max(a.begin_s, b.begin_s)) for a in ours for b in theirs)


def without(spans: Iterable[Span], spared: Sequence[Span]) -> list[Span]:
    """Return stretches less the time of others."""
    left = list(spans)
    for gone in spared:
        left = [
            part
            for span in left
            for part in (
                replace(span, end_s=min(span.end_s, gone.begin_s)),
                replace(span, begin_s=max(span.begin_s, gone.end_s)),
            )
            if part.end_s > part.begin_s
        ]
    return left
