"""Writes small files whole: who reads one finds the old or the new, never half of it."""

from __future__ import annotations

from pathlib import Path


def replace_file(path: Path, text: str) -> None:
    """Write a file that only this user may read, in the place of one that is there.

    Raises
    ------
    OSError
        It cannot be written; what was there stays.
    """
    part = path.with_name(f".{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    part.write_text(text, "utf-8")
    part.chmod(0o600)
    part.replace(path)
