"""What the detectors are tried on: whole databases, and two records under more and more noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.evaluation.annotations import Annotations
from ecgmon.sim.noise import NoiseSchedule, add_noise, noise_gain, qrs_amplitude_mv
from ecgmon.sim.record import Record, read_record

SUITES = ("mitdb", "svdb", "stress")
STRESSED = ("118", "119")
SNR_DB = (24, 18, 12, 6, 0, -6)


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One signal with the truth about it.

    Parameters
    ----------
    name : str
        Record, and SNR where noise was added.
    samples_mv : array of shape (n_samples,)
        First signal of the record.
    fs_hz : float
        Sampling rate in Hz.
    reference : Annotations
        Reference annotations.
    """

    name: str
    samples_mv: NDArray[np.float64]
    fs_hz: float
    reference: Annotations


def cases(suite: str, data: Path) -> Iterator[Case]:
    """Yield the signals of a suite: all records of ``mitdb`` or ``svdb``, or ``stress``.

    Raises
    ------
    RecordError
        The data are not there.
    """
    if suite == "stress":
        yield from _stressed(data)
        return
    headers = sorted((data / suite).glob("*.hea"))
    if not headers:
        raise RecordError(f"There are no records in {data / suite}.", "Set ECGMON_DATA.")
    for header in headers:
        record = read_record(header.with_suffix(""))
        yield _case(record, record.name, _first_lead(record))


def _stressed(data: Path) -> Iterator[Case]:
    """Yield records 118 and 119 under electrode motion.

    ``em118`` is what PhysioNet's 118e00 adds to 118, so it is at 0 dB of record 118; the
    noise of 119 is scaled by the records' QRS amplitudes. Only its second half is used:
    our detector was trained with the first.
    """
    motion = read_record(data / "nstdb" / "em118")
    noise = _first_lead(motion)[motion.n_samples // 2 :]
    home = read_record(data / "mitdb" / "118")
    rms_mv = noise_gain(_qrs_mv(home), 1.0, 0.0)
    for name in STRESSED:
        record = read_record(data / "mitdb" / name)
        clean = _first_lead(record)
        for snr_db in SNR_DB:
            gain = noise_gain(_qrs_mv(record), rms_mv, snr_db)
            noisy = add_noise(clean, noise, gain, record.fs_hz, NoiseSchedule(noise_runs=False))
            yield _case(record, f"{name} {snr_db:+d} dB", noisy)


def _case(record: Record, name: str, samples_mv: NDArray[np.float64]) -> Case:
    if record.reference is None:
        raise RecordError(f"Record {record.name} has no reference annotations.")
    reference = Annotations(record.reference.samples, record.reference.symbols)
    return Case(name, samples_mv, record.fs_hz, reference)


def _first_lead(record: Record) -> NDArray[np.float64]:
    samples: NDArray[np.float64] = record.samples_mv(0, record.n_samples, (0,))[0]
    return samples


def _qrs_mv(record: Record) -> float:
    assert record.reference is not None
    beats = Annotations(record.reference.samples, record.reference.symbols).beats()
    return qrs_amplitude_mv(_first_lead(record), beats.samples[beats.classes() == "N"], record.fs_hz)
