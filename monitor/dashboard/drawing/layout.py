"""How a trace view divides its area: gutter, page and lanes at the chosen scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.dashboard.drawing.geometry import (
    Kind,
    Lane,
    Page,
    Trace,
    fit_page,
    fitting_gain,
    heads,
    paper_page,
)

Mode = Literal["sweep", "scroll"]
Traces = Literal["both", "clean", "raw"]
OTHERS_SHARE = 0.7
_SHARES = {"clean": 0.62, "raw": 0.38}
USUAL_LEADS = 2
"""Leads shown where nobody has chosen."""

EDGE_PX = 6.0
"""Room above a lane that bears no letters."""

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
        Signals shown of each lead.
    leads : tuple of int
        Leads shown, 0 is the one that is analysed; empty for the first two.
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
    traces: Traces = "clean"
    leads: tuple[int, ...] = ()
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
    lanes: dict[Trace, Lane]
    gain: dict[Trace, float]


def make_page(width: int, mm_px: float, options: ViewOptions) -> Page:
    """Return the page for a width; ``mm_px`` is the true size of a millimetre."""
    if options.seconds > 0:
        return fit_page(width, options.seconds, options.mm_per_s)
    return paper_page(width, mm_px, options.mm_per_s)


def chosen_leads(options: ViewOptions, count: int) -> tuple[int, ...]:
    """Return the leads to show of a device that has so many, never none."""
    wanted = tuple(lead for lead in options.leads if lead < count)
    return wanted or tuple(range(min(count, USUAL_LEADS)))


def chosen_traces(options: ViewOptions, count: int) -> list[Trace]:
    """Return the traces to show of a device with ``count`` leads, from top to bottom."""
    kinds: tuple[Kind, ...] = ("clean", "raw") if options.traces == "both" else (options.traces,)
    return [Trace(kind, lead) for lead in chosen_leads(options, count) for kind in kinds]


def make_lanes(
    page: Page,
    height: int,
    options: ViewOptions,
    recent: Mapping[Trace, NDArray[np.floating]],
    head_px: float,
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
    recent : mapping of Trace to array
        The newest stretch of each trace to show, from top to bottom, for fitting.
    head_px : float
        Room for letters, taken from a lane's height when the signal is fitted.
    """
    bands = _bands(list(recent), height)
    lettered = list(heads(bands).values())
    lanes, gains = {}, {}
    for trace, lane in bands.items():
        values = recent[trace]
        finite = values[np.isfinite(values)]
        room = lane.height - 2 * (head_px if lane in lettered else EDGE_PX)
        gain = options.mm_per_mv or fitting_gain(finite, room / page.mm_px)
        offset = float(np.median(finite)) if finite.size and trace.kind == "raw" else 0.0
        lanes[trace] = replace(lane, px_per_mv=gain * page.mm_px, offset_mv=offset)
        gains[trace] = gain
    return Plan(page, lanes, gains)


def _bands(traces: Sequence[Trace], height: float) -> dict[Trace, Lane]:
    """Divide the height: the analysed lead gets more than the others, clean traces more than raw ones."""
    shares = [_SHARES[trace.kind] * (1.0 if trace.lead == 0 else OTHERS_SHARE) for trace in traces]
    unit = height / sum(shares)
    tops = np.cumsum([0.0, *shares]) * unit
    return {
        trace: Lane(float(top), share * unit, 1.0)
        for trace, top, share in zip(traces, tops[:-1], shares, strict=True)
    }


def scale_text(page: Page, gains: Sequence[float]) -> str:
    """Return the scale in the words of ECG paper; ``gains`` are those of the traces, in mm/mV."""
    words = ", ".join(f"{gain:g}" for gain in dict.fromkeys(gains))
    return f"{page.mm_per_s:g} mm/s   {words} mm/mV"


def must_refit(old: Plan, new: Plan) -> bool:
    """Return whether a plan no longer fits: the trace leaves its lane, or wastes most of it."""
    if old.lanes.keys() != new.lanes.keys():
        return True
    for trace, lane in old.lanes.items():
        fit = new.lanes[trace]
        drift_px = abs(fit.offset_mv - lane.offset_mv) * lane.px_per_mv
        if fit.px_per_mv < lane.px_per_mv or fit.px_per_mv > 1.9 * lane.px_per_mv:
            return True
        if drift_px > 0.12 * lane.height:
            return True
    return False
