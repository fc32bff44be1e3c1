"""What differs from patient to patient: a name, which stays in the store, and limits of alarms."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationError, field_validator

from ecgmon.monitor.alarms.settings import AlarmSettings
from ecgmon.monitor.core.config import Settings, TableRefusedError


class PatientSettings(Settings):
    """Settings of whoever wears a device.

    Parameters
    ----------
    name : str or None
        Kept in the event store only, apart from the events.
    alarms : dict
        What differs from the alarms of all, as under ``[alarms]``.
    """

    name: str | None = Field(default=None, min_length=1, max_length=200, repr=False)
    alarms: dict[str, Any] = Field(default_factory=dict)

    @field_validator("alarms")
    @classmethod
    def _allowed(cls, changes: dict[str, Any]) -> dict[str, Any]:
        try:
            AlarmSettings().changed(changes)
        except ValidationError as error:
            raise TableRefusedError(AlarmSettings, error) from None
        return changes
