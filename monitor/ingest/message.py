"""The fields of one message, strictly: what is no number, rate, counter or name is refused, with a reason."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from ecgmon.firmware_bridge.decoders.native import LEAST_HZ, LONGEST_NAME, MOST_HZ
from ecgmon.firmware_bridge.packet import shown
from ecgmon.firmware_bridge.text.line import number_of
from ecgmon.firmware_bridge.units import Unit, unit_of
from ecgmon.monitor.ingest.live_settings import JsonFields

MOST_SAMPLES = 100_000
"""Samples of all leads of one message."""
MOST_LEADS = 64
_SEQ_BELOW = 2**32
_RATE = re.compile(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*(k?)(?:hz|sps)?\s*", re.IGNORECASE)
_WHOLE = re.compile(r"\s*\d{1,10}\s*")
_MOST_SHOWN = 5

Row = list[float | None]


class RefusedError(ValueError):
    """A message cannot be read.

    Parameters
    ----------
    reason : str
        One of few words, by which refusals are counted.
    advice : str
        What is wrong with it, and what to do.
    """

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(advice)
        self.reason = reason
        self.advice = advice


def read_json(payload: bytes) -> Any:
    """Return what a message holds as JSON.

    Raises
    ------
    RefusedError
        It is no JSON, names a key twice, is nested too deeply or holds an infinite number.
    """
    try:
        return json.loads(payload, object_pairs_hook=_once, parse_constant=_constant)
    except RefusedError:
        raise
    except RecursionError:
        raise RefusedError("nesting", "It is nested too deeply.") from None
    except UnicodeDecodeError:
        raise RefusedError("json", "It is no JSON: it is not written in UTF-8.") from None
    except ValueError as error:
        raise RefusedError("json", f"It is no JSON: {shown(str(error))}.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) < len(pairs):
        raise RefusedError("keys", "It names a key twice.")
    return keys


def _constant(name: str) -> float:
    if name != "NaN":
        raise RefusedError("infinity", f"It holds {name}, which is no number.")
    return float("nan")


def _rate(value: Any) -> Any:
    """Return the number of a rate as text, such as ``250 Hz``."""
    told = _RATE.fullmatch(value) if isinstance(value, str) else None
    return float(told[1]) * (1000 if told[2] else 1) if told else value


def _whole(value: Any) -> Any:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _truth(value: Any) -> Any:
    return bool(value) if type(value) is int and value in (0, 1) else value


def _unit(value: Any) -> Any:
    return (unit_of(value) or value if value else None) if isinstance(value, str) else value


def _names(value: Any) -> Any:
    if value is None or value in ("", []):
        return None
    return tuple(map(_name, value if isinstance(value, list) else [value]))


def _name(value: Any) -> Any:
    name = str(value) if type(value) is int else value
    if isinstance(name, str) and not name.isprintable():
        raise ValueError("not printable")
    return name


def _charge(value: Any) -> Any:
    """Return a charge from 0 to 100; None for what is none, which costs no samples."""
    number = number_of(value) if isinstance(value, str) else value
    known = isinstance(number, int | float) and not isinstance(number, bool) and 0 <= number <= 100
    return number if known else None


class Message(BaseModel):
    """The fields of a message but for clock and samples.

    Parameters
    ----------
    fs_hz : float or None
        Sampling rate in Hz.
    seq : int or None
        Counter.
    unit : {"adc", "mv", "uv", "v"} or None
        Unit of the samples.
    lead : tuple of str or None
        Names of the leads.
    lead_off : bool or None
        An electrode is off.
    battery_percent : float or None
        Charge of the battery.
    """

    model_config = ConfigDict(strict=True, frozen=True, defer_build=True)

    fs_hz: Annotated[float, Field(ge=LEAST_HZ, le=MOST_HZ), BeforeValidator(_rate)] | None = None
    seq: Annotated[int, Field(ge=0, lt=_SEQ_BELOW), BeforeValidator(_whole)] | None = None
    unit: Annotated[Unit | None, BeforeValidator(_unit)] = None
    lead: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)], ...] | None,
        Field(max_length=MOST_LEADS),
        BeforeValidator(_names),
    ] = None
    lead_off: Annotated[bool, BeforeValidator(_truth)] | None = None
    battery_percent: Annotated[float | None, BeforeValidator(_charge)] = None


_WANTED = {
    "fs_hz": f"a rate from {LEAST_HZ:g} to {MOST_HZ:g} Hz",
    "seq": f"a whole number from 0 to {_SEQ_BELOW - 1}",
    "unit": "mV, µV, V or adc",
    "lead": f"a name of up to {LONGEST_NAME} printable signs, or a list of up to {MOST_LEADS} of them",
    "lead_off": "true or false",
}
_ROW: TypeAdapter[Row] = TypeAdapter(Row, config=ConfigDict(strict=True, defer_build=True))


def read_fields(message: Mapping[str, Any], fields: JsonFields) -> Message:
    """Return the fields of a message.

    Raises
    ------
    RefusedError
        One of them holds what it cannot mean.
    """
    named = {key: find(message, getattr(fields, key)) for key in Message.model_fields}
    try:
        return Message.model_validate(named)
    except ValidationError as error:
        key = str(error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"][0])
    value = shown(_text(named[key]))
    raise RefusedError(key, f"Its {getattr(fields, key)} is {value}, and not {_WANTED[key]}.")


def read_samples(value: Any, text_numbers: bool = False) -> list[Row]:
    """Return the samples of a message, one row a lead; None for one that misses.

    Parameters
    ----------
    value : any
        A number, a list of numbers, or one list a lead.
    text_numbers : bool
        Numbers may be text: in a list, or in one text with commas or blanks between them.

    Raises
    ------
    RefusedError
        It is something else, too much or nothing.
    """
    value = _from_text(value) if text_numbers else value
    rows = value if isinstance(value, list) and value and isinstance(value[0], list) else [value]
    rows = [row if isinstance(row, list) else [row] for row in rows] if len(rows) == 1 else rows
    if any(not isinstance(row, list) or len(row) != len(rows[0]) for row in rows):
        raise RefusedError("samples", "Its leads are not lists of one length.")
    if not 0 < len(rows[0]) * len(rows) <= MOST_SAMPLES or len(rows) > MOST_LEADS:
        most = f"{MOST_SAMPLES} samples of {MOST_LEADS} leads"
        raise RefusedError("samples", f"It holds no samples, or more than {most}.")
    try:
        return [_ROW.validate_python(row) for row in rows]
    except ValidationError as error:
        place = error.errors(include_url=False, include_context=False)[0]["loc"][0]
    strange = next(row[place] for row in rows if isinstance(place, int) and not _is_number(row[place]))
    hint = " For numbers as text write text_numbers=true." if isinstance(strange, str) else ""
    raise RefusedError("samples", f"A sample is {shown(_text(strange))}, and no number.{hint}")


def _is_number(value: Any) -> bool:
    try:
        _ROW.validate_python([value])
    except ValidationError:
        return False
    return True


def _from_text(value: Any) -> Any:
    """Return a value with text turned into numbers wherever it is one."""
    if isinstance(value, str):
        cells = [cell for cell in re.split(r"[,;\s]+", value.strip()) if cell]
        numbers = [number_of(cell) for cell in cells]
        return value if None in numbers or not numbers else numbers if len(numbers) > 1 else numbers[0]
    return [_from_text(one) for one in value] if isinstance(value, list) else value


def find(message: Any, path: str) -> Any:
    """Return a field of a JSON object, dots leading into inner ones; None if it is not there."""
    if not path:
        return None
    for name in path.split("."):
        message = message.get(name) if isinstance(message, dict) else None
    return message


def keys_of(message: Mapping[str, Any]) -> str:
    """Return the names of the fields of a message for people, those of inner objects with dots."""
    names = list(_keys(message))
    more = ", …" if len(names) > _MOST_SHOWN else ""
    return shown(", ".join(names[:_MOST_SHOWN]) + more) if names else "none"


def _keys(message: Mapping[str, Any], depth: int = 3) -> Iterable[str]:
    for key, value in message.items():
        if isinstance(value, dict) and depth:
            yield from (f"{key}.{inner}" for inner in _keys(value, depth - 1))
        else:
            yield key


def _text(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)[:200]
    except (ValueError, RecursionError):  # Python does not write whole numbers of thousands of digits
        return "a number of thousands of digits"
