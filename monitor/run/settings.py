"""All settings of the program: defaults, then a TOML file, then the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from ecgmon.monitor.alarms.patients import PatientSettings
from ecgmon.monitor.alarms.settings import AlarmSettings
from ecgmon.monitor.core.errors import SettingsError
from ecgmon.monitor.core.names import device_name
from ecgmon.monitor.core.paths import anchored
from ecgmon.monitor.ingest.settings import SourceSettings
from ecgmon.monitor.outputs.settings import DeliverySettings
from ecgmon.monitor.pipeline.pipeline import PipelineSettings
from ecgmon.monitor.run.service_settings import ServiceSettings

Tree = dict[str, Any]


class OutputSettings(DeliverySettings):
    """Where events go.

    Parameters
    ----------
    console : {"log", "quiet", "json"}
        One line for every event worth one, alarms only, or JSON lines.
    events : Path, optional
        File of JSON lines; ``-`` is standard output.
    annotations : Path, optional
        Folder of WFDB annotation files.
    """

    console: Literal["log", "quiet", "json"] = "log"
    events: Path | None = None
    annotations: Path | None = None


class MonitorSettings(SourceSettings):
    """Everything that can be set.

    Parameters
    ----------
    window : bool
        Open the window.
    duration_s : float, optional
        Stop after so much signal of each device.
    patients : dict of str to PatientSettings
        By device: whose it is, and alarms with limits of their own.
    service : ServiceSettings, optional
        Run as a service: watchdog, local socket, state over restarts.
    wait_for_sources : bool, optional
        Wait for a port or broker that is not there yet, with an alarm, rather than end with an
        error. By default a service waits, and nothing else does.
    """

    window: bool = False
    duration_s: float | None = Field(default=None, gt=0)
    pipeline: PipelineSettings = PipelineSettings()
    alarms: AlarmSettings = AlarmSettings()
    patients: dict[str, PatientSettings] = Field(default_factory=dict)
    outputs: OutputSettings = OutputSettings()
    service: ServiceSettings | None = None
    wait_for_sources: bool | None = None

    @property
    def waits(self) -> bool:
        """Whether to wait for sources that are not there yet."""
        return self.service is not None if self.wait_for_sources is None else self.wait_for_sources

    def alarms_of(self, device: str) -> AlarmSettings:
        """Return the alarm settings of whoever wears a device."""
        patient = self._by_device().get(device)
        return self.alarms if patient is None else self.alarms.changed(patient.alarms)

    def names(self) -> dict[str, str]:
        """Return the names of patients by device."""
        named = ((device, patient.name) for device, patient in self._by_device().items())
        return {device: name for device, name in named if name is not None}

    def known_devices(self) -> frozenset[str]:
        """See `SourceSettings.known_devices`."""
        return frozenset(self._by_device())

    def _by_device(self) -> dict[str, PatientSettings]:
        """Return the patients by what their device is written as, and by what events call it."""
        return {device_name(key): patient for key, patient in self.patients.items()} | self.patients


def load_settings(path: Path | None = None, overrides: Mapping[str, Any] | None = None) -> MonitorSettings:
    """Return the settings of a file, changed by what the command line says.

    Parameters
    ----------
    path : Path, optional
        TOML file. What it leaves out keeps its default.
    overrides : mapping, optional
        Nested keys and values that win over the file.

    Raises
    ------
    SettingsError
        A key is unknown or a value refused; names file, key, value and what is allowed.
    """
    tree: Tree = MonitorSettings().model_dump()
    if path is not None:
        from ecgmon.monitor.run.reading import read_tree  # noqa: PLC0415 - many a run has no file

        written = anchored(read_tree(path), MonitorSettings, path.parent)
        settings = _validate(_merged(tree, written), str(path))
        tree = settings.model_dump()
    return _validate(_merged(tree, overrides or {}), "command line")


def _merged(tree: Tree, changes: Mapping[str, Any]) -> Tree:
    """Return ``tree`` with the values of ``changes``, table by table."""
    merged = dict(tree)
    for key, value in changes.items():
        below = merged.get(key)
        merged[key] = (
            _merged(below, value) if isinstance(below, dict) and isinstance(value, Mapping) else value
        )
    return merged


def _validate(tree: Tree, origin: str) -> MonitorSettings:
    try:
        return MonitorSettings.model_validate(tree)
    except ValidationError as error:
        from ecgmon.monitor.core.refusal import explain  # noqa: PLC0415 - most settings are right

        raise SettingsError(explain(error, MonitorSettings, origin)) from error
