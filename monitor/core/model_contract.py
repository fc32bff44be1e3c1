"""What every learned part says about itself in its file: one form of contract for all kinds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from ecgmon.monitor.core.errors import ModelError

PREFIX = "ecgmon."
"""Every metadata key of ours begins so."""

REPLACE_HINT = "Use a model made for this version of ecgmon (see `ecgmon models`), or export it anew."

_FORMS: dict[str, tuple[Callable[[str], Any], Callable[[Any], str]]] = {
    "str": (str, str),
    "int": (int, str),
    "float": (float, repr),
    "tuple[str, ...]": (lambda text: tuple(json.loads(text)), json.dumps),
    "Mapping[str, float]": (
        lambda text: {str(key): float(value) for key, value in json.loads(text).items()},
        lambda value: json.dumps(dict(value)),
    ),
}
"""How a field of each type is read from text and written as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The contract of one model file.

    Parameters
    ----------
    kind : str
        Kind of contract and its version, such as ``ecgmon.rpeak/2``.
    name, version : str
        Name and version of the model.
    training, protocol : str
        Training data, and how it was split and scored.
    scores : mapping of str to float
        Figures measured under ``protocol``.
    licence : str
        SPDX expression of the weights, with the attribution of their data.
    sha256 : str
        Digest of the file, taken with this value as zeros.
    extra : mapping of str to str
        Keys beyond these, without the prefix: what this kind or this model has of its own.
    """

    kind: str
    name: str
    version: str
    training: str
    protocol: str
    scores: Mapping[str, float]
    licence: str
    sha256: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)

    def to_metadata(self) -> dict[str, str]:
        """Return the contract as metadata of a model file, all keys with the prefix."""
        own = {
            item.name: _FORMS[str(item.type)][1](getattr(self, item.name))
            for item in fields(self)
            if item.name != "extra"
        }
        return {PREFIX + key: value for key, value in {**own, **self.extra}.items()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], source: str) -> Self:
        """Read a contract.

        Parameters
        ----------
        metadata : mapping of str to str
            All metadata of the file.
        source : str
            Name of the file, for messages.

        Raises
        ------
        ModelError
            A key is missing or cannot be read.
        """
        rest = {key.removeprefix(PREFIX): text for key, text in metadata.items() if key.startswith(PREFIX)}
        try:
            known = {
                item.name: _FORMS[str(item.type)][0](rest.pop(item.name))
                for item in fields(cls)
                if item.name != "extra"
            }
        except KeyError as missing:
            raise ModelError(
                f"{source}: the metadata lacks {PREFIX}{missing.args[0]}.", REPLACE_HINT
            ) from None
        except (ValueError, TypeError, AttributeError) as error:
            raise ModelError(f"{source}: the metadata cannot be read ({error}).", REPLACE_HINT) from None
        contract = cls(**known, extra=rest)
        contract.check(source)
        return contract

    def check(self, source: str) -> None:
        """Refuse a contract that contradicts itself; a kind with fields of its own adds to it."""

    def require(self, source: str, **wanted: str) -> None:
        """Refuse a file whose own keys have other values than the program serves.

        Parameters
        ----------
        source : str
            Name of the file, for messages.
        **wanted : str
            Values that keys of `extra` must have.

        Raises
        ------
        ModelError
            A key is missing or has another value.
        """
        for key, value in wanted.items():
            found = self.extra.get(key)
            if found != value:
                raise ModelError(
                    f"{source}: it was made for another program: {key} is {found!r}, but {value!r} is "
                    "served.",
                    REPLACE_HINT,
                )
