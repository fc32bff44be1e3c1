"""Where events go besides the screen: what is kept, and who is told."""

from __future__ import annotations

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.outputs.gpio import GpioSettings
from ecgmon.monitor.outputs.mqtt_settings import MqttSettings
from ecgmon.monitor.outputs.notify import NotifySettings, WebhookSettings
from ecgmon.monitor.outputs.sound import SoundSettings
from ecgmon.monitor.recorder.settings import RecorderSettings
from ecgmon.monitor.store.settings import StoreSettings


class DeliverySettings(Settings):
    """Outputs that keep or announce; each is off unless its table is there.

    Parameters
    ----------
    store : StoreSettings, optional
        The event store. All else comes after it: stored before announced.
    recorder : RecorderSettings, optional
        Continuous signal and strips around alarms.
    mqtt : MqttSettings, optional
        Events to a broker, with discovery by Home Assistant.
    notify : NotifySettings, optional
        Alarms to people, by apprise.
    webhook : WebhookSettings, optional
        Alarms to a web address.
    sound : SoundSettings, optional
        Alarm sounds.
    gpio : GpioSettings, optional
        A lamp and a buzzer on a Raspberry Pi.
    """

    store: StoreSettings | None = None
    recorder: RecorderSettings | None = None
    mqtt: MqttSettings | None = None
    notify: NotifySettings | None = None
    webhook: WebhookSettings | None = None
    sound: SoundSettings | None = None
    gpio: GpioSettings | None = None
