"""The clock of a message as a number: numbers as they are, dates and times of day in seconds."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

_TEXT = re.compile(
    r"(?:(?P<a>\d{1,4})[./-](?P<b>\d{1,2})[./-](?P<c>\d{1,4})[\sT,]+)?"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,:](?P<part>\d{1,9}))?)?"
    r"\s*(?P<half>[ap]m)?\s*(?P<zone>z|utc|gmt|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_LONGEST = 64
_GREATEST = 1e21


def read_clock(value: Any) -> float | None:
    """Return the clock of a message as a number whose unit is still to be found out.

    Parameters
    ----------
    value : any
        What stands in the message.

    Returns
    -------
    float or None
        A number, or a number as text, as it is. A date or time of day in seconds; without a
        zone it counts as UTC, so that summer time is a step and no jump of a whole zone.
        None where there is no clock; not a number where it cannot be read.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        number = float(value)
    except OverflowError:
        return math.nan
    except ValueError:
        return _date(str(value).strip())
    return number if abs(number) < _GREATEST else math.nan


def _date(text: str) -> float:
    """Return the seconds of a date or of a time of day; not a number for what is neither."""
    if len(text) > _LONGEST:
        return math.nan
    for read in (datetime.fromisoformat, parsedate_to_datetime, _usual):
        try:
            found = read(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return math.nan


def _usual(text: str) -> datetime:
    """Read a day in any order, year first or last, and a time; or a time alone."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError("neither date nor time")
    part = found.groupdict()
    day = datetime(1970, 1, 1, tzinfo=UTC)
    if part["a"]:
        a, b, c = int(part["a"]), int(part["b"]), int(part["c"])
        year, month, date = (a, b, c) if len(part["a"]) == 4 else (c, b, a)
        month, date = (date, month) if month > 12 else (month, date)
        day = datetime(year if year > 99 else 2000 + year, month, date, tzinfo=UTC)
    half = (part["half"] or "").lower()
    hour = int(part["hour"]) % 12 + 12 * (half == "pm") if half else int(part["hour"])
    zone = (part["zone"] or "").replace(":", "")
    away = (
        timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5]))
        if zone[:1] in ("+", "-") and zone
        else timedelta()
    )
    return (
        day
        + timedelta(
            hours=hour,
            minutes=int(part["minute"]),
            seconds=int(part["second"] or 0) + float(f"0.{part['part'] or 0}"),
        )
        - (away if zone[:1] == "+" else -away)
    )
