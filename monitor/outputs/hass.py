"""What Home Assistant must be told to find a monitored device by itself."""

from __future__ import annotations

from typing import Any

from ecgmon.monitor.core.names import path_name, printable
from ecgmon.monitor.core.version import __version__

ORIGIN = {"name": "ecgmon", "sw_version": __version__}


def discovery(device: str, base: str, availability: str) -> tuple[str, dict[str, Any]]:
    """Return the object's name and the payload of MQTT device discovery.

    The payload is as Home Assistant documents it under "Device discovery payload"
    (https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload).

    Parameters
    ----------
    device : str
        Name of the device.
    base : str
        Topic below which its state is published.
    availability : str
        Topic that holds ``online`` or ``offline``.
    """
    name = f"ecgmon_{path_name(device, ascii_only=True)}"
    components = {key: {**part, "unique_id": f"{name}_{key}"} for key, part in _components(base).items()}
    return name, {
        "device": {
            "identifiers": [name],
            "name": f"ECG {printable(device)}",
            "manufacturer": "ecgmon",
            "model": "ECG monitor",
        },
        "origin": ORIGIN,
        "components": components,
        "availability_topic": availability,
        "qos": 1,
    }


def _components(base: str) -> dict[str, dict[str, Any]]:
    return {
        "heart_rate": {
            "platform": "sensor",
            "name": "Heart rate",
            "icon": "mdi:heart-pulse",
            "state_class": "measurement",
            "unit_of_measurement": "bpm",
            "state_topic": f"{base}/hr",
            "value_template": "{{ value_json.bpm }}",
        },
        "rhythm": {
            "platform": "sensor",
            "name": "Rhythm",
            "icon": "mdi:pulse",
            "state_topic": f"{base}/rhythm",
            "value_template": "{{ value_json.rhythm }}",
        },
        "quality": {
            "platform": "sensor",
            "name": "Signal quality",
            "icon": "mdi:signal",
            "state_class": "measurement",
            "unit_of_measurement": "%",
            "state_topic": f"{base}/quality",
            "value_template": "{{ (value_json.index * 100) | round }}",
        },
        "battery": {
            "platform": "sensor",
            "name": "Battery",
            "device_class": "battery",
            "state_class": "measurement",
            "unit_of_measurement": "%",
            "state_topic": f"{base}/battery",
        },
        "alarm": {
            "platform": "binary_sensor",
            "name": "Alarm",
            "device_class": "problem",
            "state_topic": f"{base}/problem",
            "value_template": "{{ value_json.problem }}",
            "json_attributes_topic": f"{base}/problem",
        },
    }
