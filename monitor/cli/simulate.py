"""The command ``simulate``: a virtual device on a pty, or a crowd of wearables behind a broker."""

from __future__ import annotations

import argparse
import sys

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ecgmon.firmware_bridge.broker import BrokerSettings
from ecgmon.firmware_bridge.decoders import device_kind
from ecgmon.monitor.cli.bridge import broker_at
from ecgmon.monitor.core.errors import UsageError
from ecgmon.monitor.core.platform import run_async
from ecgmon.sim.devices.boards import BOARDS
from ecgmon.sim.devices.device import VirtualDevice
from ecgmon.sim.devices.faults import FaultSettings
from ecgmon.sim.devices.pty import PtyDevice
from ecgmon.sim.devices.signal import record_signal
from ecgmon.sim.devices.wearable import Tally, Wearable, publish_crowd


def simulate(arguments: argparse.Namespace) -> int:
    """Pretend to be a device until its record ends or Ctrl-C.

    Raises
    ------
    EcgmonError
        The record, the broker or an option cannot be used.
    """
    faults = _faults(arguments)
    return _crowd(arguments, faults) if arguments.mqtt else _port(arguments, faults)


def _port(arguments: argparse.Namespace, faults: FaultSettings) -> int:
    device_kind(arguments.device)
    board = BOARDS[arguments.device]()
    true_hz = board.fs_hz * (1 + faults.drift_ppm * 1e-6)
    device = VirtualDevice(board, _signal(arguments, true_hz), faults, repeat=arguments.repeat)
    with PtyDevice(device, arguments.link, arguments.speed) as port:
        sys.stdout.write(f"{arguments.device} on {port.path}; it gets power when the port is opened\n")
        sys.stdout.flush()
        while not port.wait(1.0):
            pass
    return 0


def _crowd(arguments: argparse.Namespace, faults: FaultSettings) -> int:
    broker, path = broker_at(arguments.mqtt, BrokerSettings())
    topic = path or "ecg/{device}/raw"
    signal = _signal(arguments, arguments.rate * (1 + faults.drift_ppm * 1e-6))
    crowd = [
        Wearable(
            f"w{number:03d}",
            signal,
            arguments.rate,
            json=arguments.json,
            repeat=arguments.repeat,
            faults=faults.model_copy(update={"seed": faults.seed + number}),
        )
        for number in range(1, arguments.count + 1)
    ]
    sys.stdout.write(f"{len(crowd)} wearables at {arguments.rate:g} Hz to {broker.name}, topic {topic}\n")
    sys.stdout.flush()
    tally = Tally()
    run_async(publish_crowd(crowd, broker, topic, speed=arguments.speed, tally=tally))
    sys.stdout.write(
        f"{tally.messages} messages, {tally.samples} samples, {tally.late_s:.2f} s late at most\n"
    )
    return 0


def _signal(arguments: argparse.Namespace, fs_hz: float) -> NDArray[np.float64]:
    return record_signal(
        arguments.record,
        fs_hz,
        channel=arguments.channel,
        data_dir=arguments.data_dir,
        duration_s=arguments.duration,
    )


def _faults(arguments: argparse.Namespace) -> FaultSettings:
    try:
        return FaultSettings(
            flip_rate=arguments.flip_rate,
            drop_rate=arguments.drop_rate,
            double_rate=arguments.double_rate,
            drift_ppm=arguments.drift_ppm,
            pauses=_spans("--pause", arguments.pause),
            unplugs=_spans("--unplug", arguments.unplug),
            lead_off=_spans("--lead-off", arguments.lead_off),
            battery_low=_spans("--battery-low", arguments.battery_low),
            seed=arguments.seed,
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"--{str(first['loc'][0]).replace('_', '-')}: {first['msg']}.") from error


def _spans(option: str, texts: list[str]) -> tuple[tuple[float, float], ...]:
    """Return spans from texts such as ``20:10``."""
    spans = []
    for text in texts:
        begin, _, length = text.partition(":")
        try:
            spans.append((float(begin), float(length)))
        except ValueError:
            raise UsageError(f"{option} {text!r} is not BEGIN:LENGTH in seconds, such as 20:10.") from None
    return tuple(spans)
