"""Takes secrets from the environment or a file, so that none need stand in the settings."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

from ecgmon.monitor.core.errors import SettingsError
from ecgmon.monitor.core.files import read_small_text
from ecgmon.monitor.core.paths import MayHoldPath, anchored_path

ENVIRONMENT, FILE = "env:", "file:"
"""What a text begins with that says where the secret is, in place of the secret itself."""

LONGEST_BYTES = 65_536
"""Nobody's password or address is longer; a file that is must be another one."""


class SecretMark(MayHoldPath):
    """Mark of a text that may be a secret: it is never shown, and may say ``env:`` or ``file:``."""


def anchored_secret(text: str, folder: Path) -> str:
    """Return a secret's text with the path behind ``file:`` as seen from a folder."""
    if not text.startswith(FILE):
        return text
    return FILE + anchored_path(text.removeprefix(FILE), folder)


Secret = Annotated[str, SecretMark(anchored_secret)]
"""Type of a setting that is a secret: ``env:NAME``, ``file:PATH``, or the text itself."""


def shown_address(text: str) -> str:
    """Return an address for a message: without user, password and options, however wrong it is."""
    return re.sub(r"//.*@", "//…@", text, flags=re.DOTALL).partition("?")[0]


def is_elsewhere(text: str) -> bool:
    """Tell whether a text says where the secret is, in place of the secret itself."""
    return text.startswith((ENVIRONMENT, FILE))


def resolve(text: str, key: str = "") -> str:
    """Return a text, or what the environment or a file holds where it says so.

    Parameters
    ----------
    text : str
        ``env:NAME``, ``file:PATH`` or the text itself. Of a file the first line counts,
        without the blanks around it.
    key : str, optional
        Which setting it is, such as ``mqtt.password``, for an error that helps.

    Raises
    ------
    SettingsError
        The variable is not set, or the file cannot be read or begins with an empty line.
    """
    about = f"{key}: " if key else ""
    if text.startswith(ENVIRONMENT):
        name = text.removeprefix(ENVIRONMENT)
        if name not in os.environ:
            raise SettingsError(
                f"{about}the environment variable {name} is not set.", f"Set it: export {name}=…"
            )
        return os.environ[name]
    if text.startswith(FILE):
        return _first_line(Path(text.removeprefix(FILE)), about)
    return text


def _first_line(path: Path, about: str) -> str:
    try:
        path = path.expanduser()
        text = read_small_text(path, LONGEST_BYTES)
    except (ValueError, RuntimeError) as error:
        raise SettingsError(f"{about}the secret in {path} cannot be read: {error}.") from error
    line = text.partition("\n")[0].strip()
    if not line:
        raise SettingsError(f"{about}the first line of {path} is empty.", "Write the secret there.")
    return line
