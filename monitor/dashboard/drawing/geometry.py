"""Where time and millivolts fall on the screen: pages, lanes and paper scale, without Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.run.companions import row_name

SECONDS_PER_BIG_BOX_MM = 5
"""A big box of ECG paper measures five millimetres each way."""


@dataclass(frozen=True, slots=True)
class Span:
    """A run of samples that lies unbroken on a page.

    Parameters
    ----------
    start, stop : int
        Absolute pipeline indices, half open.
    left, right : float
        Columns of both ends; ``right`` may equal the page's width.
    """

    start: int
    stop: int
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Page:
    """One sweep of time laid over a row of pixels, again and again.

    Sample ``i`` stands at column ``(i mod samples) * columns / samples``, so nothing
    drifts however long the stream runs, and a sweep or a scrolling view share one picture.

    Parameters
    ----------
    columns : int
        Width in device pixels.
    samples : int
        Samples at 360 Hz that one page holds.
    mm_px : float
        Pixels of one paper millimetre.
    mm_per_s : float
        Paper speed.
    """

    columns: int
    samples: int
    mm_px: float
    mm_per_s: float

    @property
    def seconds(self) -> float:
        """Time that one page shows."""
        return self.samples / PIPELINE_HZ

    @property
    def px_per_sample(self) -> float:
        """Columns that one sample takes."""
        return self.columns / self.samples

    def column(self, index: float) -> float:
        """Return the column at which an absolute index stands."""
        return (index % self.samples) * self.px_per_sample

    def spans(self, start: int, stop: int) -> list[Span]:
        """Cut a range of indices where the page ends; never longer than one page."""
        start = max(start, stop - self.samples)
        cuts: list[Span] = []
        while start < stop:
            origin = start - start % self.samples
            end = min(stop, origin + self.samples)
            scale = self.px_per_sample
            cuts.append(Span(start, end, (start - origin) * scale, (end - origin) * scale))
            start = end
        return cuts


def fit_page(width_px: int, seconds: float, mm_per_s: float = 25.0) -> Page:
    """Return a page that shows ``seconds`` over the whole width; the paper scale follows."""
    width_px = max(width_px, 32)
    return Page(width_px, round(seconds * PIPELINE_HZ), width_px / (seconds * mm_per_s), mm_per_s)


def paper_page(width_px: int, mm_px: float, mm_per_s: float) -> Page:
    """Return a page at true paper speed that holds whole big boxes only.

    Parameters
    ----------
    width_px : int
        Pixels at hand; the page may be up to one big box narrower.
    mm_px : float
        Pixels of one real millimetre of the screen.
    mm_per_s : float
        Paper speed, such as 12.5, 25 or 50.
    """
    boxes = max(int(width_px / (SECONDS_PER_BIG_BOX_MM * mm_px)), 1)
    seconds = boxes * SECONDS_PER_BIG_BOX_MM / mm_per_s
    columns = round(boxes * SECONDS_PER_BIG_BOX_MM * mm_px)
    return Page(columns, round(seconds * PIPELINE_HZ), mm_px, mm_per_s)


Kind = Literal["clean", "raw"]


class Trace(NamedTuple):
    """One curve: the raw or the clean signal of a lead; lead 0 is the one that is analysed."""

    kind: Kind
    lead: int = 0

    @property
    def row(self) -> str:
        """Name under which ring and history keep it."""
        return row_name(self.kind, self.lead)


@dataclass(frozen=True, slots=True)
class Lane:
    """A horizontal band of the page that holds one trace.

    Parameters
    ----------
    top, height : float
        Pixels.
    px_per_mv : float
        Gain.
    offset_mv : float
        Voltage that stands in the middle of the lane.
    """

    top: float
    height: float
    px_per_mv: float
    offset_mv: float = 0.0

    @property
    def middle(self) -> float:
        """Row of ``offset_mv``."""
        return self.top + self.height / 2

    @property
    def bottom(self) -> float:
        """Row just below the lane."""
        return self.top + self.height

    def rows(self, values_mv: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the pixel rows of voltages, kept inside the lane; missing stays missing."""
        rows = self.middle - (np.asarray(values_mv, dtype=np.float64) - self.offset_mv) * self.px_per_mv
        return np.clip(rows, self.top + 1, self.bottom - 1)

    def voltage(self, row: float) -> float:
        """Return the voltage that stands at a row."""
        return self.offset_mv + (self.middle - row) / self.px_per_mv


Lanes = Mapping[Trace, Lane]
"""The traces shown and where, from top to bottom."""


def heads(lanes: Lanes) -> dict[int, Lane]:
    """Return the uppermost lane of each lead: where its letters stand."""
    first: dict[int, Lane] = {}
    for trace, lane in lanes.items():
        first.setdefault(trace.lead, lane)
    return first


def grid_columns(page: Page) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the columns of the thin (1 mm) and strong (5 mm) vertical grid lines."""
    count = round(page.seconds * page.mm_per_s)
    columns = np.arange(count + 1) * (page.columns / count)
    strong = np.arange(count + 1) % SECONDS_PER_BIG_BOX_MM == 0
    return columns[~strong], columns[strong]


def grid_rows(lane: Lane, mm_px: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the rows of the thin and strong horizontal grid lines around a lane's middle."""
    reach = int(lane.height / 2 / mm_px)
    steps = np.arange(-reach, reach + 1)
    rows = lane.middle + steps * mm_px
    strong = steps % SECONDS_PER_BIG_BOX_MM == 0
    return rows[~strong], rows[strong]


def fitting_gain(values_mv: NDArray[np.floating], height_mm: float) -> float:
    """Return the largest usual gain (mm/mV) at which a trace stays inside its lane.

    Parameters
    ----------
    values_mv : array of shape (n,)
        A stretch of the trace; values that are not finite are ignored.
    height_mm : float
        Height of the lane in paper millimetres. Half of it holds a millivolt, so that a
        faint lead is not blown up until its noise looks like a heartbeat.
    """
    finite = values_mv[np.isfinite(values_mv)]
    if finite.size == 0:
        return 10.0
    low, high = np.percentile(finite, [0.1, 99.9])
    middle = float(np.median(finite))
    reach = 2.2 * max(high - middle, middle - low, 0.05)
    for gain in (40.0, 20.0, 15.0, 10.0, 7.5, 5.0, 2.5):
        if gain * max(reach, 2.0) <= height_mm:
            return gain
    return 1.0
