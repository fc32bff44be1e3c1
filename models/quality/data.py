"""Seconds of known quality: clean records, records with recorded noise added, annotated noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import signal

from ecgmon.monitor.core.ecg_codes import DS1_WITHOUT_201
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.dsp.quality_features import SECOND, WINDOW, look
from ecgmon.monitor.dsp.resample import Resampler
from ecgmon.monitor.evaluation.records import one_lead, reference_of
from ecgmon.sim.noise import noise_gain, noise_rms_mv, qrs_amplitude_mv
from ecgmon.sim.record import Record, Reference, read_record

CLEAN, MOTION, MUSCLE, ANY_NOISE = range(4)
"""Classes; ``ANY_NOISE`` is noise of either kind."""

TRAIN_MITDB = DS1_WITHOUT_201
TRAIN_VFDB = ("419", "421", "423", "425", "427", "429", "605", "607", "609", "611", "615")
TEST_VFDB = ("418", "420", "422", "424", "426", "428", "430", "602", "610", "612", "614")
DOUBTFUL_VFDB = ("420", "605")
"""Most of what is called noise in these shows plain beats; it is not trained on."""

NOISES = {"bw": MOTION, "em": MOTION, "ma": MUSCLE, "made": MUSCLE}
"""Recorded noises, and steady random noise made for each use."""

EM_PARTS = ("em", "em118")
STRESSED_S = 60
SNRS_DB = (-6.0, 0.0)
LETHAL = frozenset({"VF", "VFIB", "VFL", "VT", "ASYS", "HGEA", "VER"})


@dataclass(frozen=True)
class Seconds:
    """Labelled seconds of one source.

    Parameters
    ----------
    source : str
        Such as ``mitdb/101``, ``stressed/101/ma/-6`` or ``vfdb/419``.
    rows : array of shape (n, n_features)
        Features.
    label : array of shape (n,)
        Class.
    rhythm : array of str, shape (n,)
        What the annotators call it.
    """

    source: str
    rows: Samples
    label: NDArray[np.int64]
    rhythm: NDArray[np.str_]


def of_records(folder: Path, records: Sequence[str]) -> list[Seconds]:
    """Return the training seconds of records: as they are, with noise, with hum; and of quiet lines.

    Parameters
    ----------
    folder : Path
        Folder of databases.
    records : sequence of str
        Of MIT-BIH and VFDB, such as ``mitdb/101``.
    """
    mitdb, vfdb = _by_database(records)
    return [
        *clean(folder, mitdb),
        *stressed(folder, mitdb, half=0),
        *annotated(folder, vfdb),
        *hummed(folder, mitdb),
        asystole(folder),
    ]


def unseen_of_records(folder: Path, records: Sequence[str]) -> list[Seconds]:
    """Return seconds to be scored: records as they are, and with the half of the noise not trained on."""
    mitdb, vfdb = _by_database(records)
    return [*clean(folder, mitdb), *stressed(folder, mitdb, half=1, seed=1), *annotated(folder, vfdb)]


def _by_database(records: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    mitdb, vfdb = (
        tuple(name.partition("/")[2] for name in records if name.startswith(f"{base}/"))
        for base in ("mitdb", "vfdb")
    )
    return mitdb, vfdb


def feature_rows(signal_mv: Samples) -> Samples:
    """Return the features of each whole second but the first three, shape (n, n_features)."""
    windows = sliding_window_view(signal_mv, WINDOW)[::SECOND]
    return np.concatenate([look(windows[at : at + 256]).features for at in range(0, len(windows), 256)])


def clean(folder: Path, names: tuple[str, ...]) -> Iterator[Seconds]:
    """Yield the records of MIT-BIH, without what its annotators call noisy."""
    for name in names:
        record = read_record(folder / "mitdb" / name)
        notes = reference_of(record)
        rows = feature_rows(_lead(record))
        rhythm = np.full(len(rows), "N", dtype="<U8")
        for begin, end in _between(notes, "[", "]"):
            rhythm[begin:end] = "VFL"
        keep = ~_noisy(notes, len(rows))
        yield Seconds(
            f"mitdb/{name}", rows[keep], np.full(int(keep.sum()), CLEAN, dtype=np.int64), rhythm[keep]
        )


def stressed(folder: Path, names: tuple[str, ...], half: int, seed: int = 0) -> Iterator[Seconds]:
    """Yield a minute of each record with each noise at each ratio, from one half of the noise."""
    rng = np.random.default_rng(seed)
    noises = {kind: _noise(folder, kind) for kind in NOISES if kind != "made"}
    for name in names:
        record = read_record(folder / "mitdb" / name)
        notes, signal_mv = reference_of(record), _lead(record)
        normal = notes.samples[np.isin(notes.symbols, list("NLR"))]
        if normal.size == 0:
            continue
        qrs_mv = qrs_amplitude_mv(signal_mv, normal, 360.0)
        for kind, label in NOISES.items():
            for snr_db in SNRS_DB:
                if kind == "made":
                    noise = made_noise(rng)
                else:
                    part = np.array_split(noises[kind], 2)[half]
                    noise = part[:, rng.integers(part.shape[1])]
                begin = rng.integers(noise.size - STRESSED_S * SECOND + 1)
                at = rng.integers(signal_mv.size - STRESSED_S * SECOND)
                gain = noise_gain(qrs_mv, noise_rms_mv(noise, 360.0), snr_db)
                length = STRESSED_S * SECOND
                rows = feature_rows(signal_mv[at : at + length] + gain * noise[begin : begin + length])
                yield Seconds(
                    f"stressed/{name}/{kind}/{snr_db:g}",
                    rows,
                    np.full(len(rows), label, dtype=np.int64),
                    np.full(len(rows), "N", dtype="<U8"),
                )


def made_noise(rng: np.random.Generator) -> Samples:
    """Return a minute of steady random noise in a band from 5 to 25 Hz up to 40 to 170 Hz."""
    band_hz = (rng.uniform(5.0, 25.0), rng.uniform(40.0, 170.0))
    sos = signal.butter(1, band_hz, "bandpass", fs=360.0, output="sos")
    return np.asarray(signal.sosfilt(sos, rng.standard_normal(STRESSED_S * SECOND)))


def hummed(folder: Path, names: tuple[str, ...], seed: int = 0) -> Iterator[Seconds]:
    """Yield a minute of each record with hum of 0.01 to 0.4 mV: a rule finds hum, not the network."""
    rng = np.random.default_rng(seed)
    for name in names:
        signal_mv = _lead(read_record(folder / "mitdb" / name))
        for mains_hz in (50.0, 60.0):
            at = rng.integers(signal_mv.size - STRESSED_S * SECOND)
            t = np.arange(STRESSED_S * SECOND) / 360.0
            hum = 10 ** rng.uniform(-2.0, -0.4) * np.sin(2 * np.pi * mains_hz * t + rng.uniform(0, 6.28))
            rows = feature_rows(signal_mv[at : at + t.size] + hum)
            clean_label = np.full(len(rows), CLEAN, dtype=np.int64)
            yield Seconds(f"hum/{name}/{mains_hz:g}", rows, clean_label, np.full(len(rows), "N"))


def annotated(folder: Path, names: tuple[str, ...]) -> Iterator[Seconds]:
    """Yield the records of VFDB: noise by its annotations, all else clean."""
    for name in names:
        record = read_record(folder / "vfdb" / name)
        notes = reference_of(record)
        rows = feature_rows(_lead(record))
        rhythm = np.full(len(rows), "", dtype="<U8")
        ends = [*notes.samples[1:], np.iinfo(np.int64).max]
        for begin, end, text in zip(notes.samples, ends, notes.notes, strict=True):
            first, last = np.ceil(begin / record.fs_hz) - 3, end / record.fs_hz - 3
            rhythm[max(0, int(first)) : max(0, int(min(last, len(rows))))] = text.strip("(")
        keep = rhythm != ""
        label = np.where(rhythm == "NOISE", ANY_NOISE, CLEAN)
        yield Seconds(f"vfdb/{name}", rows[keep], label[keep], rhythm[keep])


def asystole(folder: Path, seed: int = 0) -> Seconds:
    """Return quiet lines with a trace of muscle noise and drift: no beats, and no bad signal."""
    rng = np.random.default_rng(seed)
    muscle, drift = _noise(folder, "ma")[:, 0], _noise(folder, "bw")[:, 0]
    rows = []
    for _ in range(300):
        line = rng.normal(0.0, 0.003, 10 * SECOND)
        for noise, low, high in ((muscle, -2.3, -1.4), (drift, -2.5, -1.0)):
            at = rng.integers(noise.size // 2)
            line += 10 ** rng.uniform(low, high) / noise.std() * noise[at : at + line.size]
        rows.append(feature_rows(line))
    joined = np.concatenate(rows)
    return Seconds(
        "asystole", joined, np.full(len(joined), CLEAN, dtype=np.int64), np.full(len(joined), "ASYS")
    )


def _lead(record: Record) -> Samples:
    return Resampler(record.fs_hz).process(np.nan_to_num(one_lead(record, 0)))


def _noise(folder: Path, kind: str) -> Samples:
    names = EM_PARTS if kind == "em" else (kind,)
    stem = next(path for name in names if (path := folder / "nstdb" / name).with_suffix(".hea").exists())
    return read_record(stem).samples_mv().T


def _between(notes: Reference, opening: str, closing: str) -> Iterator[tuple[int, int]]:
    begins = notes.samples[notes.symbols == opening] // SECOND
    ends = notes.samples[notes.symbols == closing] // SECOND
    for begin, end in zip(begins, ends, strict=False):
        yield max(0, int(begin) - 3), max(0, int(end) - 2)


def _noisy(notes: Reference, count: int) -> NDArray[np.bool_]:
    """Return the seconds in which the annotators found noise in the first signal, or no signal."""
    noisy = np.zeros(count + 3, dtype=np.bool_)
    changes = [
        (at // SECOND, kind in (1, 3, -1))
        for at, symbol, kind in zip(notes.samples, notes.symbols, notes.subtypes, strict=True)
        if symbol == "~"
    ]
    ends = [*(at for at, _ in changes[1:]), count + 3]
    for (begin, bad), end in zip(changes, ends, strict=False):
        if bad:
            noisy[begin : end + 1] = True
    return noisy[3:]
