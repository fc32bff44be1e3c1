"""Writes WFDB records of any layout, byte by byte as the format's description has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.integer]


@dataclass
class Signal:
    """A signal to be written: its samples as they are to be stored, and its fields."""

    samples: Samples
    gain: str = "200"
    name: str = "II"
    spf: int = 1
    skew: int = 0
    checksum: int | None = None


def pack(number: int, flat: Samples) -> bytes:
    """Return samples in a storage format."""
    wide = np.asarray(flat, dtype=np.int64)
    match number:
        case 16:
            return wide.astype("<i2").tobytes()
        case 61:
            return wide.astype(">i2").tobytes()
        case 32:
            return wide.astype("<i4").tobytes()
        case 24:
            return b"".join(int(v).to_bytes(3, "little", signed=True) for v in wide)
        case 80:
            return (wide + 128).astype("u1").tobytes()
        case 160:
            return (wide + 32768).astype("<u2").tobytes()
        case 8:
            return np.diff(wide, prepend=wide[:1]).astype("i1").tobytes()
        case 212:
            return _pack_212(wide)
        case 310:
            return _pack_310(wide)
        case 311:
            return _pack_311(wide)
    raise ValueError(number)


def _pack_212(wide: Samples) -> bytes:
    out = bytearray()
    for place in range(0, len(wide), 2):
        first = int(wide[place]) & 0xFFF
        second = int(wide[place + 1]) & 0xFFF if place + 1 < len(wide) else 0
        block = bytes([first & 0xFF, first >> 8 | second >> 8 << 4, second & 0xFF])
        out += block if place + 1 < len(wide) else block[:2]
    return bytes(out)


def _triples(wide: Samples) -> list[list[int]]:
    padded = np.concatenate([wide, np.zeros(-len(wide) % 3, np.int64)])
    return [[int(v) & 0x3FF for v in row] for row in padded.reshape(-1, 3)]


def _pack_310(wide: Samples) -> bytes:
    out = b""
    for a, b, c in _triples(wide):
        out += (a << 1 | (c & 0x1F) << 11).to_bytes(2, "little") + (b << 1 | c >> 5 << 11).to_bytes(
            2, "little"
        )
    return out


def _pack_311(wide: Samples) -> bytes:
    return b"".join((a | b << 10 | c << 20).to_bytes(4, "little") for a, b, c in _triples(wide))


def write(
    folder: Path,
    name: str,
    signals: Sequence[Signal],
    *,
    fs: str = "250",
    number: int = 16,
    offset: int = 0,
    length: bool = True,
    extra: str = "",
) -> Path:
    """Write header and signal file of a record of one segment; return its path without suffix."""
    folder.mkdir(parents=True, exist_ok=True)
    n_frames = len(signals[0].samples) // signals[0].spf
    frames = np.concatenate([s.samples.reshape(n_frames, s.spf) for s in signals], axis=1)
    (folder / f"{name}.dat").write_bytes(b"\x55" * offset + pack(number, frames.reshape(-1)))
    lines = [f"{name} {len(signals)} {fs}" + (f" {n_frames}{extra}" if length else "")]
    for signal in signals:
        layout = f"{number}" + (f"x{signal.spf}" if signal.spf > 1 else "")
        layout += (f":{signal.skew}" if signal.skew else "") + (f"+{offset}" if offset else "")
        total = int(signal.samples.sum()) if signal.checksum is None else signal.checksum
        checksum = (total + 2**15) % 2**16 - 2**15
        first = int(signal.samples[0]) if len(signal.samples) else 0
        lines.append(f"{name}.dat {layout} {signal.gain} 12 0 {first} {checksum} 0 {signal.name}")
    (folder / f"{name}.hea").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / name


def ramp(n: int, step: int = 1, start: int = 0, span: int = 400) -> Samples:
    """Return samples that all differ from their neighbours, and repeat only slowly."""
    return (start + step * np.arange(n)) % span - span // 2
