"""Turns what people have in hand, arrays of any kind, into millivolts with one row a lead."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgmon.monitor.core.errors import SignalError

MOST_LEADS = 16
"""An axis longer than this is time."""

CLOCK_S = 0.5
"""A row that rises evenly for so long is a clock and no ECG."""

Samples = NDArray[np.float64]


def as_millivolts(
    values: ArrayLike,
    *,
    fs_hz: float,
    gain: ArrayLike | None = None,
    zero: ArrayLike = 0.0,
    leads: Sequence[str] | None = None,
) -> Samples:
    """Return samples in millivolts, one row a lead.

    Parameters
    ----------
    values : array of shape (n,), (n, n_leads) or (n_leads, n)
        Samples: an array, a list, or a series or table of pandas. An axis longer than
        16 is time. Where neither or both are, ``leads`` must tell. Not a number means a
        missing sample, and so does an entry that a masked array hides.
    fs_hz : float
        Sampling rate in Hz.
    gain : float or array of shape (n_leads,), optional
        Counts a millivolt of whole numbers: 1000 for microvolts. Without it the values are
        millivolts.
    zero : float or array of shape (n_leads,)
        The count that means 0 mV.
    leads : sequence of str, optional
        Names of the leads.

    Returns
    -------
    array of shape (n_leads, n)
        Millivolts.

    Raises
    ------
    SignalError
        It cannot be told what the values mean.
    """
    numbers = _numbers(values, counts=gain is not None)
    rows = _rows(numbers, None if leads is None else len(leads))
    _refuse_a_clock(rows, fs_hz)
    if gain is None and not np.any(zero):
        return rows
    return (rows - _per_lead("zero", zero, rows)) / _gain(gain, rows)


def lead_names(count: int) -> tuple[str, ...]:
    """Return names for leads that nobody named.

    Parameters
    ----------
    count : int
        Number of leads.
    """
    return ("ECG",) if count == 1 else tuple(f"ECG {number}" for number in range(1, count + 1))


def _numbers(values: ArrayLike, *, counts: bool) -> Samples:
    """Return the values as floats; refuse what is no number, and whole numbers without a gain."""
    try:
        array = values if isinstance(values, np.ma.MaskedArray) else np.asarray(values)
    except ValueError as error:
        raise SignalError(
            "The samples are lists of different lengths.", "Give each lead the same number of samples."
        ) from error
    if array.dtype.kind == "O":
        raise SignalError(
            "The samples hold something that is not a number.",
            "Write nan for a missing sample; of a pandas column take .to_numpy(float, na_value=nan).",
        )
    if array.dtype.kind not in "fiu":
        raise SignalError(
            f"The samples are of type {array.dtype}; an ECG is of real numbers.",
            "Turn them into floats first.",
        )
    if array.dtype.kind in "iu" and array.size and not counts:
        raise SignalError(
            "The samples are whole numbers, as a converter counts them.",
            "Say how many make a millivolt: gain=200, and zero=1024 for the count that means 0 mV. "
            "If they are millivolts already, turn them into floats.",
        )
    numbers = array.astype(np.float64)
    return numbers.filled(np.nan) if isinstance(numbers, np.ma.MaskedArray) else numbers


def _rows(numbers: Samples, n_leads: int | None) -> Samples:
    """Return the samples with one row a lead."""
    if numbers.ndim == 1:
        rows = numbers[None]
    elif numbers.ndim != 2:
        raise SignalError(
            f"The samples have the shape {numbers.shape}.",
            "Give one dimension, or two: leads and time.",
        )
    else:
        rows = numbers if _leads_come_first(numbers.shape, n_leads) else numbers.T
    if n_leads is None and not len(rows):
        return np.empty((1, 0))  # a table without a lead holds nothing, as an empty list does
    if n_leads is not None and n_leads != len(rows):
        raise SignalError(
            f"The samples of shape {numbers.shape} do not fit {_count(n_leads)}.",
            "Name as many leads as there are, in their order.",
        )
    return rows


def _leads_come_first(shape: tuple[int, ...], n_leads: int | None) -> bool:
    """Tell which of two axes is that of the leads."""
    first, last = shape
    if n_leads is not None and first != last and n_leads in shape:
        return first == n_leads
    if first <= MOST_LEADS < last or (first and not last):
        return True
    if last <= MOST_LEADS < first or not first:
        return False
    raise SignalError(
        f"It cannot be told which axis of the shape {shape} is time: one must be longer than {MOST_LEADS}, "
        "the other not.",
        "Give a lead as one dimension, or name the leads: "
        'SampleBlock.of(values, fs_hz=250, leads=("I", "II", "III")).',
    )


def _refuse_a_clock(rows: Samples, fs_hz: float) -> None:
    """Refuse a table whose first column is the time; who analyses it would find a silent heart."""
    if len(rows) < 2 or rows.shape[1] < max(CLOCK_S * fs_hz, 3.0):
        return
    steps = np.diff(rows[0])
    if steps.min() > 0.0 and steps.max() <= 3.0 * np.median(steps):
        raise SignalError(
            "The first of the leads rises evenly: it looks like a column of times.",
            "Leave it out: values[:, 1:] of a table with one row a sample.",
        )


def _gain(gain: ArrayLike | None, rows: Samples) -> Samples:
    if gain is None:
        raise SignalError("zero= is given without gain=.", "Say how many counts make a millivolt: gain=200.")
    column = _per_lead("gain", gain, rows)
    if not np.all(column > 0.0):
        raise SignalError(
            f"gain={column.ravel().tolist()} is not above 0.", "It is the number of counts a millivolt."
        )
    return column


def _per_lead(name: str, value: ArrayLike, rows: Samples) -> Samples:
    """Return one number, or one for each lead, as a column."""
    try:
        column = np.asarray(value, dtype=np.float64).reshape(-1, 1)
    except (TypeError, ValueError) as error:
        raise SignalError(
            f"{name}={value!r} is no number.", "Give one number, or one for each lead."
        ) from error
    if not np.isfinite(column).all():
        raise SignalError(f"{name}={column.ravel().tolist()} is not finite.", "Give a finite number.")
    if len(column) not in (1, len(rows)):
        raise SignalError(
            f"{name}={column.ravel().tolist()} does not fit {_count(len(rows))}.",
            "Give one number, or one for each lead.",
        )
    return column


def _count(leads: int) -> str:
    return "one lead" if leads == 1 else f"{leads} leads"
