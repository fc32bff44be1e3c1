"""Who trains the network of ventricular fibrillation and who tests it; nobody does both."""

from __future__ import annotations

from pathlib import Path

from ecgmon.models.common.folds import Fold, deal, side_by_side
from ecgmon.monitor.core.ecg_codes import DS1_WITHOUT_201, DS2, PACED

VFDB_WITH = ("418", "419", "422", "424", "426", "429", "430", "609")
"""Patients with ventricular flutter or fibrillation."""

VFDB_WITHOUT = (
    *("420", "421", "423", "425", "427", "428", "602"),
    *("605", "607", "610", "611", "612", "614", "615"),
)
"""Patients without; each fold of the cross-validation tests one or two of them."""

VFDB = tuple(f"vfdb/{name}" for name in sorted(VFDB_WITH + VFDB_WITHOUT))
FOLDS = len(VFDB_WITH)

TRAIN_MITDB = tuple(f"mitdb/{name}" for name in DS1_WITHOUT_201)
"""Training patients; 201 is the same person as test record 202."""

TEST_MITDB = tuple(f"mitdb/{name}" for name in sorted(("201", *DS2, *PACED)))
"""What no training sees: DS2 with 201, and the paced records."""


def vfdb_folds() -> list[Fold]:
    """Return the folds of VFDB: each tests one patient with fibrillation and one or two without."""
    groups = ([f"vfdb/{name}" for name in group] for group in (VFDB_WITH, VFDB_WITHOUT))
    return side_by_side(*(deal(group, FOLDS) for group in groups))


def svdb_records(folder: Path) -> tuple[str, ...]:
    """Return the records of SVDB that a folder of databases holds; none of them fibrillates."""
    return tuple(sorted(f"svdb/{path.stem}" for path in (folder / "svdb").glob("*.hea")))
