"""How a trace view divides its area: gutter, page and lanes at the chosen scale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from monitor.dashboard.geometry import Lane, Page, fit_page, fitting_gain, paper_page

Mode = Literal["sweep", "scroll"]
Traces = Literal["both", "clean", "raw"]
CLEAN_SHARE = 0.62
SWEEP_GAP_S = 0.35
"""Blank stretch ahead of the sweep's cursor."""


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """What the user chose for a trace view.

    Parameters
    ----------
    mode : {"sweep", "scroll"}
        Whether the cursor or the paper moves.
    traces : {"both", "clean", "raw"}
        Lanes.
    seconds : float
        Length of the page; 0 for true paper speed.
    mm_per_s : float
        Paper speed.
    mm_per_mv : float
        Gain; 0 to fit the signal.
    opacity : float
        Of the attribution, 0 to 1.
    letters : bool
        Whether classes are written.
    grid : bool
        Whether millimetre paper is drawn.
    """

    mode: Mode = "sweep"
    traces: Traces = "both"
    seconds: float = 10.0
    mm_per_s: float = 25.0
    mm_per_mv: float = 0.0
    opacity: float = 0.6
    letters: bool = True
    grid: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """A view's page and lanes in device pixels."""

    page: Page
    lanes: dict[str, Lane]
    gain: dict[str, float]


def make_page(width: int, mm_px: float, options: ViewOptions) -> Page:
    """Return the page for a width; ``mm_px`` is the true size of a millimetre."""
    if options.seconds > 0:
        return fit_page(width, options.seconds, options.mm_per_s)
    return paper_page(width, mm_px, options.mm_per_s)


def make_lanes(
    page: Page, height: int, options: ViewOptions, recent: dict[str, NDArray[np.floating]], head_px: float
) -> Plan:
    """Divide the height into lanes and choose gain and offset.

    Parameters
    ----------
    page : Page
        Scale.
    height : int
        Device pixels.
    options : ViewOptions
        Choices.
    recent : dict of str to array
        The newest stretch of each trace, for fitting.
    head_px : float
        Room for letters, taken from a lane's height when the signal is fitted.
    """
    names = ("clean", "raw") if options.traces == "both" else (options.traces,)
    tops, top = {}, 0.0
    for name in names:
        share = (CLEAN_SHARE if name == "clean" else 1 - CLEAN_SHARE) if len(names) == 2 else 1.0
        tops[name] = Lane(top, height * share, 1.0)
        top += height * share
    lanes, gains = {}, {}
    for name, lane in tops.items():
        values = recent.get(name, np.zeros(0))
        finite = values[np.isfinite(values)]
        room = lane.height - 2 * (head_px if name == "clean" else 6.0)
        gain = options.mm_per_mv or fitting_gain(finite, room / page.mm_px)
        offset = float(np.median(finite)) if finite.size and name == "raw" else 0.0
        lanes[name] = replace(lane, px_per_mv=gain * page.mm_px, offset_mv=offset)
        gains[name] = gain
    return Plan(page, lanes, gains)


def scale_text(page: Page, gain: float) -> str:
    """Return the scale in the words of ECG paper."""
    return f"{page.mm_per_s:g} mm/s   {gain:g} mm/mV"


def must_refit(old: Plan, new: Plan) -> bool:
    """Return whether a plan no longer fits: the trace leaves its lane, or wastes most of it."""
    if old.lanes.keys() != new.lanes.keys():
        return True
    for name, lane in old.lanes.items():
        fit = new.lanes[name]
        drift_px = abs(fit.offset_mv - lane.offset_mv) * lane.px_per_mv
        if fit.px_per_mv < lane.px_per_mv or fit.px_per_mv > 1.9 * lane.px_per_mv:
            return True
        if drift_px > 0.12 * lane.height:
            return True
    return False
