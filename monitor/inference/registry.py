"""Where models are found: those shipped with ecgmon and those a user has installed."""

from __future__ import annotations

import hashlib
import itertools
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import platformdirs

from ecgmon.monitor.core.errors import ModelError, PluginError
from ecgmon.monitor.core.plugins import Offer, Registry
from ecgmon.monitor.inference.contract import ModelContract
from ecgmon.monitor.inference.model_file import open_model, sealed_digest

ZOO = "ecgmon.models.zoo"
"""The package that holds the shipped models; importing it needs numpy at most."""

MODELS = Registry(
    "ecgmon.models",
    {},
    fits=lambda part: "" if isinstance(part, str | Path) else f"it is a {type(part).__name__} and not a path",
)
"""Models of other packages: name to the path of an ONNX file, or of a folder with an index like the zoo's."""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model that can be loaded by name.

    Parameters
    ----------
    name : str
        Name to load it by.
    path : Path
        The ONNX file.
    origin : str
        ``shipped`` with ecgmon, ``installed`` by the user, or the package that offers it.
    card : Path or None
        A page on its data, protocol, scores and licence.
    sha256 : str or None
        SHA-256 of the whole file as the index states it; None for one a user has installed.
    problem : PluginError or None
        Why a model of another package cannot be used.
    """

    name: str
    path: Path
    origin: str
    card: Path | None
    sha256: str | None
    problem: PluginError | None = None

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
    return _index(Path(str(resources.files(ZOO))), "shipped")


def _index(zoo: Path, origin: str) -> tuple[str, list[ModelEntry]]:
    """Return the default and all models of a folder with an index."""
    try:
        index = tomllib.loads((zoo / "index.toml").read_text(encoding="utf-8"))
        entries = [
            ModelEntry(row["name"], zoo / row["file"], origin, zoo / row["card"], row["sha256"])
            for row in index["model"]
        ]
        return str(index["default"]), entries
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ModelError(
            f"{zoo / 'index.toml'}: the index of {origin} models cannot be read ({error}).",
            f"Install {'ecgmon' if origin == 'shipped' else origin} again.",
        ) from None


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
        return _index(path, offer.package)[1]
    card = path.with_suffix(".md")
    return [ModelEntry(offer.name, path, offer.package, card if card.is_file() else None, None)]


def _broken(offer: Offer, why: str) -> ModelEntry:
    return ModelEntry(offer.name, Path(), offer.package, None, None, PluginError(why))


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
    raise ModelError(
        f"There is no model named {name!r}.", f"Known are: {', '.join(known)}; or name an .onnx file."
    )
