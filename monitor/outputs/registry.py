"""Which outputs there are: the table of our own, and those of other packages."""

from __future__ import annotations

from ecgmon.monitor.core.plugins import Registry, instance_of
from ecgmon.monitor.outputs.kind import OutputKind

OUTPUTS = Registry(
    "ecgmon.outputs",
    {
        "store": "ecgmon.monitor.outputs.store:OUTPUT",
        "recorder": "ecgmon.monitor.outputs.recorder:OUTPUT",
        "sound": "ecgmon.monitor.outputs.sound:OUTPUT",
        "gpio": "ecgmon.monitor.outputs.gpio:OUTPUT",
        "mqtt": "ecgmon.monitor.outputs.mqtt_settings:OUTPUT",
        "notify": "ecgmon.monitor.outputs.notify:NOTIFY",
        "webhook": "ecgmon.monitor.outputs.notify:WEBHOOK",
    },
    fits=instance_of(OutputKind),
)
"""Name of an output, which is that of its table, to its `OutputKind`."""
