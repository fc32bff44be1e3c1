"""Annotations in the MIT format: beats, rhythm changes and notes, to bytes and back."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.wfdb.files import read_bytes
from ecgmon.monitor.wfdb.header import DamagedError

ANNOTATOR = "ecgmon"
"""Suffix of the files that we write."""

END_OF_ANNOTATIONS = b"\0\0"

_IN_ORDER_OF_CODE = ' NLRaVFJASEj/Q~ | sT*D"=pB^t+u?![]en@xf()r'

CODES = {symbol: code for code, symbol in enumerate(_IN_ORDER_OF_CODE) if symbol != " "}
"""Annotation symbol to code, as in ``ecgcodes.h`` of the WFDB library."""

_SYMBOLS = {code: symbol for symbol, code in CODES.items()}
_NOTE_CODE = CODES['"']
_SKIP, _NUM, _SUB, _CHN, _AUX = 59, 60, 61, 62, 63
_LONGEST_STEP = 1023
_LONGEST_SKIP = 2**31 - 1
_LONGEST_NOTE = 255
_RESOLUTION = re.compile(r"## time resolution: (\d+\.?\d*)")
_DEFINITION = re.compile(r"(\d+) (\S+)")


class Annotation(NamedTuple):
    """One annotation: where, what, an optional note and a subtype; ordered by sample."""

    sample: int
    symbol: str
    note: str = ""
    subtype: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The annotations of a record, such as those of its reference.

    Parameters
    ----------
    samples : array of shape (n,)
        Sample indices at the record's rate.
    symbols : array of str, shape (n,)
        WFDB symbols, such as ``N``, ``V``, ``+``.
    notes : array of str, shape (n,)
        Auxiliary text, such as ``(AFIB`` at a ``+``; empty where there is none.
    subtypes : array of int, shape (n,)
        What a symbol leaves open, such as which signals are noisy from a ``~`` on; mostly 0.
    """

    samples: NDArray[np.int64]
    symbols: NDArray[np.str_]
    notes: NDArray[np.str_]
    subtypes: NDArray[np.int64]


def encode(annotation: Annotation, step: int) -> bytes:
    """Return an annotation in the MIT format.

    Each annotation is a 16-bit word, low byte first: six bits of code over ten bits of step
    from the one before. A longer step stands in front of it as a ``SKIP`` with 32 bits, high
    word first; a subtype stands behind it as a ``SUB`` with eight bits and a sign, a note as an
    ``AUX`` with its length, padded to an even one
    (https://physionet.org/physiotools/wag/annot-5.htm).

    Parameters
    ----------
    annotation : Annotation
        What to write.
    step : int
        Samples since the annotation before; not negative.
    """
    data = b""
    while step > _LONGEST_STEP:
        skip = min(step, _LONGEST_SKIP)
        data += struct.pack("<HHH", _SKIP << 10, skip >> 16, skip & 0xFFFF)
        step -= skip
    data += struct.pack("<H", CODES[annotation.symbol] << 10 | step)
    if annotation.subtype:
        data += struct.pack("<H", _SUB << 10 | annotation.subtype & 0xFF)
    note = annotation.note.encode("ascii", "replace")[:_LONGEST_NOTE]
    if note:
        data += struct.pack("<H", _AUX << 10 | len(note)) + note + b"\0" * (len(note) % 2)
    return data


def annotation_bytes(annotations: list[Annotation]) -> bytes:
    """Return a whole annotation file; samples count from the record's beginning."""
    parts, last = [], 0
    for annotation in sorted(annotations):
        if annotation.sample >= last:
            parts.append(encode(annotation, annotation.sample - last))
            last = annotation.sample
    return b"".join(parts) + END_OF_ANNOTATIONS


def decode(data: bytes) -> tuple[list[Annotation], float | None]:
    """Read the content of an annotation file.

    Channel and number of an annotation are passed over. Notes at sample 0 that
    define symbols, or the rate that samples are counted at, are understood and left out.

    Parameters
    ----------
    data : bytes
        The whole file. Its mark of the end may be missing, as after a power cut.

    Returns
    -------
    list of Annotation
        In the order of the file.
    float or None
        The rate in Hz that samples are counted at, if the file names one.

    Raises
    ------
    DamagedError
        The file ends in the middle of something, or begins with what only follows an annotation.
    """
    found: list[Annotation] = []
    symbols, rate = dict(_SYMBOLS), None
    defining = False
    for sample, code, note, subtype in _annotations(data):
        if sample == 0 and code == _NOTE_CODE and (defining or note.startswith("## ")):
            resolution = _RESOLUTION.match(note)
            definition = _DEFINITION.match(note)
            if resolution is not None:
                rate = float(resolution[1])
            elif note.startswith("## "):
                defining = note == "## annotation type definitions"
            elif definition is not None:
                symbols[int(definition[1])] = definition[2]
        elif code != 0:
            found.append(Annotation(sample, symbols.get(code, f"[{code}]"), note, subtype))
    return found, rate


def _annotations(data: bytes) -> list[tuple[int, int, str, int]]:
    """Return sample, code, note and subtype of each annotation."""
    if len(data) % 2:
        raise DamagedError("its length is odd")
    words = np.frombuffer(data, "<u2").tolist()
    found: list[tuple[int, int, str, int]] = []
    sample, at = 0, 0
    while at < len(words) and words[at] != 0:
        code, step = words[at] >> 10, words[at] & 0x3FF
        at += 1
        if code == _SKIP:
            sample += _skip(words[at : at + 2])
            at += 2
        elif code == _AUX and found:
            length = step & 0xFF
            note = data[2 * at : 2 * at + length]
            if len(note) < length:
                raise DamagedError("it ends in the middle of a note")
            found[-1] = (*found[-1][:2], note.decode("latin-1").strip("\0 "), found[-1][3])
            at += (length + 1) // 2
        elif code == _SUB and found:
            found[-1] = (*found[-1][:3], (step + 128) % 256 - 128)
        elif code < _SKIP:
            sample += step
            found.append((sample, code, "", 0))
        elif not found:
            raise DamagedError("it does not begin with an annotation")
    return found


def _skip(words: list[int]) -> int:
    """Return a long step, which may lead back."""
    if len(words) < 2:
        raise DamagedError("it ends in the middle of a long step")
    step = words[0] << 16 | words[1]
    return step - 2**32 if step >= 2**31 else step


def read_annotation_file(path: Path, fs_hz: float | None = None, frame_hz: float | None = None) -> Reference:
    """Read an annotation file of a record.

    Parameters
    ----------
    path : Path
        The file.
    fs_hz : float, optional
        Rate of the record's leads in Hz, which the samples returned count at; without it
        they count as in the file.
    frame_hz : float, optional
        Rate that the file counts at unless it names another: the record's frames a second.

    Raises
    ------
    DamagedError
        It is missing or damaged.
    """
    found, named_hz = decode(read_bytes(path, "its annotation file").tobytes())
    samples = np.array([annotation.sample for annotation in found], dtype=np.int64)
    counted_hz = named_hz or frame_hz
    if fs_hz is not None and counted_hz is not None and fs_hz != counted_hz:
        samples = np.rint(samples * (fs_hz / counted_hz)).astype(np.int64)
    return Reference(
        samples,
        np.array([annotation.symbol for annotation in found], dtype=np.str_),
        np.array([annotation.note for annotation in found], dtype=np.str_),
        np.array([annotation.subtype for annotation in found], dtype=np.int64),
    )
