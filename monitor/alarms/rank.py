"""Which alarm matters most: one order for the banner, the sound, the terminal and the reports."""

from __future__ import annotations

from collections.abc import Iterable

from ecgmon.monitor.alarms.catalogue import ALARMS
from ecgmon.monitor.core.events import Alarm, Priority

_PRIORITIES: tuple[Priority, ...] = ("high", "medium", "low")
_ORDER = {name: place for place, name in enumerate(ALARMS.own_names())}


def in_order(alarms: Iterable[Alarm], preferred: str | None = None) -> list[Alarm]:
    """Return the alarms of any number of devices that are not inactive, most urgent first.

    Unacknowledged alarms stand before acknowledged ones. Then count, one after the other:
    the priority; whether the condition still holds; the patient before the equipment; the
    place in the catalogue, where fibrillation and asystole stand before ventricular
    tachycardia, and extreme rates after. A silenced alarm is shown like an active one.

    Parameters
    ----------
    alarms : iterable of Alarm
        The last transition of each alarm; the longest open first, which breaks ties.
    preferred : str or None
        The device on the screen; it wins where others matter no more.
    """

    def urgency(alarm: Alarm) -> tuple[bool, int, bool, bool, int, bool]:
        return (
            alarm.state == "acknowledged",
            _PRIORITIES.index(alarm.priority),
            alarm.state == "latched",
            alarm.technical,
            _ORDER.get(alarm.kind, len(_ORDER)),
            alarm.device != preferred,
        )

    return sorted((alarm for alarm in alarms if alarm.state != "inactive"), key=urgency)


def to_show(alarms: Iterable[Alarm], preferred: str | None = None) -> Alarm | None:
    """Return the one alarm to show, if any is open; as `in_order`."""
    return next(iter(in_order(alarms, preferred)), None)


def to_sound(alarms: Iterable[Alarm]) -> Alarm | None:
    """Return the most urgent active alarm: what is done to one device's never mutes another's."""
    return to_show(alarm for alarm in alarms if alarm.state == "active")
