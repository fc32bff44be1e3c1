"""Writes small databases of made ECG in WFDB files, so that a training runs end to end in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import wfdb

from ecgmon.sim.synthetic import Episode, SyntheticSettings, synthesise

Spans = Sequence[tuple[str, float, str]]
"""Rhythm, seconds, and what the annotators call it."""

SINUS: Spans = (("sinus", 100.0, "N"),)


def write_record(
    folder: Path, name: str, spans: Spans = SINUS, fs_hz: float = 360.0, seed: int = 0, *, beats: bool = True
) -> None:
    """Write two leads of made ECG with rhythm notes and, as not every database does, beats."""
    settings = SyntheticSettings(fs_hz=fs_hz, noise_mv=0.01, variability=0.03, seed=seed)
    episodes = [Episode(rhythm=rhythm, seconds=seconds) for rhythm, seconds, _ in spans]
    made = synthesise(episodes, settings)
    signals = np.column_stack((made.samples_mv, np.roll(-0.6 * made.samples_mv, 2)))
    folder.mkdir(parents=True, exist_ok=True)
    wfdb.wrsamp(
        name, fs_hz, ["mV"] * 2, ["I", "II"], signals, fmt=["16"] * 2, adc_gain=[200.0] * 2,
        baseline=[0, 0], write_dir=str(folder),
    )  # fmt: skip
    starts = np.cumsum([0.0, *(seconds for _, seconds, _ in spans)])[:-1] * fs_hz
    notes = [(round(at), "+", f"({label}") for at, (_, _, label) in zip(starts, spans, strict=True)]
    if beats:
        found = zip(made.r_s, made.symbols, strict=True)
        notes += [(round(at * fs_hz), str(symbol), "") for at, symbol in found if at > 0]
    notes.sort(key=lambda row: (row[0], row[1] != "+"))
    samples, symbols, texts = zip(*notes, strict=True)
    wfdb.wrann(
        name, "atr", np.array(samples), list(symbols), fs=fs_hz, aux_note=list(texts), write_dir=str(folder)
    )


def write_noise(folder: Path, name: str, seed: int) -> None:
    """Write five minutes of two-lead noise."""
    rng = np.random.default_rng(seed)
    width = {"bw": 300, "em": 60, "ma": 3}[name]
    noise = rng.standard_normal((300 * 360 + width, 2))
    smooth = np.column_stack([np.convolve(row, np.ones(width) / width, "valid") for row in noise.T])
    folder.mkdir(parents=True, exist_ok=True)
    wfdb.wrsamp(
        name, 360, ["mV"] * 2, ["I", "II"], smooth / smooth.std(), fmt=["16"] * 2, adc_gain=[200.0] * 2,
        baseline=[0, 0], write_dir=str(folder),
    )  # fmt: skip


def write_databases(folder: Path) -> Path:
    """Write a folder of mitdb, svdb, vfdb and nstdb, few records each, and return it."""
    mitdb = {
        "100": SINUS,
        "101": SINUS,
        "106": (("bigeminy", 100.0, "B"),),
        "202": (("sinus", 50.0, "N"), ("af", 90.0, "AFIB")),
        "203": (("af", 100.0, "AFIB"),),
    }
    for seed, (name, spans) in enumerate(mitdb.items()):
        write_record(folder / "mitdb", name, spans, seed=seed)
    for seed, name in enumerate(("800", "801")):
        write_record(folder / "svdb", name, fs_hz=128.0, seed=20 + seed)
    vfdb: dict[str, Spans] = {
        "418": (("sinus", 30.0, "N"), ("vf", 20.0, "VF"), ("sinus", 20.0, "N")),
        "419": (("sinus", 40.0, "N"), ("vf", 20.0, "VFL"), ("sinus", 10.0, "NOISE")),
        "420": (("sinus", 60.0, "N"), ("vt", 20.0, "VT")),
        "421": (("sinus", 80.0, "N"),),
    }
    for seed, (name, spans) in enumerate(vfdb.items()):
        write_record(folder / "vfdb", name, spans, fs_hz=250.0, seed=40 + seed, beats=False)
    for seed, name in enumerate(("bw", "em", "ma")):
        write_noise(folder / "nstdb", name, seed)
    return folder
