"""Makes the outputs that settings ask for, in the order in which they must be told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.errors import PluginError
from ecgmon.monitor.outputs.base import Output
from ecgmon.monitor.outputs.kind import OutputKind, RunContext
from ecgmon.monitor.outputs.registry import OUTPUTS
from ecgmon.monitor.outputs.settings import DeliverySettings


def build_outputs(
    settings: DeliverySettings, names: Mapping[str, str] | None = None, outbox: Path | None = None
) -> list[Output]:
    """Return the outputs that keep, then those that announce.

    Parameters
    ----------
    settings : DeliverySettings
        What is asked for.
    names : mapping of str to str, optional
        Names of patients by device, for the event store.
    outbox : Path, optional
        File in which alarms that wait for a recipient survive the end of the run.

    Raises
    ------
    EcgmonError
        An output needs what is not installed, or its settings make no sense.
    PluginError
        An output of another package fails or does not fit.
    """
    asked_for = [(name, OUTPUTS.load(name), table) for name, table in settings.asked_for().items()]
    context = RunContext(names or {}, outbox)
    in_order = sorted(asked_for, key=lambda asked: asked[1].stage != "keep")
    return [_made(name, kind, table, context) for name, kind, table in in_order]


def _made(name: str, kind: OutputKind, settings: Settings, context: RunContext) -> Output:
    with OUTPUTS.blaming(name, "fails to make an output"):
        output = kind.make(settings, context)
    if not isinstance(output, Output):
        raise PluginError(
            f"The output {name} of the package {OUTPUTS.package(name)} made a {type(output).__name__}, "
            "which has not all of __enter__, __exit__ and write.",
            "docs/extending.md says what an output has; update or remove the package.",
        )
    return output
