"""Keeps prepared records in the user's cache, under a name that changes with what prepares them."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

from ecgmon.monitor.core.files import replacing

Arrays = Mapping[str, NDArray[Any]]


def files_key(files: Iterable[Path], *texts: str) -> str:
    """Return a short name of some files and texts as they are."""
    digest = hashlib.sha256("|".join(texts).encode())
    for path in sorted(files):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


def cache_folder(name: str, key: str) -> Path:
    """Return the folder of what one training prepares, made if need be.

    Parameters
    ----------
    name : str
        Of the training.
    key : str
        Changes with all that prepares the data, so that nothing stale is taken.
    """
    folder = platformdirs.user_cache_path("ecgmon") / "training" / f"{name}-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def cached(path: Path, make: Callable[[], Arrays]) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file, which is made first where there is none or a damaged one.

    Parameters
    ----------
    path : Path
        An ``.npz`` file in a `cache_folder`.
    make : callable
        Prepares them.
    """
    try:
        return _read(path)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        with replacing(path) as part:
            np.savez(part, **make())  # type: ignore[arg-type]
        return _read(path)


def _read(path: Path) -> dict[str, NDArray[Any]]:
    with path.open("rb") as stream, np.load(stream) as stored:
        return dict(stored)
