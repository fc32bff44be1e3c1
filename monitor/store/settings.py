"""Where events are kept, and for how long."""

from __future__ import annotations

from platformdirs import user_state_path
from pydantic import Field

from ecgmon.monitor.core.config import Settings


def default_address() -> str:
    """Return the path of the event store where none is named."""
    return str(user_state_path("ecgmon") / "events.db")


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

    address: str = Field(default_factory=default_address, min_length=1)
    keep_days: float | None = Field(default=365.0, gt=0, le=36500)
    keep_mb: float | None = Field(default=500.0, ge=1, le=1_000_000)
