"""Says how to install an optional part, as a command that works from where the user is."""

from __future__ import annotations

import importlib.util
import os
import shlex
import sys
from pathlib import Path

from ecgmon.monitor.core.errors import MissingExtraError


def missing_extra(what: str, package: str, extra: str) -> MissingExtraError:
    """Return the error to raise where an optional package is not installed.

    Parameters
    ----------
    what : str
        What needs it, as the beginning of a sentence, such as ``Reading EDF files``.
    package : str
        The package that is missing.
    extra : str
        The extra that brings it, such as ``edf``.
    """
    return MissingExtraError(
        f"{what} needs the package {package}, which is not installed.",
        f"Install it: {install_command(extra)}",
    )


def require(what: str, extra: str, *packages: str) -> None:
    """Refuse to begin what some optional packages are needed for, unless all are installed.

    Parameters
    ----------
    what, extra : str
        As in `missing_extra`.
    *packages : str
        The packages needed.

    Raises
    ------
    MissingExtraError
        One of them is not installed.
    """
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise missing_extra(what, package, extra)


def install_command(extra: str) -> str:
    """Return the command that installs an extra into the Python that is running.

    In a checkout it installs the checkout with the extra, elsewhere the extra of the
    installed package. An environment made by uv has no pip, so there uv installs.
    """
    root = _checkout()
    target = f"-e '{_from_here(root)}[{extra}]'" if root is not None else f"'ecgmon[{extra}]'"
    python = shlex.quote(_from_here(Path(sys.executable)))
    if importlib.util.find_spec("pip") is None:
        return f"uv pip install --python {python} {target}"
    return f"{python} -m pip install {target}"


def _checkout() -> Path | None:
    """Return the folder of the sources that are running, None if they are installed."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "pyproject.toml").is_file() else None


def _from_here(path: Path) -> str:
    """Return a path relative to where the user is, if it lies below."""
    try:
        here = Path.cwd()
    except OSError:  # the folder that the user is in was deleted
        return str(path)
    return os.path.relpath(path, here) if path == here or here in path.parents else str(path)
