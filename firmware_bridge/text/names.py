"""What the name of a column says: an ECG, a time, a count, or something else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ecgmon.firmware_bridge.units import Unit, unit_of

Kind = Literal["ecg", "time", "count", "other", "unknown"]

SECONDS = {
    **dict.fromkeys(("ns", "nanos", "nanoseconds"), 1e-9),
    **dict.fromkeys(("us", "µs", "μs", "micros", "microseconds"), 1e-6),
    **dict.fromkeys(("ms", "millis", "milliseconds"), 1e-3),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "sekunden"), 1.0),
}
"""Seconds of a unit of time as people write it."""

_PREFERRED = ("ecg", "ekg", "lead ii", "ii", "i")
"""Names that leave no doubt, the surest first."""

_VAGUE = ("value", "adc", "signal", "raw", "data", "voltage", "volts", "analog")
"""Words for an ECG where nothing is called one, the surest first."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ECG = _words("ecg ekg mli mlii mliii i ii iii avr avl avf v1 v2 v3 v4 v5 v6")
_TIME = _words("t ts time timestamp datetime date clock elapsed zeit uhrzeit datum zeitstempel")
_COUNT = _words("n nr no idx index seq nseq sequence counter count number packet frame")
_OTHER = _words(
    "resp respiration breath breathing atem atmung impedance bioz ppg pleth red ir green spo2 sao2 hr"
    " bpm pulse puls heart rate rr rri hrv ibi temp temperature acc accel gyro mag x y z eda gsr emg"
    " eeg eog bp abp map pressure battery bat vbat charge quality sqi status state flag flags event"
    " marker trigger label annotation beat beats peak peaks off lo leadoff loff lod detached contact"
    " checksum crc threshold mean average min max sd std digital"
)


@dataclass(frozen=True, slots=True)
class Role:
    """What a name says.

    Parameters
    ----------
    kind : {"ecg", "time", "count", "other", "unknown"}
        What the column holds.
    rank : int
        The lower, the surer that it is the ECG that is meant.
    unit : {"adc", "mv", "uv", "v"} or None
        Unit of an ECG.
    second : float or None
        Unit of a time, in seconds.
    """

    kind: Kind
    rank: int = 0
    unit: Unit | None = None
    second: float | None = None


def role_of(name: str) -> Role:
    """Return what the name of a column says.

    Parameters
    ----------
    name : str
        As it stands in a header or as a label, such as ``ecg [uV]``, ``timestamp_ms`` or ``Lead II``.
    """
    bracketed = re.search(r"[\[(]([^\])]*)[\])]", name)
    inside = bracketed[1].strip() if bracketed else ""
    bare = name.replace(bracketed[0], " ") if bracketed else name
    words = [
        word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+\d*|[A-Z]+\d*|\d+", bare)
    ]
    joined = [word.lower() for word in re.split(r"[^\w]+|_", bare) if word]
    unit = unit_of(inside) or next((unit_of(word) for word in joined[1:] if unit_of(word)), None)
    second = next((SECONDS[word] for word in (inside.lower(), *joined) if word in SECONDS), None)
    said = {*words, *joined}
    if said & _TIME or (second is not None and len(joined) == 1):
        return Role("time", second=second)
    if said & _OTHER:
        return Role("other")
    named = " ".join(word for word in joined if unit_of(word) is None)
    if named in _PREFERRED:
        return Role("ecg", _PREFERRED.index(named), unit)
    if said & _ECG or any(re.fullmatch(r"(ecg|ekg)\d+", word) for word in said):
        return Role("ecg", len(_PREFERRED), unit)
    if said & _COUNT:
        return Role("count")
    vague = next((rank for rank, word in enumerate(_VAGUE) if word in said), None)
    return Role("unknown", unit=unit) if vague is None else Role("ecg", len(_PREFERRED) + 1 + vague, unit)


def is_name(cell: str) -> bool:
    """Say whether a cell can be the name of a column."""
    return 0 < len(cell) <= 60 and any(letter.isalpha() for letter in cell) and cell.isprintable()
