"""The base of every settings class: frozen, closed to unknown keys, with units in the names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError


class Settings(BaseModel):
    """Frozen settings; unknown keys and values outside their limits are refused.

    Each room declares its own subclass beside the code that uses it. Numbers carry
    their unit in the name (``_s``, ``_hz``, ``_mv``, ``_samples``) and their limits in
    ``pydantic.Field``. What a key was called before stands in `renamed`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    renamed: ClassVar[Mapping[str, str]] = {}
    """Former keys, and what to write now: a key, or a key with the form of its value."""

    @classmethod
    def renaming(cls, key: str) -> str | None:
        """Return what is written now in the place of a former key; None if it never was one."""
        for kind in cls.__mro__:
            now: str | None = vars(kind).get("renamed", {}).get(key)
            if now is not None:
                return now
        return None


class TableRefusedError(ValueError):
    """A table that a validator checked by another settings class was refused by that class.

    Parameters
    ----------
    kind : type of Settings
        The class that refused.
    error : ValidationError
        What it found.
    """

    def __init__(self, kind: type[Settings], error: ValidationError) -> None:
        first = error.errors(include_url=False)[0]
        super().__init__(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}")
        self.kind = kind
        self.error = error
