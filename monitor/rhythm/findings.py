"""What the rhythm analyser takes and gives, counted in pipeline samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ecgmon.monitor.core.state import AnyLength

EpisodeKind = Literal[
    "ventricular_couplet",
    "ventricular_run",
    "supraventricular_couplet",
    "supraventricular_run",
    "pause",
    "dropped_beat",
]
"""Short things that are worth telling and no rhythm of their own."""


@dataclass(frozen=True, slots=True, eq=False)
class SeenBeat:
    """A beat as the analyser sees it.

    Parameters
    ----------
    at : float
        Pipeline index of the R wave.
    aami : str
        AAMI class: ``N``, ``S``, ``V``, ``F`` or ``Q``.
    sure : float
        Probability of that class, 0 to 1.
    rr_s : float or None
        Seconds since the beat before; None after a gap or at the start.
    quality : float
        Signal quality at the beat, 0 to 1.
    before_mv : array of shape (n,), or None
        Clean signal in millivolts up to the R wave, which is its last sample.
    ventricular : float
        Probability that it is a ventricular beat, whatever its class.
    """

    at: float
    aami: str
    sure: float
    rr_s: float | None
    quality: float
    before_mv: AnyLength | None = None
    ventricular: float = 0.0


@dataclass(frozen=True, slots=True)
class RhythmFinding:
    """A rhythm began.

    Parameters
    ----------
    start : float
        Pipeline index of its first beat or sample.
    known_at : int
        Pipeline index at which it was known.
    rhythm : str
        WFDB rhythm string without the bracket.
    confidence : float
        0 to 1.
    beneath : str
        The base rhythm that a passing one interrupts; empty if it is the base rhythm
        itself, or if that is unknown.
    """

    start: float
    known_at: int
    rhythm: str
    confidence: float
    beneath: str = ""


@dataclass(frozen=True, slots=True)
class EpisodeFinding:
    """Something short is over.

    Parameters
    ----------
    start, end : float
        Pipeline indices of its first and last beat.
    known_at : int
        Pipeline index at which it was known to be over.
    kind : str
        What it was.
    beats : int
        Beats that it consists of; of a pause, the two at its ends.
    bpm : float
        Mean rate from the first to the last beat.
    """

    start: float
    end: float
    known_at: int
    kind: EpisodeKind
    beats: int
    bpm: float


RhythmOrEpisode = RhythmFinding | EpisodeFinding
