"""The base of every settings class: frozen, closed to unknown keys, with units in the names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator


class Settings(BaseModel):
    """Frozen settings; unknown keys, values outside their limits and truth values for numbers are refused.

    Each room declares its own subclass beside the code that uses it. Numbers carry
    their unit in the name (``_s``, ``_hz``, ``_mv``, ``_samples``) and their limits in
    ``pydantic.Field``. What a key was called before stands in `renamed`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    renamed: ClassVar[Mapping[str, str]] = {}
    """Former keys, and what to write now: a key, or a key with the form of its value."""

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse true and false where a number is wanted, which would count as 1 and 0."""
        if isinstance(value, bool | list | tuple) and _holds_truth(value):
            assert info.field_name is not None
            if _wants_number(cls.model_fields[info.field_name].annotation):
                raise ValueError("a number is wanted, not true or false")
        return value

    @classmethod
    def renaming(cls, key: str) -> str | None:
        """Return what is written now in the place of a former key; None if it never was one."""
        for kind in cls.__mro__:
            now: str | None = vars(kind).get("renamed", {}).get(key)
            if now is not None:
                return now
        return None


def _holds_truth(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, list | tuple) and any(map(_holds_truth, value)))


def _wants_number(annotation: Any) -> bool:
    wanted = list(_types_in(annotation))
    takes_truth = any(one is bool or one is Any or isinstance(one, bool) for one in wanted)
    return not takes_truth and any(one is int or one is float for one in wanted)


def _types_in(annotation: Any) -> Iterator[Any]:
    """Yield the types and choices of an annotation that are not made of others."""
    inner = get_args(annotation)
    if not inner:
        yield annotation
    for one in inner:
        yield from _types_in(one)


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
