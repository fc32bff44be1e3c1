"""Deals the work of one monitor out to several: which sources, files and topics are whose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ecgmon.firmware_bridge.broker_settings import BrokerSettings
from ecgmon.monitor.core.errors import UsageError
from ecgmon.monitor.outputs.jsonl import STANDARD_OUTPUT
from ecgmon.monitor.run.service_settings import ServiceSettings
from ecgmon.monitor.run.settings import MonitorSettings

Report = dict[str, Any]

BROKERS = ("mqtt:", "mqtts:")
"""Sources behind which many devices stand."""


def useful_workers(settings: MonitorSettings) -> int:
    """Return how many of the workers asked for would have something to do."""
    wanted = settings.service.workers if settings.service is not None else 1
    if any(address.startswith(BROKERS) for address in settings.sources):
        return wanted
    return max(1, min(wanted, len(settings.sources)))


def part_of(settings: MonitorSettings, place: int, count: int) -> MonitorSettings:
    """Return the settings of one worker.

    Ports and records are dealt out in turn, and so are topics of brokers if there is one for
    each worker. If there are fewer, every worker listens to all of them and follows its part of the
    devices, by their names. All workers share the event store; socket, state, recordings and the
    topic that says whether it is online are each worker's own.

    Parameters
    ----------
    settings : MonitorSettings
        Of the whole service.
    place : int
        Number of the worker, from 0.
    count : int
        Number of workers.

    Raises
    ------
    UsageError
        An output cannot be shared.
    """
    assert settings.service is not None
    whole = _shared(settings.sources, count) == []
    part, parts = settings.mqtt.part, settings.mqtt.parts
    if settings.outputs.gpio is not None:
        raise UsageError(
            "The pins of [outputs.gpio] serve one process only.", "Leave them out, or set workers = 1."
        )
    return settings.model_copy(
        update={
            "sources": _sources(settings.sources, place, count),
            "mqtt": settings.mqtt.model_copy(
                update=_own_name(settings.mqtt, place)
                | ({} if whole else {"part": part + parts * place, "parts": parts * count})
            ),
            "service": _own_files(settings.service, place),
            "outputs": settings.outputs.model_copy(update=_outputs(settings, place, count)),
        }
    )


def _sources(addresses: Sequence[str], place: int, count: int) -> tuple[str, ...]:
    shared = _shared(addresses, count)
    dealt_out = [address for address in addresses if address not in shared]
    return (*dealt_out[place::count], *shared)


def _shared(addresses: Sequence[str], count: int) -> list[str]:
    """Return the addresses to which all workers listen: those of brokers, if too few to deal out."""
    brokers = [address for address in addresses if address.startswith(BROKERS)]
    return brokers if len(brokers) < count else []


def _own_files(service: ServiceSettings, place: int) -> ServiceSettings:
    update = {"socket": _own(service.socket, place), "state": _own(service.state, place), "workers": 1}
    return service.model_copy(update=update)


def _own_name(broker: BrokerSettings, place: int) -> dict[str, Any]:
    """Return a worker's own name at a broker: of two clients of one name a broker throws one out."""
    return {} if broker.client_id is None else {"client_id": f"{broker.client_id}-{place}"}


def _own(path: Path, place: int) -> Path:
    return path.with_name(f"{path.stem}-{place}{path.suffix}")


def _outputs(settings: MonitorSettings, place: int, count: int) -> dict[str, Any]:
    outputs = settings.outputs
    update: dict[str, Any] = {}
    if outputs.recorder is not None:
        kept: dict[str, Any] = {"folder": outputs.recorder.folder / f"worker-{place}"}
        for key in ("keep_mb", "keep_strips_mb"):
            whole_mb = getattr(outputs.recorder, key)
            kept[key] = None if whole_mb is None else max(1.0, whole_mb / count)
        update["recorder"] = outputs.recorder.model_copy(update=kept)
    if outputs.mqtt is not None:
        own = {"status": f"{outputs.mqtt.status}-{place}", **_own_name(outputs.mqtt, place)}
        update["mqtt"] = outputs.mqtt.model_copy(update=own)
    if outputs.events is not None and outputs.events != STANDARD_OUTPUT:
        update["events"] = _own(outputs.events, place)
    return update


def joined(reports: Sequence[Mapping[str, Any]], missing: Sequence[int]) -> Report:
    """Return the reports of all workers as one.

    Parameters
    ----------
    reports : sequence of mapping
        As `ecgmon.monitor.headless.report.Reporter.report` makes them; at least one.
    missing : sequence of int
        Numbers of workers that did not answer.
    """
    problems: dict[str, str] = {}
    devices: dict[str, Any] = {}
    awaited: dict[str, Any] = {}
    for place, report in enumerate(reports):
        for found, theirs in ((devices, report["devices"]), (awaited, report["awaited"])):
            for name, device in theirs.items():
                found[name if name not in found else f"{name}@worker{place}"] = device
        problems |= report["problems"]
    if missing:
        names = ", ".join(str(place) for place in missing)
        problems["worker"] = f"Worker {names} does not answer; it is started again."
    return {
        "version": reports[0]["version"],
        "uptime_s": max(report["uptime_s"] for report in reports),
        **{
            key: round(sum(report[key] or 0.0 for report in reports), 4)
            for key in ("memory_mb", "core_share", "signal_s")
        },
        "devices": dict(sorted(devices.items())),
        "awaited": dict(sorted(awaited.items())),
        "problems": problems,
        "workers": [
            {
                **{key: report[key] for key in ("pid", "memory_mb", "core_share")},
                "devices": len(report["devices"]),
            }
            for report in reports
        ],
    }
