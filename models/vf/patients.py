"""Who trains the fibrillation network and who tests it; nobody does both."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ecgmon.monitor.core.ecg_codes import DS1_WITHOUT_201, DS2, PACED

VFDB_WITH = ("418", "419", "422", "424", "426", "429", "430", "609")
"""Patients with ventricular flutter or fibrillation."""

VFDB_WITHOUT = (
    *("420", "421", "423", "425", "427", "428", "602"),
    *("605", "607", "610", "611", "612", "614", "615"),
)
"""Patients without; each fold of the cross-validation tests one or two of them."""

VFDB = tuple(sorted(VFDB_WITH + VFDB_WITHOUT))
FOLDS = len(VFDB_WITH)

TRAIN_MITDB = DS1_WITHOUT_201

TEST_MITDB = tuple(sorted(("201", *DS2, *PACED)))
"""What no training sees: DS2 with 201, and the paced records."""


def fold_of(record: str) -> int:
    """Return the fold that tests a record of VFDB."""
    group = VFDB_WITH if record in VFDB_WITH else VFDB_WITHOUT
    return group.index(record) % FOLDS


def held_out(fold: int) -> tuple[str, ...]:
    """Return the records of VFDB that a fold tests; it trains on all others."""
    return tuple(record for record in VFDB if fold_of(record) == fold)


def others(records: Iterable[str]) -> tuple[str, ...]:
    """Return the records of VFDB that are not named."""
    named = set(records)
    return tuple(record for record in VFDB if record not in named)


def svdb_records(folder: Path) -> tuple[str, ...]:
    """Return the records of SVDB that a folder of databases holds; none of them fibrillates."""
    return tuple(sorted(path.stem for path in (folder / "svdb").glob("*.hea")))
