"""Which records train and which test: by patient, never by record."""

from __future__ import annotations

from collections.abc import Sequence

from ecgmon.models.common.folds import Fold, deal, side_by_side
from ecgmon.monitor.core.ecg_codes import DS1, DS1_WITHOUT_201, DS2, PACED

DS1_RECORDS = tuple(f"mitdb/{number}" for number in DS1)
DS2_AND_PACED = tuple(f"mitdb/{number}" for number in (*DS2, *PACED))

SHIPPED_TRAINING = tuple(f"mitdb/{number}" for number in DS1_WITHOUT_201)
"""DS1 without 201, whose patient is that of 202 in DS2."""

FOLDS = 5


def fold_records(fold: int, svdb: Sequence[str] = ()) -> Fold:
    """Return the records that train and those that test in one fold.

    Parameters
    ----------
    fold : int
        0 to ``FOLDS - 1``. In each database the patients, in order of their number, take
        the folds in turn.
    svdb : sequence of str
        Records of SVDB, as ``svdb/800``, to share out with the 48 of MIT-BIH.
    """
    groups = (sorted(DS1_RECORDS + DS2_AND_PACED), sorted(svdb))
    return side_by_side(*(deal(group, FOLDS) for group in groups))[fold]
