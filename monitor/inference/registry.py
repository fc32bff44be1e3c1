"""Where models are found: those shipped with ecgmon and those a user has installed."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

import platformdirs

from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.inference.contract import ModelContract
from ecgmon.monitor.inference.model_file import open_model, sealed_digest

ZOO = "ecgmon.models.zoo"
"""The package that holds the shipped models; importing it needs numpy at most."""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model that can be loaded by name.

    Parameters
    ----------
    name : str
        Name to load it by.
    path : Path
        The ONNX file.
    origin : {"shipped", "installed"}
        Whether it came with ecgmon or a user put it there.
    card : Path or None
        A page on its data, protocol, scores and licence.
    sha256 : str or None
        SHA-256 of the whole file as the index states it; None for one a user has installed.
    """

    name: str
    path: Path
    origin: Literal["shipped", "installed"]
    card: Path | None
    sha256: str | None

    @property
    def size_bytes(self) -> int:
        """Size of the file."""
        return self.path.stat().st_size

    def contract(self) -> ModelContract:
        """Return what the file says about itself, its checksums proven.

        Raises
        ------
        ModelError
            The file is damaged, foreign or not the one the index names.
        """
        self.verify()
        return open_model(self.path)[1]

    def verify(self) -> None:
        """Refuse a shipped file that is not the one the index names.

        Raises
        ------
        ModelError
            The file is missing or differs.
        """
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise ModelError(
                f"{self.path}: the model {self.name} cannot be read ({error.strerror}).",
                "Install ecgmon again.",
            ) from None
        if self.sha256 is not None and hashlib.sha256(data).hexdigest() != self.sha256:
            whole = sealed_digest(data)
            why = "it is another model" if whole and whole[0] == whole[1] else "it was changed or damaged"
            raise ModelError(
                f"{self.path}: this is not the {self.name} that was shipped: {why}.",
                "Install ecgmon again.",
            )


def user_model_dir() -> Path:
    """Return the folder whose ``*.onnx`` files can be loaded by their stem."""
    return platformdirs.user_data_path("ecgmon") / "models"


def shipped_models() -> tuple[str, list[ModelEntry]]:
    """Return the default model's name and all shipped models, read from the zoo's index.

    Raises
    ------
    ModelError
        The index is missing or cannot be read.
    """
    zoo = Path(str(resources.files(ZOO)))
    try:
        index = tomllib.loads((zoo / "index.toml").read_text(encoding="utf-8"))
        entries = [
            ModelEntry(row["name"], zoo / row["file"], "shipped", zoo / row["card"], row["sha256"])
            for row in index["model"]
        ]
        return str(index["default"]), entries
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ModelError(
            f"{zoo / 'index.toml'}: the index of shipped models cannot be read ({error}).",
            "Install ecgmon again.",
        ) from None


def installed_models() -> Iterator[ModelEntry]:
    """Yield the models that the user has put into `user_model_dir`, by name."""
    for path in sorted(user_model_dir().glob("*.onnx")):
        card = path.with_suffix(".md")
        yield ModelEntry(path.stem, path, "installed", card if card.is_file() else None, None)


def list_models() -> list[ModelEntry]:
    """Return shipped models, then installed ones."""
    return [*shipped_models()[1], *installed_models()]


def find_model(name_or_path: str | Path | None = None) -> ModelEntry:
    """Return the model of that name, or the file.

    Parameters
    ----------
    name_or_path : str or Path, optional
        Name of a shipped or installed model, or an ``.onnx`` file; the default model without it.

    Raises
    ------
    ModelError
        There is no such model; names those there are.
    """
    default, shipped = shipped_models()
    name = default if name_or_path is None else str(name_or_path)
    if isinstance(name_or_path, Path) or name.endswith(".onnx"):
        path = Path(name).expanduser()
        return ModelEntry(path.stem, path, "installed", None, None)
    entries = [*shipped, *installed_models()]
    for entry in entries:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in entries)
    raise ModelError(f"There is no model named {name!r}.", f"Known are: {known}; or name an .onnx file.")
