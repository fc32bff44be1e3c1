"""Where events go besides the screen: what is kept, and who is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import create_model

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.part_settings import PartSettings
from ecgmon.monitor.core.plugins import Registry
from ecgmon.monitor.outputs.kind import OutputKind
from ecgmon.monitor.outputs.registry import OUTPUTS


class _OutputTables(PartSettings):
    """A table for each output, None where there is none."""

    parts: ClassVar[Registry] = OUTPUTS

    @classmethod
    def default_of(cls, part: OutputKind) -> tuple[type[Settings], Mapping[str, Any]]:
        """See `PartSettings.default_of`."""
        return part.settings, {}

    def asked_for(self) -> dict[str, Settings]:
        """Return the settings of every output that has a table, by name."""
        return {name: table for name, table in self if isinstance(table, Settings)}


def _described(kinds: Mapping[str, OutputKind]) -> str:
    tables = "".join(
        f"{name} : {kind.settings.__name__}, optional\n    {kind.title}.\n" for name, kind in kinds.items()
    )
    return (
        "Outputs that keep or announce; each is off unless its table is there.\n\n"
        f"Parameters\n----------\n{tables}"
    )


if TYPE_CHECKING:

    class DeliverySettings(_OutputTables):
        """Outputs that keep or announce; each is off unless its table is there."""

        def __getattr__(self, name: str) -> Any:
            """Return the settings of an output; None if it is off."""

else:
    _OWN = {name: OUTPUTS.load(name) for name in OUTPUTS.own_names()}
    DeliverySettings = create_model(
        "DeliverySettings",
        __base__=_OutputTables,
        __module__=__name__,
        __doc__=_described(_OWN),
        **{name: (kind.settings | None, None) for name, kind in _OWN.items()},
    )
