"""The words of the commands that deal with devices: ``devices``, ``bridge`` and ``simulate``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

Add = Callable[["Commands", str, str, str, str], argparse.ArgumentParser]

_DEVICES_EXAMPLES = """\
examples:
  ecgmon devices              ports of this machine, and the devices that can be read
  ecgmon run --source 'serial:/dev/ttyUSB0?device=cyton'
"""

_BRIDGE_EXAMPLES = """\
examples:
  ecgmon bridge --source 'serial:/dev/ttyUSB0?device=cyton&name=bed1' --broker mqtt://broker.lan
  ecgmon bridge --source 'serial:/dev/ttyACM0?device=native' --broker mqtts://broker.lan --config site.toml

Samples go to ecg/DEVICE/raw, the retained status to ecg/DEVICE/status. While the broker is away they
are stored. User name and password come from the settings file or the environment.
"""

_SIMULATE_EXAMPLES = """\
examples:
  ecgmon simulate --device cyton --record 200              prints the port to open
  ecgmon simulate --device native --link /tmp/ttyECG --unplug 20:10 --flip-rate 1e-5
  ecgmon simulate --mqtt mqtt://localhost --count 100      a crowd of wearables
"""


def add_device_commands(commands: Commands, add: Add) -> None:
    """Add ``devices``, ``bridge`` and ``simulate`` to the command line.

    Parameters
    ----------
    commands
        Where commands are added.
    add : callable
        Adds one command of a name, its function, a line of help and examples.
    """
    line = "list serial ports and the devices that can be read"
    devices = add(commands, "devices", "ecgmon.monitor.cli.devices:devices", line, _DEVICES_EXAMPLES)
    devices.add_argument("--json", action="store_true", help="print JSON")
    line = "carry a serial device to an MQTT broker"
    _add_bridge(add(commands, "bridge", "ecgmon.monitor.cli.bridge:bridge", line, _BRIDGE_EXAMPLES))
    line = "pretend to be a device, or a crowd of them"
    _add_simulate(add(commands, "simulate", "ecgmon.monitor.cli.simulate:simulate", line, _SIMULATE_EXAMPLES))


def _add_bridge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source", required=True, metavar="ADDRESS", help="device, such as serial:/dev/ttyUSB0"
    )
    parser.add_argument(
        "--broker", required=True, metavar="URL", help="mqtt://HOST[:PORT] or mqtts://HOST[:PORT]"
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="settings file (TOML): [serial] and [mqtt]"
    )
    parser.add_argument("--store", type=Path, metavar="FILE", help="where samples wait for the broker")
    parser.add_argument("--store-max-mb", type=float, metavar="MB", help="megabytes that may wait (256)")
    parser.add_argument(
        "--when-full", choices=("drop_newest", "drop_oldest"), help="what gives way then (drop_newest)"
    )
    parser.add_argument("--topic", metavar="TOPIC", help="ecg/{device}/raw by default")


def _add_simulate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device", default="native", metavar="KIND", help="native, ascii, openview, cyton, …"
    )
    parser.add_argument("--record", default="200", metavar="RECORD", help="what it measures (200)")
    parser.add_argument("--channel", type=int, default=0, metavar="K", help="lead of the record, from 0")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of the record or of databases")
    parser.add_argument("--link", type=Path, metavar="PATH", help="name of the port")
    parser.add_argument("--speed", type=float, default=1.0, metavar="S", help="times the speed of life")
    parser.add_argument("--duration", type=float, metavar="S", help="stop after S seconds of signal")
    parser.add_argument("--repeat", action="store_true", help="begin anew at the end of the record")

    mqtt = parser.add_argument_group("wearables behind a broker")
    mqtt.add_argument("--mqtt", metavar="URL", help="publish to mqtt://HOST[:PORT][/TOPIC] with {device}")
    mqtt.add_argument("--count", type=int, default=1, metavar="N", help="number of wearables")
    mqtt.add_argument("--json", action="store_true", help="publish JSON in place of native frames")
    mqtt.add_argument("--rate", type=float, default=250.0, metavar="HZ", help="sampling rate (250)")

    faults = parser.add_argument_group("faults", "spans are BEGIN:LENGTH in seconds and may be given again")
    for name, what in (
        ("flip", "that a bit flips"),
        ("drop", "that it is lost"),
        ("double", "that it comes twice"),
    ):
        faults.add_argument(
            f"--{name}-rate", type=float, default=0.0, metavar="P", help=f"chance for each byte {what}"
        )
    faults.add_argument(
        "--drift-ppm", type=float, default=0.0, metavar="PPM", help="how much too fast its clock"
    )
    for name, what in (
        ("pause", "nothing arrives"),
        ("unplug", "the port does not exist"),
        ("lead-off", "an electrode is off"),
        ("battery-low", "the battery is nearly empty, where the device can tell"),
    ):
        faults.add_argument(f"--{name}", action="append", default=[], metavar="SPAN", help=what)
    faults.add_argument("--seed", type=int, default=0, metavar="N", help="start of the random numbers")
