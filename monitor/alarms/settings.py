"""Every alarm of one patient as data: the kinds of the catalogue, of which TOML may change any part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field, create_model, model_validator

from ecgmon.monitor.alarms.catalogue import ALARMS, own_kinds
from ecgmon.monitor.alarms.kind import AlarmKind
from ecgmon.monitor.alarms.rules import AlarmRule
from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.part_settings import PartSettings
from ecgmon.monitor.core.plugins import Registry


class _AlarmTables(PartSettings):
    """All alarms of one patient; each kind of the catalogue is a field, most urgent first.

    A file may give a part of a rule, such as ``[alarms.heart_rate_high]`` with
    ``limit_bpm = 110``; the rest stays as its `AlarmKind` has it. Limits of the five
    life-threatening kinds follow the PhysioNet/CinC Challenge 2015 (Clifford et al. 2015,
    doi:10.1109/CIC.2015.7408639). A kind of another package is on if its table is there.

    Parameters
    ----------
    latency_s : float
        A beat is known at most this long after its R wave; the absence of beats is
        judged that much later, so that no beat on its way is overlooked.
    silence_s : float
        How long silencing lasts unless it is asked for otherwise, and at most.
    escalate_after_s : float
        A high-priority alarm that nobody acknowledged for this long is sent on to the
        second recipient.
    """

    parts: ClassVar[Registry] = ALARMS

    latency_s: float = Field(default=0.7, ge=0, le=5)
    silence_s: float = Field(default=120.0, ge=1, le=600)
    escalate_after_s: float = Field(default=60.0, ge=5, le=3600)

    @classmethod
    def default_of(cls, part: AlarmKind) -> tuple[type[Settings], Mapping[str, Any]]:
        """See `PartSettings.default_of`."""
        return type(part.rule), part.rule.model_dump()

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, data: Any) -> Any:
        """Fill a rule that is given in part with what this kind has by default."""
        if not isinstance(data, Mapping):
            return data
        whole = dict(data)
        for name, given in data.items():
            field = cls.model_fields.get(name)
            if field is not None and isinstance(field.default, AlarmRule) and isinstance(given, Mapping):
                whole[name] = {**field.default.model_dump(), **given}
        return whole

    def differences(self, other: Self) -> list[str]:
        """Return what another has different, as ``kind.key: value here to value there``."""
        here, there = self._flat(), other._flat()
        keys = dict.fromkeys([*here, *there])  # a kind of another package may be there or not
        pairs = ((key, here.get(key, "none"), there.get(key, "none")) for key in keys)
        return [f"{key}: {ours} to {theirs}" for key, ours, theirs in pairs if ours != theirs]

    def _flat(self) -> dict[str, Any]:
        flat: dict[str, Any] = {}
        for name, value in self.model_dump().items():
            pairs = value.items() if isinstance(value, dict) else (("", value),)
            flat |= {f"{name}.{key}".rstrip("."): v for key, v in pairs}
        return flat

    def changed(self, changes: Mapping[str, Any]) -> Self:
        """Return a copy with some values changed, such as those of one patient.

        Parameters
        ----------
        changes : mapping
            As in a settings file: kind to a mapping of values, or a value of this class.

        Raises
        ------
        pydantic.ValidationError
            If a kind, key or value is not allowed.
        """
        whole = self.model_dump()
        for name, given in changes.items():
            part = whole.get(name)
            both = isinstance(part, dict) and isinstance(given, Mapping)
            whole[name] = {**part, **given} if both and part is not None else given
        return type(self).model_validate(whole)


if TYPE_CHECKING:

    class AlarmSettings(_AlarmTables):
        """All alarms of one patient; each kind of the catalogue is a field, most urgent first."""

        def __getattr__(self, kind: str) -> Any:
            """Return the rule of a kind."""

else:
    AlarmSettings = create_model(
        "AlarmSettings",
        __base__=_AlarmTables,
        __module__=__name__,
        __doc__=_AlarmTables.__doc__,
        **{name: (type(kind.rule), kind.rule) for name, kind in own_kinds().items()},
    )
