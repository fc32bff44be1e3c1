"""Who is trained on, who is tested on, and what their annotations mean to the adaptive model."""

from __future__ import annotations

from ecgmon.monitor.core.ecg_codes import AAMI_OF_SYMBOL, DS1_WITHOUT_201, PACED

SYMBOLS = ("N", "L", "R", "A", "V", "F", "Q")
"""Classes of the model as WFDB symbols; ``A`` stands for all supraventricular ectopic beats."""

AAMI = tuple(AAMI_OF_SYMBOL[symbol] for symbol in SYMBOLS)
"""AAMI class of each symbol."""

NORMAL = (0, 1, 2)
"""Columns of `SYMBOLS` that together make the AAMI class N."""

ANY_NORMAL = len(SYMBOLS)
"""Label of a beat known to be of AAMI class N, but not which kind."""

IGNORED = -1
"""Label of a detection that matches no reference beat."""

SVDB_HELD_OUT = (
    *("803", "808", "820", "825", "829", "845", "849"),
    *("855", "859", "866", "870", "876", "882", "889"),
)
"""Records of SVDB that no training sees, for a test on a second database."""

UNCLEAR = ("867",)
"""Record of SVDB with minutes of a fast atrial rhythm whose beats are labelled normal; it is left out."""

_COLUMN_OF_CLASS = {"N": "N", "S": "A", "V": "V", "F": "F", "Q": "Q"}
_BLOCKS = {"L": "L", "B": "L", "R": "R"}
"""Normal beats that have columns of their own; a bundle branch block of unknown side counts as left."""


def label_of(symbol: str, database: str) -> int:
    """Return the label of a WFDB beat symbol, or `IGNORED`.

    Parameters
    ----------
    symbol : str
        Annotation symbol.
    database : str
        SVDB does not tell bundle branch blocks from normal beats.
    """
    group = AAMI_OF_SYMBOL.get(symbol)
    if group is None:
        return IGNORED
    name = _BLOCKS.get(symbol, _COLUMN_OF_CLASS[group])
    if name == "N" and database == "svdb":
        return ANY_NORMAL
    return SYMBOLS.index(name)


def training_records() -> list[tuple[str, str]]:
    """Return (database, record) of everything that training may see."""
    mitdb = [("mitdb", name) for name in (*DS1_WITHOUT_201, *PACED)]
    return mitdb + [("svdb", name) for name in SVDB if name not in (*SVDB_HELD_OUT, *UNCLEAR)]


_SVDB_SPANS = ((800, 812), (820, 829), (840, 894))
SVDB = tuple(str(number) for first, last in _SVDB_SPANS for number in range(first, last + 1))
"""The 78 records of the MIT-BIH Supraventricular Arrhythmia Database."""
