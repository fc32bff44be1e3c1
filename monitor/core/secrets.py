"""Takes secrets from the environment or a file, so that none stands in the settings."""

from __future__ import annotations

import os
from pathlib import Path

from ecgmon.monitor.core.errors import SettingsError


def resolve(text: str) -> str:
    """Return a text, or what the environment or a file holds where it says so.

    Parameters
    ----------
    text : str
        ``env:NAME``, ``file:PATH`` or the text itself.

    Raises
    ------
    SettingsError
        The variable is not set or the file cannot be read.
    """
    if text.startswith("env:"):
        name = text.removeprefix("env:")
        if name not in os.environ:
            raise SettingsError(f"The environment variable {name} is not set.")
        return os.environ[name]
    if text.startswith("file:"):
        path = Path(text.removeprefix("file:")).expanduser()
        try:
            return path.read_text("utf-8").strip()
        except OSError as error:
            raise SettingsError(f"{path}: the secret cannot be read ({error.strerror}).") from error
    return text
