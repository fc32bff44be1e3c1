"""Where models are found: those shipped with ecgmon and those a user has installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import platformdirs

from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.core.graph_file import open_graph
from ecgmon.monitor.core.zoo import ZooEntry, shipped_parts
from ecgmon.monitor.inference.contract import BEAT_KINDS, ModelContract


class ModelEntry(ZooEntry):
    """A classifier of beats that can be loaded by name."""

    __slots__ = ()

    def contract(self) -> ModelContract:
        """Return what the file says about itself, its checksums proven.

        Raises
        ------
        ModelError
            The file is damaged, foreign, not the one the index names, or classifies no beats.
        """
        self.verify()
        return open_graph(self.path, *BEAT_KINDS, contract=ModelContract)[1]


def user_model_dir() -> Path:
    """Return the folder whose ``*.onnx`` files can be loaded by their stem."""
    return platformdirs.user_data_path("ecgmon") / "models"


def shipped_models() -> tuple[str, list[ModelEntry]]:
    """Return the default model's name and all shipped classifiers of beats, read from the zoo's index.

    Raises
    ------
    ModelError
        The index is missing or cannot be read.
    """
    default, parts = shipped_parts()
    return default, [
        ModelEntry(part.name, part.path, part.origin, part.card, part.sha256, part.kind)
        for part in parts
        if part.kind in BEAT_KINDS
    ]


def chain_parts() -> list[ZooEntry]:
    """Return the shipped learned parts that no setting chooses: they are in every chain.

    Raises
    ------
    ModelError
        The index is missing or cannot be read.
    """
    return [part for part in shipped_parts()[1] if part.kind not in BEAT_KINDS]


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
    if name in {part.name for part in chain_parts()}:
        raise ModelError(
            f"{name} is a part of every chain and classifies no beats.", f"Choose one of: {known}."
        )
    raise ModelError(f"There is no model named {name!r}.", f"Known are: {known}; or name an .onnx file.")
