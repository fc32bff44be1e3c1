"""What stands in a stretch of the page: lines, shading, letters and hatching, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dashboard.drawing.decimate import bucket_size, column_maxima, polyline
from ecgmon.monitor.dashboard.drawing.geometry import Lanes, Page, Span, Trace
from ecgmon.monitor.dashboard.drawing.palette import shading_pixels
from ecgmon.monitor.dashboard.state.beats import Letter, place_letters
from ecgmon.monitor.dashboard.state.session import StreamSession

MARGIN = 12
"""Samples drawn beyond the stretch, so that lines meet at its edges."""

LETTER_REACH_S = 0.25

REFERENCE_DELAY = 432
"""Samples by which the reference is held back, so that our own beat is known beside it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One trace: columns and rows of its points; NaN rows break it."""

    trace: Trace
    x: NDArray[np.floating]
    y: NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Patch:
    """A hatched stretch with a word on it."""

    left: float
    right: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything to paint between two columns.

    Parameters
    ----------
    left, right : int
        Whole columns to repaint.
    lines : list of Line
        Traces.
    shading : array of uint32, shape (right - left,)
        One row of premultiplied ARGB32 pixels; empty for none.
    letters, reference : list of Letter
        Our classes and the reference's; ``strong`` of a reference letter tells of a mismatch.
    patches : list of Patch
        Gaps and bad signal.
    """

    left: int
    right: int
    lines: list[Line]
    shading: NDArray[np.uint32]
    letters: list[Letter]
    reference: list[Letter]
    patches: list[Patch]


def compose(
    session: StreamSession,
    page: Page,
    lanes: Lanes,
    span: Span,
    ramp: NDArray[np.uint32],
    *,
    head: int,
    letters: bool = True,
    letter_px: float = 14.0,
    widen: int = 0,
    inside: bool = False,
) -> Scene:
    """Return what to paint in a span of the page.

    Parameters
    ----------
    session : StreamSession
        Signal, beats and marks.
    page : Page
        Scale.
    lanes : mapping of Trace to Lane
        The traces shown.
    span : Span
        The stretch.
    ramp : array of uint32, shape (256,)
        Colours of the shading.
    head : int
        Nothing at this index or behind it is shown.
    letters : bool
        Whether classes are written.
    letter_px : float
        Least distance of two letters.
    widen : int
        Columns to repaint on each side of the stretch.
    inside : bool
        Move letters at the page's edges so that they are whole.
    """
    scale = page.px_per_sample
    left = max(int(np.floor(span.left)) - widen, 0)
    newest = span.right + (head - span.stop) * scale
    right = min(int(np.ceil(span.right)) + widen, int(np.ceil(newest)), page.columns)
    reach = MARGIN + int(widen / scale)
    start, stop = span.start - reach, min(span.stop + reach, head)
    start = max(start - start % bucket_size(scale), head - page.samples)
    start_column = span.left + (start - span.start) * scale
    origin = round(span.start - span.left / scale)
    around = int(LETTER_REACH_S * PIPELINE_HZ) + reach
    first, last = span.start - around, span.stop + around
    beats = session.beats.between(first, min(last, head)) if letters else []
    shown = place_letters(beats, origin, scale, letter_px)
    return Scene(
        left=left,
        right=right,
        lines=_lines(session, lanes, (start, stop), start_column, scale),
        shading=_shading(session, (start, stop), start_column, scale, (left, right), ramp),
        letters=_inside(shown, page, letter_px) if inside else shown,
        reference=_reference(session, first, min(last, head - REFERENCE_DELAY), origin, scale),
        patches=_patches(session, (start, stop), origin, scale),
    )


def _patches(session: StreamSession, samples: tuple[int, int], origin: int, scale: float) -> list[Patch]:
    return [
        Patch((mark.start - origin) * scale, (mark.stop - origin) * scale, mark.kind, mark.text)
        for mark in session.marks_between(*samples)
    ]


def _lines(
    session: StreamSession, lanes: Lanes, samples: tuple[int, int], start_column: float, scale: float
) -> list[Line]:
    lines = []
    for trace, lane in lanes.items():
        x, values = polyline(session.history.trace(trace.row, *samples), start_column, scale)
        lines.append(Line(trace, x, lane.rows(values)))
    return lines


def _shading(
    session: StreamSession,
    samples: tuple[int, int],
    start_column: float,
    scale: float,
    columns: tuple[int, int],
    ramp: NDArray[np.uint32],
) -> NDArray[np.uint32]:
    """Return the pixels of the columns, empty where no beat has an attribution."""
    left, right = columns
    shift = int(np.floor(start_column))
    maxima = column_maxima(session.history.attribution(*samples), start_column, scale, right - shift)
    row = np.zeros(right - left)
    first = max(shift, left)
    row[first - left :] = maxima[first - shift :]
    return shading_pixels(row, ramp) if row.any() else np.zeros(0, dtype=np.uint32)


def _inside(letters: list[Letter], page: Page, margin_px: float) -> list[Letter]:
    return [
        replace(letter, column=min(max(letter.column, margin_px), page.columns - margin_px))
        for letter in letters
        if 0 <= letter.column < page.columns
    ]


def _reference(session: StreamSession, start: int, stop: int, origin: int, scale: float) -> list[Letter]:
    if session.comparison is None or not session.show_reference:
        return []
    return session.comparison.letters(session.beats, start, stop, origin, scale)
