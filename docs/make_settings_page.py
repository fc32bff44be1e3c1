"""Writes the reference of all settings, ``docs/settings.md``, from the settings classes themselves.

Run from the project's folder: ``python docs/make_settings_page.py``. A test compares the two.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_origin

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pydantic.fields import FieldInfo

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.refusal import allowed, table_of
from ecgmon.monitor.run.settings import MonitorSettings

PAGE = Path(__file__).with_name("settings.md")

INTRODUCTION = """\
# Settings

`ecgmon run --config my.toml` takes its settings from a [TOML](https://toml.io) file. This page lists every
key. `configs/` holds files to start from.

    sources = ["mqtts://broker.lan/ecg/+/raw"]

    [mqtt]
    user = "nurse"
    password = "file:secrets/mqtt"

    [alarms.heart_rate_high]
    limit_bpm = 110

- Every key may be left out; it then has its default. Options of the command line win over the file.
- A key that is unknown, or a value that is not allowed, is refused with one line that names the file, the key
  and what is allowed. So is a key that has another name now.
- **Paths** count from the folder of the settings file. `~` is the home folder. `-` is standard output.
- **Secrets** (user names, passwords, tokens, addresses of people) are given in one of three ways:
  `"env:NAME"` takes the value of an environment variable, `"file:PATH"` the first line of a file. Anything
  else is the secret itself. Secrets are not shown in messages.
- The end of a name tells its unit: `_s` seconds, `_ms` milliseconds, `_hz` hertz, `_mv` millivolts,
  `_bpm` beats a minute, `_mb` megabytes.
- A settings file is an ordinary file in UTF-8 of at most 1 MB.

This page is made from the program by `python docs/make_settings_page.py`.
"""


@dataclass
class Table:
    """A table of the settings file, or several that have the same keys.

    Parameters
    ----------
    kind : type of Settings
        The class that holds its keys.
    names : list of str
        Dotted names; empty for the top of the file.
    values : list of (Settings or None)
        What each of them is by default; None for one that is off unless it is written.
    """

    kind: type[Settings]
    names: list[str]
    values: list[Settings | None] = field(default_factory=list)


def page() -> str:
    """Return the whole page."""
    parts = [INTRODUCTION, *map(_section, _tables()), _former_keys()]
    return "\n".join(parts)


def _tables() -> Iterator[Table]:
    """Yield every table, outer ones first; neighbours of one class as one."""
    waiting = [Table(MonitorSettings, [""], [MonitorSettings()])]
    while waiting:
        table = waiting.pop(0)
        yield table
        waiting[:0] = _inner_tables(table)


def _inner_tables(table: Table) -> list[Table]:
    found: dict[type[Settings], Table] = {}
    for key, info in table.kind.model_fields.items():
        below = table_of(info.annotation)
        of_names = get_origin(below) is dict
        below = table_of(get_args(below)[1]) if of_names else below
        if not isinstance(below, type):
            continue
        inner = found.setdefault(below, Table(below, []))
        inner.names.append(".".join(filter(None, [table.names[0], key, "NAME" if of_names else ""])))
        default = None if of_names or table.values[0] is None else getattr(table.values[0], key)
        inner.values.append(default)
    return list(found.values())


def _section(table: Table) -> str:
    heading = ", ".join(f"`[{name}]`" for name in table.names) if table.names[0] else "Top of the file"
    lines = [f"## {heading}", "", _first_paragraph(table.kind)]
    if table.values[0] is None and not table.names[0].endswith("NAME"):
        lines[-1] += " Off unless this table is there."
    keys = [key for key, info in table.kind.model_fields.items() if not _is_table(info)]
    if keys:
        lines += ["", "| key | takes | default | meaning |", "| --- | --- | --- | --- |"]
        lines += [_row(table, key) for key in keys]
    return "\n".join([*lines, ""])


def _is_table(info: FieldInfo) -> bool:
    below = table_of(info.annotation)
    below = table_of(get_args(below)[1]) if get_origin(below) is dict else below
    return isinstance(below, type)


def _row(table: Table, key: str) -> str:
    info = table.kind.model_fields[key]
    meaning = info.description or meanings(table.kind)[key]
    cells = [f"`{key}`", allowed(key, info), _default(table, key, info), meaning]
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _default(table: Table, key: str, info: FieldInfo) -> str:
    if info.is_required() and table.values[0] is None:
        return "must be given"
    if info.default_factory not in (None, dict, list, tuple):
        return "by the system"
    if table.values[0] is None:
        return _written(info.get_default(call_default_factory=True))
    by_table = {
        name: _written(getattr(value, key)) for name, value in zip(table.names, table.values, strict=True)
    }
    if len(set(by_table.values())) == 1:
        return next(iter(by_table.values()))
    return ", ".join(f"{text} ({name.rpartition('.')[2]})" for name, text in by_table.items())


def _written(value: Any) -> str:
    """Return a value as it stands in a file."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, dict):
        return "none" if not value else f"`{value}`"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"`[{', '.join(map(str, value))}]`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value:g}`"


def _first_paragraph(kind: type[Settings]) -> str:
    return _plain(inspect.cleandoc(vars(kind).get("__doc__") or "").split("\n\n")[0])


def meanings(kind: type[Settings]) -> dict[str, str]:
    """Return what each key of a class means, from its docstring and those of its bases."""
    found: dict[str, str] = {}
    for base in kind.__mro__:
        for names, text in _parameters(inspect.cleandoc(vars(base).get("__doc__") or "")):
            for name in names:
                found.setdefault(name, text)
    return found


def _parameters(docstring: str) -> Iterator[tuple[list[str], str]]:
    """Yield names and meaning of each entry of a numpydoc section of parameters."""
    _, _, section = docstring.partition("Parameters\n----------\n")
    for entry in re.finditer(r"^(\w[\w, ]*) : .*\n((?:[ ]{4}.*\n?|\n)+)", section, re.MULTILINE):
        yield [name.strip() for name in entry[1].split(",")], _plain(entry[2])


def _plain(text: str) -> str:
    """Return a text of a docstring in one line of Markdown."""
    text = " ".join(text.replace("``", "`").split())
    return re.sub(r"`(?:ecgmon\.[\w.]*\.)?(\w+)`", r"`\1`", text)


def _former_keys() -> str:
    lines = ["## Former keys", "", "These are refused with what to write now.", ""]
    lines += ["| before | now |", "| --- | --- |"]
    for table in _tables():
        for name in table.names:
            for kind in table.kind.__mro__:
                for key, now in vars(kind).get("renamed", {}).items():
                    before, after = (".".join(filter(None, [name, text])) for text in (key, now))
                    lines.append(f"| `{before}` | `{after}` |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
