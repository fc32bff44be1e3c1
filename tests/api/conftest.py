"""What the tests of the public interface share: a stretch of a real record, in counts and in millivolts."""

from __future__ import annotations

import numpy as np
import pytest

import ecgmon

SECONDS = 24
FS_HZ = 360


@pytest.fixture(scope="session")
def record() -> ecgmon.Record:
    return ecgmon.read_record("200")


@pytest.fixture(scope="session")
def counts(record) -> np.ndarray:
    """Two leads as the converter counted them, shape (2, n)."""
    stretch = record.stretches[0]
    return stretch.digital[:, : SECONDS * FS_HZ]


@pytest.fixture(scope="session")
def calibration(record) -> tuple[np.ndarray, np.ndarray]:
    """Counts a millivolt and the count of 0 mV, of each lead."""
    return record.stretches[0].counts_per_mv, record.stretches[0].zero


@pytest.fixture(scope="session")
def millivolts(record) -> np.ndarray:
    """The same in millivolts, shape (2, n)."""
    return record.samples_mv(0, SECONDS * FS_HZ)
