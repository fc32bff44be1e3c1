"""Which MIT-BIH records belong to which side of the field's usual split of patients."""

from __future__ import annotations


def _names(*numbers: int) -> tuple[str, ...]:
    return tuple(map(str, numbers))


DS1 = _names(101, 106, 108, 109, 112, 114, 115, 116, 118, 119, 122) + _names(
    124, 201, 203, 205, 207, 208, 209, 215, 220, 223, 230
)
"""Training patients (de Chazal et al. 2004, doi:10.1109/TBME.2004.827359)."""

DS2 = _names(100, 103, 105, 111, 113, 117, 121, 123, 200, 202, 210) + _names(
    212, 213, 214, 219, 221, 222, 228, 231, 232, 233, 234
)
"""Test patients. Record 202 is of the same person as 201 of `DS1`."""

PACED = _names(102, 104, 107, 217)
"""Records with paced beats, which EC57 leaves out of beat classification."""

MITDB_SPLITS = {"ds1": DS1, "ds2": DS2, "paced": PACED}
