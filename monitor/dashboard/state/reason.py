"""Says in words why a beat was called what it was called."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecgmon.monitor.core.ecg_codes import BEAT_NAMES
from ecgmon.monitor.dashboard.state.averages import BeatShape
from ecgmon.monitor.dashboard.state.beats import BeatBook, ShownBeat

PARTS = {
    "stretch before the P wave": (-0.6, -0.25),
    "P wave": (-0.25, -0.06),
    "QRS": (-0.06, 0.08),
    "ST and T wave": (0.08, 0.4),
}
"""Parts of a beat in seconds from the R wave; usual bounds, not measured for each beat."""

EARLY, LATE = 0.88, 1.15
USUAL_BEATS = 12


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a beat has its class.

    Parameters
    ----------
    title : str
        Symbol's plain name and how sure the model is.
    chances : list of (str, float)
        Probabilities, the largest first.
    lines : list of str
        Plain sentences.
    """

    title: str
    chances: list[tuple[str, float]]
    lines: list[str]


def explain_beat(shown: ShownBeat, shape: BeatShape, book: BeatBook) -> Reason:
    """Return the reason of a beat from its probabilities, timing and attribution.

    Parameters
    ----------
    shown : ShownBeat
        The beat.
    shape : BeatShape
        Its signal and attribution.
    book : BeatBook
        The beats around it.
    """
    beat = shown.beat
    chances = sorted(beat.probabilities.items(), key=lambda item: -item[1])
    name = BEAT_NAMES.get(beat.symbol, beat.symbol)
    sure = f" {beat.probabilities[beat.symbol]:.0%}" if beat.symbol in beat.probabilities else ""
    lines = [line for line in (focus(shape), timing(shown, book)) if line]
    if not beat.probabilities:
        lines.insert(0, "Not classified: the signal around it is incomplete.")
    return Reason(f"{name}{sure}", chances, lines)


def focus(shape: BeatShape) -> str:
    """Say which part of the beat the model looked at most."""
    if not shape.attribution.any():
        return ""
    shares: dict[str, float] = {}
    for part, (start, stop) in PARTS.items():
        inside = (shape.time_s >= start) & (shape.time_s < stop)
        shares[part] = float(shape.attribution[inside].mean())
    part = max(shares, key=lambda key: shares[key])
    start, stop = PARTS[part]
    inside = (shape.time_s >= start) & (shape.time_s < stop)
    peak_ms = 1000 * float(shape.time_s[inside][int(np.argmax(shape.attribution[inside]))])
    return f"The model looked most at the {part}; strongest there {abs(peak_ms):.0f} ms " + (
        "after the R wave." if peak_ms >= 0 else "before the R wave."
    )


def timing(shown: ShownBeat, book: BeatBook) -> str:
    """Say whether the beat came early or late against the beats before it."""
    rr_s = shown.beat.rr_s
    before = book.between(shown.index - 360 * 15, shown.index)[-USUAL_BEATS:]
    usual = [b.beat.rr_s for b in before if b.beat.rr_s is not None]
    if rr_s is None or len(usual) < 4:
        return ""
    ratio = rr_s / float(np.median(usual))
    if ratio < EARLY:
        return f"It came {1 - ratio:.0%} early: {1000 * rr_s:.0f} ms after the beat before."
    if ratio > LATE:
        return f"It came {ratio - 1:.0%} late: {1000 * rr_s:.0f} ms after the beat before."
    return f"It came on time: {1000 * rr_s:.0f} ms after the beat before."
