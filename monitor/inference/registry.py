"""Where models are found: those shipped with ecgmon and those a user has installed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

from ecgmon.monitor.core.errors import ModelError, PluginError
from ecgmon.monitor.core.graph_file import open_graph
from ecgmon.monitor.core.plugins import Offer, Registry
from ecgmon.monitor.core.zoo import ZooEntry, shipped_parts, zoo_parts
from ecgmon.monitor.inference.contract import BEAT_KINDS, ModelContract

MODELS = Registry(
    "ecgmon.models",
    {},
    fits=lambda part: "" if isinstance(part, str | Path) else f"it is a {type(part).__name__} and not a path",
)
"""Models of other packages: name to the path of an ONNX file, or of a folder with an index like the zoo's."""


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
    import platformdirs  # noqa: PLC0415 - the shipped models are found without it

    return platformdirs.user_data_path("ecgmon") / "models"


def shipped_models() -> tuple[str, list[ModelEntry]]:
    """Return the default model's name and all shipped classifiers of beats, read from the zoo's index.

    Raises
    ------
    ModelError
        The index is missing or cannot be read.
    """
    default, parts = shipped_parts()
    return default, _beat_models(parts)


def _beat_models(parts: Iterable[ZooEntry]) -> list[ModelEntry]:
    return [
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


def offered_models() -> Iterator[ModelEntry]:
    """Yield the models that other packages offer; one that is broken carries its problem."""
    for offer in MODELS.offers():
        try:
            yield from _offered(offer)
        except ModelError as error:
            yield _broken(offer, str(error))


def _offered(offer: Offer) -> list[ModelEntry]:
    if offer.problem:
        return [_broken(offer, offer.problem)]
    path = Path(offer.part).expanduser()
    if path.is_dir():
        return _beat_models(zoo_parts(path, offer.package)[1])
    card = path.with_suffix(".md")
    return [ModelEntry(offer.name, path, offer.package, card if card.is_file() else None, None)]


def _broken(offer: Offer, why: str) -> ModelEntry:
    return ModelEntry(offer.name, Path(), offer.package, None, None, problem=PluginError(why))


def list_models() -> list[ModelEntry]:
    """Return shipped models, then installed ones, then those of other packages."""
    return [*shipped_models()[1], *installed_models(), *offered_models()]


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
    known: list[str] = []
    for entry in itertools.chain(shipped, installed_models(), offered_models()):
        if entry.name == name:
            return entry
        known.append(entry.name)
    names = ", ".join(known)
    if name in {part.name for part in chain_parts()}:
        raise ModelError(
            f"{name} is a part of every chain and classifies no beats.", f"Choose one of: {names}."
        )
    raise ModelError(f"There is no model named {name!r}.", f"Known are: {names}; or name an .onnx file.")
