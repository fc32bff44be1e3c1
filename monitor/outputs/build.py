"""Makes the outputs that settings ask for, in the order in which they must be told."""

from __future__ import annotations

from monitor.outputs.base import Output
from monitor.outputs.settings import DeliverySettings


def build_outputs(settings: DeliverySettings) -> list[Output]:
    """Return the outputs that keep, then those that announce.

    Parameters
    ----------
    settings : DeliverySettings
        What is asked for.

    Raises
    ------
    MissingExtraError
        An output needs a package that is not installed.
    """
    outputs: list[Output] = []
    if settings.store is not None:
        from monitor.outputs.store import StoreOutput  # noqa: PLC0415 - the database is not always needed

        outputs.append(StoreOutput(settings.store))
    return outputs
