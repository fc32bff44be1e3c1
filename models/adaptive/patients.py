"""Who is trained on, who is tested on, and what their annotations mean to the adaptive model."""

from __future__ import annotations

SYMBOLS = ("N", "L", "R", "A", "V", "F", "Q")
"""Classes of the model as WFDB symbols; ``A`` stands for all supraventricular ectopic beats."""

AAMI = ("N", "N", "N", "S", "V", "F", "Q")
"""AAMI class of each symbol."""

NORMAL = (0, 1, 2)
"""Columns of `SYMBOLS` that together make the AAMI class N."""

ANY_NORMAL = len(SYMBOLS)
"""Label of a beat known to be of AAMI class N, but not which kind."""

IGNORED = -1
"""Label of a detection that matches no reference beat."""


def _names(*rows: str) -> tuple[str, ...]:
    return tuple(" ".join(rows).split())


DS1 = _names(
    "101 106 108 109 112 114 115 116 118 119 122",
    "124 201 203 205 207 208 209 215 220 223 230",
)
"""Training records of de Chazal et al. 2004, doi:10.1109/TBME.2004.827359."""

DS2 = _names(
    "100 103 105 111 113 117 121 123 200 202 210",
    "212 213 214 219 221 222 228 231 232 233 234",
)
"""Test records of the same split."""

SAME_AS_TESTED = ("201",)
"""Record of DS1 whose patient is also in DS2 (as 202); it is left out of training."""

PACED = ("102", "104", "107", "217")
"""Paced records: the only ones with many beats of class Q; in neither DS1 nor DS2."""

SVDB_HELD_OUT = _names(
    "803 808 820 825 829 845 849",
    "855 859 866 870 876 882 889",
)
"""Records of SVDB that no training sees, for a test on a second database."""

UNCLEAR = ("867",)
"""Record of SVDB with minutes of a fast atrial rhythm whose beats are labelled normal; it is left out."""

_CLASS_OF = {
    "N": "N",
    "e": "N",
    "j": "N",
    "n": "N",
    "L": "L",
    "B": "L",
    "R": "R",
    "A": "A",
    "a": "A",
    "J": "A",
    "S": "A",
    "V": "V",
    "E": "V",
    "F": "F",
    "/": "Q",
    "f": "Q",
    "Q": "Q",
    "?": "Q",
}


def label_of(symbol: str, database: str) -> int:
    """Return the label of a WFDB beat symbol, or `IGNORED`.

    Parameters
    ----------
    symbol : str
        Annotation symbol.
    database : str
        SVDB does not tell bundle branch blocks from normal beats.
    """
    name = _CLASS_OF.get(symbol)
    if name is None:
        return IGNORED
    if name == "N" and database == "svdb":
        return ANY_NORMAL
    return SYMBOLS.index(name)


def training_records() -> list[tuple[str, str]]:
    """Return (database, record) of everything that training may see."""
    mitdb = [("mitdb", name) for name in (*DS1, *PACED) if name not in SAME_AS_TESTED]
    return mitdb + [("svdb", name) for name in SVDB if name not in (*SVDB_HELD_OUT, *UNCLEAR)]


_SVDB_SPANS = ((800, 812), (820, 829), (840, 894))
SVDB = tuple(str(number) for first, last in _SVDB_SPANS for number in range(first, last + 1))
"""The 78 records of the MIT-BIH Supraventricular Arrhythmia Database."""
