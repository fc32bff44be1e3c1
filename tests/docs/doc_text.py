"""Takes command lines, paths and links out of the pages that people read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "sim/records/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "models/zoo").glob("*.md")),
]
"""Pages that tell how things are now; CHANGELOG.md tells how they were."""

SETTINGS = sorted((ROOT / "configs").glob("*.toml"))

STANDS_FOR = {
    "RECORD": "200",
    "ADDRESS": "replay:200",
    "COMMAND": "replay",
    "NAME": "adaptive",
    "N": "12",
    "F": "f.toml",
    "EXT": "qrs",
}
"""What a word in capitals of a page may be."""

_OUTPUT = re.compile(r"ecgmon(:| \d)")
_CALL = re.compile(r"(?:\$ )?(?:sudo )?(?:env \S+ )?(?:\S*/)?ecgmon(?: |$)(?P<rest>.*)")
_END = re.compile(r"\s{2,}|\s#|\s[>|;]\s|\s&&\s")


@dataclass(frozen=True)
class Line:
    """A line of code on a page.

    Parameters
    ----------
    page : str
        File, relative to the project.
    text : str
        The line, joined with those that continue it, without its indent.
    """

    page: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}: {self.text}"


def name_of(page: Path) -> str:
    """Return the path of a page as people write it."""
    return page.relative_to(ROOT).as_posix()


@cache
def code_lines(page: Path) -> tuple[Line, ...]:
    """Return the lines of code of a page: indented, fenced, or of the comments of a settings file."""
    text = re.sub(r"\\\n\s*", "", page.read_text("utf-8"))
    found, fenced = [], False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            found.append(Line(name_of(page), line.strip()))
        elif page.suffix == ".toml" and line.startswith("#   "):
            found.append(Line(name_of(page), line[1:].strip()))
    return tuple(found)


@cache
def spans(page: Path) -> tuple[Line, ...]:
    """Return what stands in backticks within the sentences of a page."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    text = "\n".join(line for line in text.splitlines() if not line.startswith("    "))
    return tuple(Line(name_of(page), " ".join(code.split())) for code in re.findall(r"`([^`]+)`", text))


def command_lines() -> list[Line]:
    """Return every call of ecgmon on the pages and in the example settings."""
    lines = (line for page in (*PAGES, *SETTINGS) for line in (*code_lines(page), *spans(page)))
    return list(dict.fromkeys(line for line in lines if _words(line.text) is not None))


def _words(text: str) -> str | None:
    """Return what stands behind ``ecgmon``; None if a line is no call, or one that is not finished."""
    call = _CALL.match(text)
    if call is None or _OUTPUT.match(text) or "<Tab>" in text:
        return None
    return _END.split(call["rest"], maxsplit=1)[0].strip()


def calls(line: Line) -> Iterator[list[str]]:
    """Yield the words of each command that a line stands for: ``a|b`` are two, ``…`` is nothing."""
    rest = _words(line.text)
    assert rest is not None, line
    words = [word for word in shlex.split(rest) if word != "…"]
    choices = next((word for word in words if re.fullmatch(r"[a-z]+(\|[a-z]+)+", word)), None)
    for choice in choices.split("|") if choices else [""]:
        filled = [choice if word == choices else STANDS_FOR.get(word, word) for word in words]
        yield [word for word in filled if word]


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return the places of a page that a link may lead to, as GitHub names them."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", title.lower()) for title in titles)
    return frozenset(title.replace(" ", "-") for title in plain)


def links(page: Path) -> list[tuple[str, str]]:
    """Return the places within the project that a page links to, each as path and anchor."""
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
    here = [target for target in targets if "://" not in target]
    return [(target.partition("#")[0], target.partition("#")[2]) for target in here]


def table(page: Path, heading: str) -> list[list[str]]:
    """Return the cells of the first table behind a heading, without its head."""
    text = page.read_text("utf-8").split(f"{heading}\n", 1)[1]
    rows = re.search(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    assert rows is not None, f"{page} has no table behind {heading}"
    lines = rows[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
