"""A record in memory: compact integers that become millivolts a slice at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.errors import MissingExtraError, RecordError

_READER = "ecgmon.sim.wfdb_reader"
_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The reference annotations of a record.

    Parameters
    ----------
    samples : array of shape (n,)
        Sample indices at the record's rate.
    symbols : array of str, shape (n,)
        WFDB symbols, such as ``N``, ``V``, ``+``.
    notes : array of str, shape (n,)
        Auxiliary text, such as ``(AFIB`` at a ``+``; empty where there is none.
    """

    samples: NDArray[np.int64]
    symbols: NDArray[np.str_]
    notes: NDArray[np.str_]


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """Signals and reference annotations of one record.

    Parameters
    ----------
    name : str
        Record name, such as ``200``.
    fs_hz : float
        Sampling rate in Hz.
    leads : tuple of str
        Names of the leads.
    digital : integer array of shape (n_leads, n_samples)
        Values of the analogue-to-digital converter.
    counts_per_mv, zero : array of shape (n_leads,)
        Gain, and the value that means 0 mV.
    missing : integer array of shape (n_leads,)
        The value that means a missing sample.
    reference : Reference or None
        Reference annotations, if the record has any.
    """

    name: str
    fs_hz: float
    leads: tuple[str, ...]
    digital: NDArray[np.integer]
    counts_per_mv: NDArray[np.float64]
    zero: NDArray[np.float64]
    missing: NDArray[np.int64]
    reference: Reference | None

    @property
    def n_samples(self) -> int:
        """Number of samples in each lead."""
        return int(self.digital.shape[1])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.fs_hz

    def samples_mv(self, start: int, stop: int, order: tuple[int, ...] | None = None) -> NDArray[np.float64]:
        """Return samples ``start`` to ``stop`` in millivolts.

        Parameters
        ----------
        start, stop : int
            Sample indices, as in a slice.
        order : tuple of int, optional
            Rows in the order wanted; all leads as recorded by default.

        Returns
        -------
        array of shape (n_leads, n_samples)
            Millivolts; NaN where the sample is missing.
        """
        rows = list(order) if order is not None else list(range(len(self.leads)))
        digital = self.digital[rows, start:stop]
        samples = (digital - self.zero[rows, None]) / self.counts_per_mv[rows, None]
        samples[digital == self.missing[rows, None]] = np.nan
        return samples


def read_record(stem: Path) -> Record:
    """Read a WFDB record.

    The wfdb package brings pandas, which is too large to keep beside a running monitor, so
    a helper process reads the files and hands back compact arrays.

    Parameters
    ----------
    stem : Path
        The record's path without suffix.

    Raises
    ------
    RecordError
        The files are damaged, truncated or do not match their checksums.
    MissingExtraError
        The ``sim`` extra is not installed.
    """
    root = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as answer:
        try:
            result = subprocess.run(
                [sys.executable, "-P", "-m", _READER, str(stem)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=answer,
                stderr=subprocess.PIPE,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise RecordError(f"Record {stem} could not be read within {_TIMEOUT_S:.0f} s.") from error
        _refuse_failure(stem, result)
        answer.seek(0)
        return _unpack(stem.name, answer)


def _refuse_failure(stem: Path, result: subprocess.CompletedProcess[bytes]) -> None:
    if result.returncode == MissingExtraError.exit_code:
        raise MissingExtraError(
            "Reading records needs the wfdb package.", "Install it: pip install 'ecgmon[sim]'"
        )
    if result.returncode != 0:
        lines = result.stderr.decode(errors="replace").strip().splitlines()
        raise RecordError(
            f"Record {stem} cannot be read: {lines[-1] if lines else 'the reader stopped'}.",
            "Fetch its files again or name another record.",
        )


def _unpack(name: str, answer: IO[bytes]) -> Record:
    try:
        with np.load(answer, allow_pickle=False) as arrays:
            reference = None
            if "reference_samples" in arrays:
                reference = Reference(
                    arrays["reference_samples"], arrays["reference_symbols"], arrays["reference_notes"]
                )
            return Record(
                name=name,
                fs_hz=float(arrays["fs_hz"]),
                leads=tuple(str(lead) for lead in arrays["leads"]),
                digital=arrays["digital"],
                counts_per_mv=arrays["counts_per_mv"],
                zero=arrays["zero"],
                missing=arrays["missing"],
                reference=reference,
            )
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise RecordError(f"Record {name} cannot be read: the reader's answer is damaged.") from error
