"""The command ``simulate``: a virtual device on a pty, or a crowd of wearables behind a broker."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from ecgmon.monitor.cli.addresses import as_record
from ecgmon.monitor.cli.options import (
    OPTIONS,
    Channel,
    File,
    Flag,
    Folder,
    Number,
    Positive,
    Seconds,
    Several,
    command,
    not_with,
    only_with,
)
from ecgmon.monitor.core.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ecgmon.sim.devices.faults import FaultSettings

_EXAMPLES = """\
examples:
  ecgmon simulate --device cyton --record 200              prints the port to open
  ecgmon simulate --link ./ttyECG --unplug 20:10 --flip-rate 1e-5
  ecgmon simulate --mqtt mqtt://localhost --count 100      a crowd of wearables
"""

_CROWD = Group("Wearables behind a broker", sort_key=2, validator=only_with("--mqtt"))
_ON_A_PORT = Group(validator=not_with("--mqtt"))
_FAULTS = Group("Faults", help="Spans are BEGIN:LENGTH in seconds and may be given again.", sort_key=3)

Chance = Annotated[float, Parameter(metavar="P")]
Spans = Annotated[Several, Parameter(metavar="SPAN")]

app = command("simulate", _EXAMPLES)


@Parameter(name="*", group=_FAULTS)
@dataclass(frozen=True, kw_only=True)
class Faults:
    """What goes wrong.

    Parameters
    ----------
    flip_rate : float
        Chance for each byte that a bit flips.
    drop_rate : float
        Chance for each byte that it is lost.
    double_rate : float
        Chance for each byte that it comes twice.
    drift_ppm : float
        How much too fast its clock.
    pause : str
        Nothing arrives.
    unplug : str
        The port does not exist.
    lead_off : str
        An electrode is off.
    battery_low : str
        The battery is nearly empty, where the device can tell.
    seed : int
        Start of the random numbers.
    """

    flip_rate: Chance = 0.0
    drop_rate: Chance = 0.0
    double_rate: Chance = 0.0
    drift_ppm: Annotated[float, Parameter(metavar="PPM")] = 0.0
    pause: Spans = ()
    unplug: Spans = ()
    lead_off: Spans = ()
    battery_low: Spans = ()
    seed: Annotated[Number, Parameter(metavar="N")] = 0

    def settings(self) -> FaultSettings:
        """Return them as the virtual devices take them.

        Raises
        ------
        UsageError
            A value is refused.
        """
        from pydantic import ValidationError

        from ecgmon.sim.devices.faults import FaultSettings

        try:
            return FaultSettings(
                flip_rate=self.flip_rate,
                drop_rate=self.drop_rate,
                double_rate=self.double_rate,
                drift_ppm=self.drift_ppm,
                pauses=_spans("--pause", self.pause),
                unplugs=_spans("--unplug", self.unplug),
                lead_off=_spans("--lead-off", self.lead_off),
                battery_low=_spans("--battery-low", self.battery_low),
                seed=self.seed,
            )
        except ValidationError as error:
            first = error.errors()[0]
            raise UsageError(f"--{str(first['loc'][0]).replace('_', '-')}: {first['msg']}.") from error


@dataclass(frozen=True)
class _Measured:
    """What a device measures, and how fast its time goes."""

    record: str
    channel: int
    data_dir: Folder
    duration: Seconds
    speed: float
    repeat: bool
    faults: FaultSettings

    def signal(self, fs_hz: float) -> NDArray[np.float64]:
        """Return the signal at the device's own rate, whose clock may be wrong."""
        from ecgmon.sim.devices.signal import record_signal

        return record_signal(
            self.record,
            fs_hz * (1 + self.faults.drift_ppm * 1e-6),
            channel=self.channel,
            data_dir=self.data_dir,
            duration_s=self.duration,
        )


@app.default
def simulate(
    *,
    device: Annotated[str, Parameter(metavar="KIND", group=(OPTIONS, _ON_A_PORT))] = "native",
    record: Annotated[str, Parameter(metavar="RECORD")] = "200",
    channel: Channel = 0,
    data_dir: Folder = None,
    link: Annotated[File, Parameter(metavar="PATH", group=(OPTIONS, _ON_A_PORT))] = None,
    speed: Annotated[float, Parameter(metavar="S")] = 1.0,
    duration: Seconds = None,
    repeat: Flag = False,
    mqtt: Annotated[str | None, Parameter(metavar="URL", group=(_CROWD, _ON_A_PORT))] = None,
    count: Annotated[Positive, Parameter(group=_CROWD)] = 1,
    json: Annotated[Flag, Parameter(group=_CROWD)] = False,
    rate: Annotated[float, Parameter(metavar="HZ", group=_CROWD)] = 250.0,
    faults: Faults | None = None,
) -> int:
    """Pretend to be a device until its record ends or Ctrl-C.

    Parameters
    ----------
    device : str
        Such as native, ascii, openview, cyton; 'ecgmon devices' lists them.
    record : str
        What it measures.
    channel : int
        Lead of the record, from 0.
    data_dir : Path, optional
        Folder of the record or of databases.
    link : Path, optional
        Name of the port.
    speed : float
        Times the speed of life.
    duration : float, optional
        Stop after S seconds of signal.
    repeat : bool
        Begin anew at the end of the record.
    mqtt : str, optional
        Publish to mqtt://HOST[:PORT][/TOPIC] with {device}.
    count : int
        Number of wearables.
    json : bool
        Publish JSON in place of native frames.
    rate : float
        Sampling rate.
    faults : Faults
        What goes wrong.

    Raises
    ------
    EcgmonError
        The record, the broker or an option cannot be used.
    """
    wrong = (faults or Faults()).settings()
    measured = _Measured(as_record(record), channel, data_dir, duration, speed, repeat, wrong)
    if mqtt:
        return _crowd(measured, mqtt, count, rate, json=json)
    return _port(measured, device, link)


def _port(measured: _Measured, device: str, link: File) -> int:
    from ecgmon.firmware_bridge.decoders import device_kind
    from ecgmon.sim.devices.boards import BOARDS
    from ecgmon.sim.devices.device import VirtualDevice
    from ecgmon.sim.devices.pty import PtyDevice

    device_kind(device)
    if device not in BOARDS:
        raise UsageError(
            f"{device} can be read, but not simulated.", f"Simulated are: {', '.join(sorted(BOARDS))}."
        )
    board = BOARDS[device]()
    virtual = VirtualDevice(board, measured.signal(board.fs_hz), measured.faults, repeat=measured.repeat)
    with PtyDevice(virtual, link, measured.speed) as port:
        sys.stdout.write(f"{device} on {port.path}; it gets power when the port is opened\n")
        sys.stdout.flush()
        while not port.wait(1.0):
            pass
    return 0


def _crowd(measured: _Measured, url: str, count: int, rate_hz: float, *, json: bool) -> int:
    from ecgmon.firmware_bridge.broker_settings import BrokerSettings
    from ecgmon.monitor.cli.brokers import broker_at
    from ecgmon.monitor.core.platform import run_async
    from ecgmon.monitor.dsp.resample import check_rate
    from ecgmon.sim.devices.wearable import Tally, Wearable, publish_crowd

    broker, path = broker_at(url, BrokerSettings())
    topic = path or "ecg/{device}/raw"
    check_rate(rate_hz)
    signal, faults = measured.signal(rate_hz), measured.faults
    crowd = [
        Wearable(
            f"w{number:03d}",
            signal,
            rate_hz,
            json=json,
            repeat=measured.repeat,
            faults=faults.model_copy(update={"seed": faults.seed + number}),
        )
        for number in range(1, count + 1)
    ]
    sys.stdout.write(f"{len(crowd)} wearables at {rate_hz:g} Hz to {broker.name}, topic {topic}\n")
    sys.stdout.flush()
    tally = Tally()
    run_async(publish_crowd(crowd, broker, topic, speed=measured.speed, tally=tally))
    sys.stdout.write(
        f"{tally.messages} messages, {tally.samples} samples, {tally.late_s:.2f} s late at most\n"
    )
    return 0


def _spans(option: str, texts: tuple[str, ...]) -> tuple[tuple[float, float], ...]:
    """Return spans from texts such as ``20:10``."""
    spans = []
    for text in texts:
        begin, _, length = text.partition(":")
        try:
            spans.append((float(begin), float(length)))
        except ValueError:
            raise UsageError(f"{option} {text!r} is not BEGIN:LENGTH in seconds, such as 20:10.") from None
    return tuple(spans)
