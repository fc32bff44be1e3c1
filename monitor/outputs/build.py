"""Makes the outputs that settings ask for, in the order in which they must be told."""

# ruff: noqa: PLC0415 - what is not asked for is not loaded
from __future__ import annotations

from collections.abc import Mapping

from ecgmon.monitor.outputs.base import Output
from ecgmon.monitor.outputs.settings import DeliverySettings


def build_outputs(settings: DeliverySettings, names: Mapping[str, str] | None = None) -> list[Output]:
    """Return the outputs that keep, then those that announce.

    Parameters
    ----------
    settings : DeliverySettings
        What is asked for.
    names : mapping of str to str, optional
        Names of patients by device, for the event store.

    Raises
    ------
    EcgmonError
        An output needs what is not installed, or its settings make no sense.
    """
    return [*_keeping(settings, names or {}), *_announcing(settings)]


def _keeping(settings: DeliverySettings, names: Mapping[str, str]) -> list[Output]:
    outputs: list[Output] = []
    if settings.store is not None:
        from ecgmon.monitor.outputs.store import StoreOutput

        outputs.append(StoreOutput(settings.store, names=names))
    if settings.recorder is not None:
        from ecgmon.monitor.outputs.recorder import RecorderOutput

        outputs.append(RecorderOutput(settings.recorder))
    return outputs


def _announcing(settings: DeliverySettings) -> list[Output]:
    from ecgmon.monitor.outputs.annunciator import Annunciator
    from ecgmon.monitor.outputs.queued import QueuedOutput

    outputs: list[Output] = []
    if settings.sound is not None:
        from ecgmon.monitor.outputs.sound import Loudspeaker

        outputs.append(Annunciator(Loudspeaker(settings.sound)))
    if settings.gpio is not None:
        from ecgmon.monitor.outputs.gpio import Pins

        outputs.append(Annunciator(Pins(settings.gpio)))
    if settings.mqtt is not None:
        from ecgmon.monitor.outputs.mqtt import MqttSink

        outputs.append(QueuedOutput(MqttSink(settings.mqtt)))
    if settings.notify is not None:
        from ecgmon.monitor.outputs.notify import NotifySink

        outputs.append(QueuedOutput(NotifySink(settings.notify)))
    if settings.webhook is not None:
        from ecgmon.monitor.outputs.notify import WebhookSink

        outputs.append(QueuedOutput(WebhookSink(settings.webhook)))
    return outputs
