"""The command ``bridge``: a serial device to a broker, until the device ends or Ctrl-C."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

from cyclopts import Parameter

from ecgmon.monitor.cli.addresses import as_source
from ecgmon.monitor.cli.options import File, command

_EXAMPLES = """\
examples:
  ecgmon bridge --source 'serial:/dev/ttyUSB0?device=cyton' --broker mqtt://hub
  ecgmon bridge --source 'serial:COM3?device=native' --broker mqtts://hub:8883

Samples go to ecg/DEVICE/raw, the retained status to ecg/DEVICE/status. While the
broker is away they are stored. User name and password come from the settings
file or the environment.
"""

WhenFull = Literal["drop_newest", "drop_oldest"]

app = command("bridge", _EXAMPLES)


@app.default
def bridge(
    *,
    source: Annotated[str, Parameter(metavar="ADDRESS")],
    broker: Annotated[str, Parameter(metavar="URL")],
    config: File = None,
    store: File = None,
    store_max_mb: Annotated[float | None, Parameter(metavar="MB", show_default="256")] = None,
    when_full: Annotated[WhenFull | None, Parameter(show_default="drop_newest")] = None,
    topic: Annotated[str | None, Parameter(metavar="TOPIC", show_default="ecg/{device}/raw")] = None,
) -> int:
    """Carry a device to a broker.

    Parameters
    ----------
    source : str
        Device, such as serial:/dev/ttyUSB0.
    broker : str
        mqtt://HOST[:PORT] or mqtts://HOST[:PORT].
    config : Path, optional
        Settings file (TOML): [serial] and [mqtt].
    store : Path, optional
        Where samples wait for the broker.
    store_max_mb : float, optional
        Megabytes that may wait.
    when_full : str, optional
        What gives way then.
    topic : str, optional
        Where samples go.

    Raises
    ------
    EcgmonError
        The device or the broker cannot be used.
    """
    from platformdirs import user_state_path

    from ecgmon.firmware_bridge.bridge import Bridge, BridgeSettings
    from ecgmon.monitor.cli.brokers import broker_at
    from ecgmon.monitor.core.platform import run_async
    from ecgmon.monitor.ingest.registry import open_source
    from ecgmon.monitor.run.settings import load_settings

    settings = load_settings(config, {})
    device = open_source(as_source(source), settings)
    there, _ = broker_at(broker, settings.mqtt)
    given = {
        "store": store or user_state_path("ecgmon") / f"bridge-{device.name}.sqlite",
        "store_max_mb": store_max_mb,
        "when_full": when_full,
        "topic": topic,
    }
    chosen = BridgeSettings.model_validate({key: value for key, value in given.items() if value is not None})
    sys.stdout.write(f"{device.name} to {there.name}, topic {chosen.topic.format(device=device.name)}\n")
    run_async(Bridge(device, there, chosen).run())
    return 0
