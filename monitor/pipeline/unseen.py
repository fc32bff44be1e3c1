"""What is left of beats beside a hole that is not bridged: those in it are none."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.rpeak import RPeak
from ecgmon.monitor.dsp.segment import BeatWindow

QRS_HALF = round(0.06 * PIPELINE_HZ)
"""Samples to either side of an R wave without which its class is not told."""

MOST_UNSEEN = 1 / 3
"""Share of a beat's window that may be filled in."""

Stretches = Sequence[tuple[int, int]]
"""Pipeline indices of holes, ascending."""


def seen_peaks(peaks: list[RPeak], unseen: Stretches) -> list[RPeak]:
    """Return the R waves that lie in no hole.

    Parameters
    ----------
    peaks : list of RPeak
        R waves that were found.
    unseen : sequence of (int, int)
        The holes.
    """
    return [peak for peak in peaks if not _overlap(unseen, peak.sample, peak.sample)]


def cut_windows(windows: list[BeatWindow], unseen: Stretches) -> list[BeatWindow]:
    """Return the windows, without their signal where too much of it is filled in.

    Parameters
    ----------
    windows : list of BeatWindow
        Windows of beats.
    unseen : sequence of (int, int)
        The holes.
    """
    return [_cut(window, unseen) for window in windows]


def _cut(window: BeatWindow, unseen: Stretches) -> BeatWindow:
    if window.samples_mv is None:
        return window
    size, r = window.samples_mv.size, window.r
    filled = _overlap(unseen, window.start, window.start + size)
    if filled > MOST_UNSEEN * size or _overlap(unseen, r - QRS_HALF, r + QRS_HALF):
        return replace(window, samples_mv=None, cut="gap")
    return window


def _overlap(unseen: Stretches, start: float, end: float) -> float:
    """Return how much of what lies between two indices is in holes; more than 0 for a place in one."""
    total = 0.0
    for at in range(bisect_right(unseen, end, key=itemgetter(0)) - 1, -1, -1):
        low, high = unseen[at]
        if high <= start:
            break
        total += max(min(high, end) - max(low, start), 1.0)
    return total
