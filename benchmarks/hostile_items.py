"""A hundred hostile payloads and names, by kind, for `benchmarks.hostile` and its test. Seeded."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ecgmon.firmware_bridge.decoders.native import Hello, encode_data, encode_hello

RATE_HZ = 250.0
FRAME = 50
"""Samples in a message of a device that means harm."""

Message = Callable[[int], bytes]
"""Takes the number of a message, from 0; returns it."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something hostile.

    Parameters
    ----------
    kind : str
        What it is one of.
    label : str
        What it is, in a word or two.
    topic : str
        Where it is published; ``{}`` stands for the number of the message.
    message : callable
        Makes the messages.
    rate_hz : float
        Messages a second.
    """

    kind: str
    label: str
    topic: str
    message: Message
    rate_hz: float = 5.0


def packet(number: int, **fields: Any) -> bytes:
    """Return a good message, but for the fields named."""
    good = {"fs_hz": RATE_HZ, "seq": number, "unit": "mV", "samples": [0.1] * FRAME}
    return json.dumps({**good, **fields}).encode()


def _raw(number: int, **fields: str) -> bytes:
    """Return a message whose named fields are written as they stand."""
    text = {"fs_hz": "250", "seq": str(number), "samples": json.dumps([0.1] * FRAME), **fields}
    return ("{" + ", ".join(f'"{key}": {value}' for key, value in text.items()) + "}").encode()


def _bytes() -> dict[str, Message]:
    chance = random.Random(14)
    noise = [chance.randbytes(500) for _ in range(50)]
    data = encode_data([100] * 25, 3, 100_000)
    hello = encode_hello(Hello(RATE_HZ, 1000.0), 0, 0)
    fixed = {
        "empty": b"",
        "one zero": b"\x00",
        "zeros": b"\x00" * 5000,
        "ones": b"\xff" * 5000,
        "half a frame": data[:12],
        "frame with a wrong bit": data[:8] + bytes([data[8] ^ 1]) + data[9:],
        "frames without hello": data,
        "hello alone": hello,
        "hello of 4 MHz": encode_hello(Hello(4.2e6, 1000.0), 0, 0) + data,
        "hello of 0.001 Hz": encode_hello(Hello(0.001, 1000.0), 0, 0) + data,
        "hello of long names": encode_hello(Hello(RATE_HZ, 1000.0, ("x" * 255,) * 3, "\x1b[2J" * 40), 0, 0)
        + data,
        "a megabyte and a half": b"{" + b" " * 1_500_000,
        "gzip": gzip.compress(packet(0)),
        "UTF-16": packet(0).decode().encode("utf-16"),
        "broken UTF-8": b'{"samples": [1], "device": "\xc3\x28"}',
    }
    made: dict[str, Message] = {label: lambda _, data=data: data for label, data in fixed.items()}  # type: ignore[misc]
    return {**made, "chance": lambda number: noise[number % len(noise)]}


def _json() -> dict[str, Message]:
    fixed = {
        "half": b'{"samples": [0.1, 0.2',
        "object": b"{}",
        "list": b"[[1, 2], {}]",
        "null": b"null",
        "true": b"true",
        "text": b'"0.1"',
        "deep list": b'{"samples": ' + b"[" * 50_000,
        "deep object": b'{"a":' * 50_000,
        "digits": b'{"samples": [' + b"9" * 100_000 + b"]}",
        "twice the same key": b'{"samples": [1], "samples": [2], "fs_hz": 1, "fs_hz": 250}',
        "a comma too many": packet(0)[:-2] + b",]}",
        "surrogate": b'{"samples": [0.1], "fs_hz": 250, "lead": "\\ud800"}',
        "zero in a key": b'{"samples\\u0000": [1]}',
    }
    return {label: lambda _, data=data: data for label, data in fixed.items()}  # type: ignore[misc]


def _fields() -> dict[str, Message]:
    plain: dict[str, dict[str, Any]] = {
        "no samples": {"samples": []},
        "samples in a list of lists of lists": {"samples": [[[1]]]},
        "samples of 1e300": {"samples": [1e300, -1e300] * 25},
        "samples of truth values": {"samples": [True, False] * 25},
        "samples of text": {"samples": ["0.1"] * 50},
        "samples as text": {"samples": "0.1"},
        "samples as object": {"samples": {"0": 1}},
        "rows of unequal length": {"samples": [[1, 2, 3], [1]]},
        "ten thousand leads": {"samples": [[0.1]] * 10_000},
        "a hundred thousand samples": {"samples": [0] * 100_000},
        "rate 0": {"fs_hz": 0},
        "rate below 0": {"fs_hz": -250},
        "rate 1e-17": {"fs_hz": 1e-17},
        "rate 1e9": {"fs_hz": 1e9},
        "rate true": {"fs_hz": True},
        "rate as list": {"fs_hz": [250]},
        "counter below 0": {"seq": -5},
        "counter 1e30": {"seq": 10**30},
        "counter as text": {"seq": "x"},
        "clock 1e300": {"t0": 1e300},
        "clock below 0": {"t0": -1e15},
        "clock as text": {"t0": "yesterday"},
        "unit of another world": {"unit": "kV"},
        "long unit": {"unit": "m" * 70_000},
        "lead of two lines": {"lead": "II\n# device: bed1"},
        "lead of 70 kB": {"lead": "\x1b]0;x\x07" * 10_000},
        "a thousand leads named": {"lead": ["I"] * 1000},
        "lead off in words": {"lead_off": "false"},
        "battery 1e99": {"battery_percent": 1e99},
    }
    written = {
        "samples not a number": {"samples": "[NaN, NaN]"},
        "samples infinite": {"samples": "[Infinity, -Infinity]"},
        "rate not a number": {"fs_hz": "NaN"},
        "clock infinite": {"t0": "-Infinity"},
        "samples of 1e400": {"samples": "[1e400]"},
    }
    made: dict[str, Message] = {
        label: lambda number, changes=changes: packet(number, **changes)  # type: ignore[misc]
        for label, changes in plain.items()
    }
    made |= {
        label: lambda number, changes=changes: _raw(number, **changes)  # type: ignore[misc]
        for label, changes in written.items()
    }
    return {
        **made,
        "counter that leaps": lambda number: packet(number, seq=10**15 * (number % 2) + number),
        "clock that leaps": lambda number: packet(number, t0=1e6 * (number % 3)),
        "another rate each time": lambda number: packet(number, fs_hz=100 + number % 400),
        "other leads each time": lambda number: packet(number, samples=[[0.1] * 50] * (1 + number % 5)),
        "another unit each time": lambda number: packet(number, unit=("mV", "uV", "V")[number % 3]),
    }


LOOKALIKES = (
    "BED1",
    "bed1 ",
    " bed1",
    "bed1.",
    "bed1\u200b",
    "b\u0435d1",
    "be\u0301d1",
    "bed~1",
    "bed1~raw",
    "..",
)
TOPIC_NAMES = (
    *LOOKALIKES,
    "bed%31",
    "$SYS",
    "=1+1",
    "<b>bed1</b>",
    "nul",
    "-rf",
    "~root",
    "x" * 60_000,
    "😀" * 300,
)
NAMES = (
    *(
        "/etc/passwd",
        "../../bed1",
        "#",
        "+",
        "\x00",
        "bed1\n",
        "\x1b[2J\x1b]0;bed1\x07",
        "\u202e1deb",
        "\ud800",
    ),
    *(
        "=cmd|' /C calc'!A0",
        "<script>alert(1)</script>",
        "%s%n{0}",
        "__proto__",
        "bed1@127.0.0.1",
        "y" * 70_000,
    ),
)


def items() -> list[Item]:
    """Return all, in a fixed order."""
    found = [
        Item(kind, label, f"ecg/evil-{place}/raw", message)
        for kind, made in (("bytes", _bytes()), ("JSON", _json()), ("fields", _fields()))
        for place, (label, message) in enumerate(made.items())
    ]
    found += [Item("names in topics", repr(n)[1:25], f"ecg/{n}/raw", packet) for n in TOPIC_NAMES]
    found += [
        Item(
            "names in messages, on a bed's own topic",
            ascii(name)[1:25],
            "ecg/bed1/raw",
            lambda number, name=name: packet(number, device=name),  # type: ignore[misc]
        )
        for name in NAMES
    ]
    return [
        *found,
        Item("bytes", "garbage on a bed's own topic", "ecg/bed1/raw", _bytes()["chance"]),
        Item("JSON", "garbage on a bed's own topic", "ecg/bed2/raw", lambda _: b'{"samples": [1, '),
    ]


def floods() -> list[Item]:
    """Return what comes in masses."""
    zeros = b"\x00" * 50_000_000
    return [
        Item("10^4 messages a second", "garbage", "ecg/flood/raw", lambda _: b"x" * 200, 10_000.0),
        Item("10^4 messages a second", "good messages", "ecg/flood/raw", packet, 10_000.0),
        Item("10^4 messages a second", "on a bed's own topic", "ecg/bed1/raw", _named, 10_000.0),
        Item("10,000 invented names", "garbage", "ecg/x{}/raw", lambda _: b"x", 2500.0),
        Item("10,000 invented names", "good messages", "ecg/x{}/raw", packet, 2500.0),
        Item("50 MB of zeros", "every 5 s", "ecg/zeros/raw", lambda _: zeros, 0.2),
        Item("400 rates", "a device each", "ecg/r{}/raw", _of_a_rate, 2000.0),
    ]


def _named(number: int) -> bytes:
    return packet(number, device="flood")


def _of_a_rate(number: int) -> bytes:
    return packet(number // 400, fs_hz=round(100 + 2.2 * (number % 400), 3))


NAMES_IN_TURN = {"10,000 invented names": 10_000, "400 rates": 400}
"""How many names a flood goes through before it begins anew."""


def chosen(labels: Sequence[str]) -> list[Item]:
    """Return the items of these labels."""
    return [item for item in (*items(), *floods()) if item.label in labels]
