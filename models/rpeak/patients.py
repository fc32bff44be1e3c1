"""Which records train and which test: by patient, never by record."""

from __future__ import annotations

from collections.abc import Sequence

from ecgmon.monitor.core.ecg_codes import DS1, DS1_WITHOUT_201, DS2, PACED

DS1_RECORDS = tuple(f"mitdb/{number}" for number in DS1)
DS2_AND_PACED = tuple(f"mitdb/{number}" for number in (*DS2, *PACED))

SHIPPED_TRAINING = tuple(f"mitdb/{number}" for number in DS1_WITHOUT_201)
"""DS1 without 201, whose patient is that of 202 in DS2."""

FOLDS = 5


def patient(name: str) -> str:
    """Return the patient of a record: 201 and 202 are one person."""
    return "mitdb/201" if name == "mitdb/202" else name


def fold_records(fold: int, svdb: Sequence[str] = ()) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the records that train and those that test in one fold.

    Parameters
    ----------
    fold : int
        0 to ``FOLDS - 1``. In each database the patients, in order of their number, take
        the folds in turn.
    svdb : sequence of str
        Records of SVDB, as ``svdb/800``, to share out with the 48 of MIT-BIH.
    """
    mitdb = _share_out(DS1_RECORDS + DS2_AND_PACED, fold)
    supraventricular = _share_out(svdb, fold)
    return mitdb[0] + supraventricular[0], mitdb[1] + supraventricular[1]


def _share_out(records: Sequence[str], fold: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = sorted(records)
    people = sorted({patient(name) for name in names})
    held_out = set(people[fold::FOLDS])
    train = tuple(name for name in names if patient(name) not in held_out)
    test = tuple(name for name in names if patient(name) in held_out)
    return train, test
