"""The one index of learned parts: what ships with ecgmon, of which kind, and proof that it is that."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from ecgmon.monitor.core.errors import ModelError, PluginError
from ecgmon.monitor.core.model_contract import Contract
from ecgmon.monitor.core.sealed_file import open_weights, sealed_digest

ZOO = "ecgmon.models.zoo"
"""The package that holds the shipped models; importing it costs nothing."""


@dataclass(frozen=True, slots=True)
class ZooEntry:
    """A learned part that can be found by name.

    Parameters
    ----------
    name : str
        Name to find it by.
    path : Path
        The file: an ONNX graph, or JSON with plain numbers.
    origin : str
        ``shipped`` with ecgmon, ``installed`` by the user, or the package that offers it.
    card : Path or None
        A page on its data, protocol, scores and licence.
    sha256 : str or None
        SHA-256 of the whole file as the index states it; None for one a user has installed.
    kind : str
        Kind of its contract; empty where only the file says it.
    problem : PluginError or None
        Why a part of another package cannot be used.
    """

    name: str
    path: Path
    origin: str
    card: Path | None
    sha256: str | None
    kind: str = ""
    problem: PluginError | None = None

    @property
    def size_bytes(self) -> int:
        """Size of the file."""
        return self.path.stat().st_size

    def verify(self) -> None:
        """Refuse a shipped file that is not the one the index names.

        Raises
        ------
        ModelError
            The file is missing or differs.
        PluginError
            The package that offers it is broken.
        """
        if self.problem is not None:
            raise self.problem
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise ModelError(
                f"{self.path}: the model {self.name} cannot be read ({error.strerror}).",
                self._cure,
            ) from None
        if self.sha256 is not None and hashlib.sha256(data).hexdigest() != self.sha256:
            whole = sealed_digest(data)
            why = "it is another model" if whole and whole[0] == whole[1] else "it was changed or damaged"
            raise ModelError(
                f"{self.path}: this is not the {self.name} that was shipped: {why}.",
                self._cure,
            )

    @property
    def _cure(self) -> str:
        return f"Install {'ecgmon' if self.origin in ('shipped', 'installed') else self.origin} again."

    def contract(self) -> Contract:
        """Return what the file says about itself, whatever its kind, its checksums proven.

        Raises
        ------
        ModelError
            The file is damaged, foreign or not the one the index names.
        """
        self.verify()
        if self.path.suffix == ".json":
            return open_weights(self.path)[1]
        from ecgmon.monitor.core.graph_file import open_graph  # noqa: PLC0415 - plain numbers need no runtime

        return open_graph(self.path, contract=Contract)[1]


def shipped_parts() -> tuple[str, list[ZooEntry]]:
    """Return the default model's name and all learned parts that are shipped, read from the zoo's index.

    Raises
    ------
    ModelError
        The index is missing or cannot be read.
    """
    return zoo_parts(Path(str(resources.files(ZOO))), "shipped")


def zoo_parts(zoo: Path, origin: str) -> tuple[str, list[ZooEntry]]:
    """Return the default model's name and all learned parts of a folder with an index.

    Parameters
    ----------
    zoo : Path
        The folder.
    origin : str
        ``shipped``, or the package whose folder it is.

    Raises
    ------
    ModelError
        The index is missing or cannot be read.
    """
    path = zoo / "index.toml"
    try:
        index = _index(path, path.stat().st_mtime_ns)
        entries = [
            ZooEntry(row["name"], zoo / row["file"], origin, zoo / row["card"], row["sha256"], row["kind"])
            for row in index["model"]
        ]
        return str(index["default"]), entries
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path}: the index of {origin} models cannot be read ({error}).",
            f"Install {'ecgmon' if origin == 'shipped' else origin} again.",
        ) from None


@lru_cache(maxsize=2)
def _index(path: Path, modified_ns: int) -> dict[str, Any]:  # noqa: ARG001 - the time is part of the key
    return tomllib.loads(path.read_text(encoding="utf-8"))


def shipped_file(name: str) -> Path:
    """Return the file of a shipped part, proven to be the one the index names.

    Parameters
    ----------
    name : str
        Such as ``rpeak``.

    Raises
    ------
    ModelError
        There is no such part, or its file is missing or differs.
    """
    entries = shipped_parts()[1]
    for entry in entries:
        if entry.name == name:
            entry.verify()
            return entry.path
    known = ", ".join(entry.name for entry in entries)
    raise ModelError(f"No learned part named {name!r} is shipped.", f"Shipped are: {known}.")
