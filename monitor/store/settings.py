"""Where events are kept, and for how long."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.paths import anchored_path
from ecgmon.monitor.core.secrets import SecretMark, anchored_secret, is_elsewhere


def default_address() -> str:
    """Return the path of the event store where none is named."""
    from platformdirs import user_state_path  # noqa: PLC0415 - who stores nothing does without it

    return str(user_state_path("ecgmon") / "events.db")


def _anchored_address(text: str, folder: Path) -> str:
    """Return an address whose path, if it is one of a file, counts from a folder."""
    if is_elsewhere(text):
        return anchored_secret(text, folder)
    return text if "://" in text else anchored_path(text, folder)


StoreAddress = Annotated[str, SecretMark(_anchored_address)]
"""Path of a file or address of a database, which may be a secret."""


class StoreSettings(Settings):
    """Settings of the event store.

    Parameters
    ----------
    address : str
        Path of an SQLite file, or a database address such as
        ``postgresql://ecgmon@host/ecgmon`` (extra ``postgresql``). ``env:NAME`` and ``file:PATH`` take
        the address from there, so that no password stands in the settings.
    keep_days : float or None
        Age at which events are deleted; None keeps them.
    keep_mb : float or None
        Size, in megabytes, above which the oldest events go, alarms last. SQLite only.
    """

    address: StoreAddress = Field(default_factory=default_address, min_length=1)
    keep_days: float | None = Field(default=365.0, gt=0, le=36500)
    keep_mb: float | None = Field(default=500.0, ge=1, le=1_000_000)
