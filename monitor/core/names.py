"""Names as strangers write them, made fit to be shown, told apart, and put into paths and topics."""

from __future__ import annotations

import re
import sys
import unicodedata
from hashlib import blake2b
from urllib.parse import quote

LONGEST_NAME = 100
"""Characters of a device's name."""

SHOWN_CHARACTERS = 300
"""Characters of a text from outside that a line shows."""

LINE_CHARACTERS = 1000
"""Characters of a whole line of a log or table."""

DEVICE_NAME = re.compile(r"[\w.:-]+([~@][\w.:-]+)*")
"""What the name of a device looks like: a plain name, and behind ``~`` or ``@`` what tells it apart."""

_PLAIN = re.compile(r"[\w.:-]+")
_UNFIT = re.compile(r"[^\w.:-]+")
_STEM = 40
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0")
"""Letters by the letter of Unicode that nobody sees."""

_LONGEST_PATH = 120
_LONGEST_LEVEL = 200
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
"""Names that Windows keeps for itself, whatever their suffix."""

_CASE_IS_LOST = sys.platform in ("win32", "darwin")


def printable(text: str, longest: int = SHOWN_CHARACTERS) -> str:
    r"""Return a text as one line that does nothing to a terminal, a page or a log.

    Control characters, escapes, line ends, marks of direction and the like become ``\x1b`` or
    ``\u202e``; other letters of all scripts stay.

    Parameters
    ----------
    text : str
        Any text.
    longest : int
        Characters kept; a longer text ends in ``…``.
    """
    kept = text[:longest]
    if not kept.isprintable():
        kept = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in kept)
    return kept if len(kept) <= longest and len(text) <= longest else f"{kept[: longest - 1]}…"


def is_plain(text: str) -> bool:
    """Tell whether a text can be the name of a device as it stands.

    Letters, digits, ``_``, ``.``, ``:`` and ``-``, at most `LONGEST_NAME`; of letters that look alike
    and are written in two ways, only one way.
    """
    return (
        len(text) <= LONGEST_NAME
        and _PLAIN.fullmatch(text) is not None
        and _INVISIBLE.isdisjoint(text)
        and unicodedata.is_normalized("NFKC", text)
    )


def device_name(text: str) -> str:
    """Return the name of a device that calls itself so.

    A plain name stays as it is. Of any other the fit characters are kept, and a short sum of the
    whole text tells it apart: ``bed 1`` becomes ``bed-1~bdd49f``, today and tomorrow.

    Parameters
    ----------
    text : str
        What the device, or who set it up, calls it.
    """
    return text if is_plain(text) else told_apart(text, text)


def told_apart(shown: str, identity: str) -> str:
    """Return a readable name that belongs to one identity only.

    Parameters
    ----------
    shown : str
        What people would recognise.
    identity : str
        What the name shall stand for.
    """
    stem = _UNFIT.sub("-", unicodedata.normalize("NFKC", shown[: 4 * _STEM]))[:_STEM].strip("-.")
    stem = "".join(c for c in stem if c not in _INVISIBLE)
    return f"{stem or 'device'}~{_digest(identity, 3)}"


def bounded(text: str) -> str:
    """Return a text to tell things apart by, at most twice as long as a name, however long it was."""
    return text if len(text) <= 2 * LONGEST_NAME else f"{text[:LONGEST_NAME]}~{_digest(text, 12)}"


def path_name(text: str, *, ascii_only: bool = False, longest: int = _LONGEST_PATH) -> str:
    """Return a text as one part of a path; two texts never become the same.

    Letters, digits, ``-``, ``_``, ``~``, ``@`` and inner dots stay. Any other character becomes its number in
    hexadecimal between ``__`` and ``_``: ``bed 1`` is ``bed__20_1``. What is too long is cut, and ends
    in a sum of the whole.

    Parameters
    ----------
    text : str
        Such as the name of a device.
    ascii_only : bool
        Keep letters and digits of ASCII, ``-`` and ``_`` only, as in the names of WFDB records.
    longest : int
        Bytes of the name.
    """
    fit = _record_character if ascii_only else _path_character
    kept = [fit(character) for character in text]
    if text and (text[0] in ".-~" or _RESERVED.match(text)):
        kept[0] = False
    if text.endswith("."):
        kept[-1] = False
    for at, character in enumerate(text):  # so that "__" begins an escape and nothing else
        if character == "_" and at + 1 < len(text) and (text[at + 1] == "_" or not kept[at + 1]):
            kept[at] = False
    name = "".join(c if keep else f"__{ord(c):x}_" for c, keep in zip(text, kept, strict=True))
    if _CASE_IS_LOST and (capitals := sum(1 << at for at, c in enumerate(text) if c != c.lower())):
        name += f"__{capitals:x}k_"
    if len(name.encode()) <= longest and name:
        return name
    cut = name[: longest // 4].rstrip("_")
    return f"{cut}__h{_digest(text, 12)}_"


def _path_character(character: str) -> bool:
    return character in "-._~@" or (character.isalnum() and unicodedata.is_normalized("NFKC", character))


def _record_character(character: str) -> bool:
    return character.isascii() and (character in "-_" or character.isalnum())


def topic_level(text: str) -> str:
    """Return a text as one level of an MQTT topic; two texts never become the same.

    What a plain name holds stays, and so do ``~`` and ``@``. The rest is written as in web addresses:
    ``bed 1`` is ``bed%201``.

    Parameters
    ----------
    text : str
        Such as the name of a device.
    """
    level = re.sub(r"[^\w.:@~-]", lambda found: quote(found[0], safe="", errors="surrogatepass"), text)
    if len(level.encode()) <= _LONGEST_LEVEL and level:
        return level
    return f"{level[: _LONGEST_LEVEL // 5]}%~{_digest(text, 12)}"


def cell(value: object) -> object:
    """Return a value of a CSV table so that no spreadsheet takes a stranger's text for a formula."""
    formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if formula else value


def _digest(text: str, n_bytes: int) -> str:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=n_bytes).hexdigest()
