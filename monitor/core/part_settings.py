"""Settings with a table for each part of a kind, those of other packages' parts among them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from types import GenericAlias
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError, model_validator
from pydantic.fields import FieldInfo

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.plugins import Registry


class PartSettings(Settings):
    """Settings whose keys are the names of parts, beside keys of its own.

    Our own parts are fields. A key that is no field is looked up among the parts of other
    packages, and its table is checked by the settings class which that part declares. A part of
    another package is used if its table is there, empty or not.
    """

    model_config = ConfigDict(extra="allow")

    parts: ClassVar[Registry]
    """Where the parts are found."""

    @classmethod
    @abstractmethod
    def default_of(cls, part: Any) -> tuple[type[Settings], Mapping[str, Any]]:
        """Return the settings class of a part, and what its table need not say."""

    @model_validator(mode="before")
    @classmethod
    def _check_parts(cls, data: Any) -> Any:
        """Check the tables of other packages' parts."""
        if not isinstance(data, Mapping):
            return data
        foreign = [name for name in data if name not in cls.model_fields]
        return {**data, **{name: cls._checked(str(name), data[name]) for name in foreign}}

    @classmethod
    def _checked(cls, name: str, given: Any) -> Settings:
        if name not in cls.parts:
            raise _unknown(cls, given, name)
        kind, default = cls.default_of(cls.parts.load(name))
        for key in given if isinstance(given, Mapping) else ():
            if key not in kind.model_fields and not issubclass(kind, PartSettings):
                raise _unknown(cls, given[key], name, str(key))  # before what is missing for the same reason
        whole = {**default, **given} if isinstance(given, Mapping) else given
        shape: Any = GenericAlias(dict, (str, kind))  # so that an error says under which name it lies
        checked: dict[str, Settings] = TypeAdapter(shape).validate_python({name: whole})
        return checked[name]


def _unknown(kind: type[Settings], given: Any, *place: str) -> ValidationError:
    return ValidationError.from_exception_data(
        kind.__name__, [{"type": "extra_forbidden", "loc": place, "input": given}]
    )


def keys_of(kind: type[Settings]) -> list[str]:
    """Return the keys that a settings class takes, names of other packages' parts among them."""
    others = kind.parts.names() if issubclass(kind, PartSettings) else []
    return list(dict.fromkeys([*kind.model_fields, *others]))


def field_of(kind: type[Settings], key: str) -> FieldInfo | None:
    """Return what is declared of a key, also of one that another package's part adds."""
    if key in kind.model_fields or not issubclass(kind, PartSettings) or key not in kind.parts:
        return kind.model_fields.get(key)
    return FieldInfo.from_annotation(kind.default_of(kind.parts.load(key))[0])
