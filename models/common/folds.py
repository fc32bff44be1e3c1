"""Deals patients into folds for cross-validation: whoever is tested was never trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Fold(NamedTuple):
    """One part of a cross-validation.

    Parameters
    ----------
    train, test : tuple of str
        Records; no patient is on both sides.
    """

    train: tuple[str, ...]
    test: tuple[str, ...]


def patient(record: str) -> str:
    """Return the patient of a record: 201 and 202 of MIT-BIH are one person."""
    return {"202": "201", "mitdb/202": "mitdb/201"}.get(record, record)


def deal(names: Sequence[str], count: int, person: Callable[[str], str] = patient) -> list[Fold]:
    """Deal records into folds by patient.

    Parameters
    ----------
    names : sequence of str
        Records; patients take the folds in turn, in the order of their first record.
    count : int
        Number of folds.
    person : callable
        Gives the patient of a record; by default every record is another one, but for the two of one patient.

    Returns
    -------
    list of Fold
        Each record is tested in exactly one fold, and trained on in all others.
    """
    people = list(dict.fromkeys(person(name) for name in names))
    folds = []
    for number in range(count):
        held_out = set(people[number::count])
        test = tuple(name for name in names if person(name) in held_out)
        folds.append(Fold(tuple(name for name in names if person(name) not in held_out), test))
    return folds


def side_by_side(*groups: Sequence[Fold]) -> list[Fold]:
    """Return folds that each hold the same fold of several groups of records."""
    return [
        Fold(
            tuple(name for part in parts for name in part.train),
            tuple(name for part in parts for name in part.test),
        )
        for parts in zip(*groups, strict=True)
    ]
