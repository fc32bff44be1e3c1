"""Kinds of message clocks and counters, good, coarse and wrong, as devices and gateways send them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np

EPOCH_S = 1_763_640_000
"""What devices that know the day begin with: seconds since 1970."""
START_S = 12.345
"""What devices begin with that count from their own start."""
EVENT_S = 30.0
"""When a clock steps, stops or starts anew."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a device knows when it writes a message.

    Parameters
    ----------
    number : int
        Messages before it.
    first : int
        Index of its first sample.
    n : int
        Its length in samples.
    fs_hz : float
        True rate in Hz.
    random : numpy.random.Generator
        For what is random.
    """

    number: int
    first: int
    n: int
    fs_hz: float
    random: np.random.Generator

    @property
    def at_s(self) -> float:
        """Seconds from the first sample of all to the first of this message."""
        return self.first / self.fs_hz

    @property
    def end_s(self) -> float:
        """Seconds to the end of this message."""
        return (self.first + self.n) / self.fs_hz


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of clock.

    Parameters
    ----------
    fields : callable
        Clock and counter of a message, as they stand in it.
    named : bool
        Messages name their rate.
    n, fs_hz : int, float
        Samples in a message, and their rate.
    speed : float
        How many times as fast as life messages come.
    """

    fields: Callable[[Message], dict[str, Any]]
    named: bool = True
    n: int = 50
    fs_hz: float = 250.0
    speed: float = 1.0


def _text(at_s: float, form: str) -> str:
    return (datetime.fromtimestamp(EPOCH_S, UTC) + timedelta(seconds=at_s)).strftime(form)


def _zoned(m: Message) -> dict[str, Any]:
    zone = timezone(timedelta(hours=1 if m.at_s < EVENT_S else 2))
    moment = datetime.fromtimestamp(EPOCH_S + m.at_s, zone)
    return {"t0": moment.isoformat(timespec="milliseconds")}


def _set(m: Message) -> dict[str, Any]:
    """Give the time of a clock that is set twice: an hour ahead, and a second back."""
    set_s = 3600.0 * (m.at_s > EVENT_S) - 1.0 * (m.at_s > EVENT_S + 10)
    return {"t0": EPOCH_S + m.at_s + set_s}


def _anew(m: Message) -> dict[str, Any]:
    again = m.at_s >= EVENT_S
    return {
        "t0": round(1000 * (m.at_s - EVENT_S if again else START_S + m.at_s)),
        "seq": m.number - round(EVENT_S * m.fs_hz / m.n) if again else 700 + m.number,
    }


def _stamped(m: Message) -> float:
    return round(EPOCH_S + m.end_s + m.random.uniform(0, 0.04), 3)


KINDS: dict[str, Kind] = {
    "seconds, counter": Kind(lambda m: {"t0": EPOCH_S + m.at_s, "seq": m.number}),
    "seconds": Kind(lambda m: {"t0": EPOCH_S + m.at_s}),
    "seconds of the last sample": Kind(lambda m: {"t0": round(EPOCH_S + m.end_s, 3)}),
    "seconds as text": Kind(lambda m: {"t0": f"{START_S + m.at_s:.3f}"}),
    "milliseconds, counter": Kind(lambda m: {"t0": round(1e3 * (START_S + m.at_s)), "seq": m.number}),
    "milliseconds": Kind(lambda m: {"t0": round(1e3 * (START_S + m.at_s))}),
    "milliseconds, single samples": Kind(lambda m: {"t0": round(1e3 * (START_S + m.at_s))}, n=1),
    "microseconds of 32 bits": Kind(lambda m: {"t0": round(1e6 * (4260 + m.at_s)) % 2**32}),
    "microseconds since 1970": Kind(lambda m: {"t0": round(1e6 * (EPOCH_S + m.at_s))}),
    "nanoseconds since 1970": Kind(lambda m: {"t0": round(1e9 * (EPOCH_S + m.at_s))}),
    "ticks of 1/32768 s": Kind(lambda m: {"t0": int(32768 * (START_S + m.at_s))}),
    "ticks of 10 ms, single samples": Kind(lambda m: {"t0": int(100 * m.at_s)}, n=1),
    "samples": Kind(lambda m: {"t0": m.first}),
    "whole seconds, counter": Kind(lambda m: {"t0": int(EPOCH_S + m.at_s), "seq": m.number}),
    "whole seconds": Kind(lambda m: {"t0": int(EPOCH_S + m.at_s)}),
    "date, whole seconds": Kind(lambda m: {"t0": _text(m.at_s, "%d/%m/%Y %H:%M:%S")}),
    "date with a zone that changes": Kind(_zoned),
    "time of day, over midnight": Kind(lambda m: {"t0": _text(m.at_s + 3570, "%H:%M:%S.%f")}),
    "stamped when sent, counter": Kind(lambda m: {"t0": _stamped(m), "seq": m.number}),
    "stamped when sent": Kind(lambda m: {"t0": _stamped(m)}),
    "all zero, counter": Kind(lambda m: {"t0": 0, "seq": m.number}),
    "all zero": Kind(lambda _: {"t0": 0}),
    "stops": Kind(lambda m: {"t0": START_S + min(m.at_s, EVENT_S)}),
    "set ahead and back": Kind(_set),
    "set ahead and back, counter": Kind(lambda m: {**_set(m), "seq": m.number}),
    "starts anew": Kind(_anew),
    "the same twice": Kind(lambda m: {"t0": START_S + (m.number // 2 * 2 * m.n) / m.fs_hz}),
    "random": Kind(lambda m: {"t0": m.random.uniform(0, 1e6), "seq": int(m.random.integers(1_000_000))}),
    "not to be read": Kind(lambda _: {"t0": "later"}),
    "counter of samples": Kind(lambda m: {"seq": m.first}),
    "counter of samples, 3 at a time": Kind(lambda m: {"seq": m.first}, n=3),
    "counter of 8 bits": Kind(lambda m: {"seq": m.number % 256}),
    "counter of one digit": Kind(lambda m: {"seq": m.number % 10}),
    "counter in tens": Kind(lambda m: {"seq": 10 * m.number}),
    "counter that stays 0": Kind(lambda _: {"seq": 0}),
    "nothing": Kind(lambda _: {}),
    "milliseconds, no rate named": Kind(lambda m: {"t0": round(1e3 * (START_S + m.at_s))}, named=False),
    "counter, no rate named": Kind(lambda m: {"seq": m.number}, named=False),
    "backlog, ten times as fast": Kind(
        lambda m: {"t0": EPOCH_S + m.at_s, "seq": m.number}, n=72, fs_hz=360.0, speed=10.0
    ),
    "milliseconds in a backlog": Kind(lambda m: {"t0": round(1e3 * (START_S + m.at_s))}, speed=10.0),
}
