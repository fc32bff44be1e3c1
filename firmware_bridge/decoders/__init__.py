"""One file a device, and the list that knows them by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from ecgmon.firmware_bridge.decoders.ascii import AsciiDecoder, AsciiSettings
from ecgmon.firmware_bridge.decoders.bitalino import BitalinoDecoder, BitalinoSettings
from ecgmon.firmware_bridge.decoders.cyton import CytonDecoder, CytonSettings
from ecgmon.firmware_bridge.decoders.native import NativeDecoder, NativeSettings
from ecgmon.firmware_bridge.decoders.openview import OpenViewDecoder, OpenViewSettings
from ecgmon.firmware_bridge.decoders.polar import PolarDecoder, PolarSettings
from ecgmon.firmware_bridge.errors import UnknownDeviceError
from ecgmon.firmware_bridge.packet import Decoder
from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.errors import SettingsError


@dataclass(frozen=True, slots=True)
class DeviceKind:
    """A kind of device: what it is, how to decode it, how fast its port runs.

    Parameters
    ----------
    title : str
        One line for people.
    settings : type of Settings
        Its settings.
    decoder : callable
        Makes a decoder from the settings.
    baud : int
        Speed of its serial port unless the address says otherwise.
    """

    title: str
    settings: type[Settings]
    decoder: Callable[..., Decoder]
    baud: int = 115200


DEVICES: Mapping[str, DeviceKind] = {
    "native": DeviceKind("own firmware with the native frame", NativeSettings, NativeDecoder),
    "ascii": DeviceKind("lines of numbers (AD8232 sketches, CSV)", AsciiSettings, AsciiDecoder, 9600),
    "openview": DeviceKind(
        "ProtoCentral boards (HealthyPi, ADS1292R, ADS1293, MAX30003)",
        OpenViewSettings,
        OpenViewDecoder,
    ),
    "cyton": DeviceKind("OpenBCI Cyton", CytonSettings, CytonDecoder),
    "bitalino": DeviceKind("BITalino", BitalinoSettings, BitalinoDecoder),
    "polar": DeviceKind("Polar H10 notifications in COBS", PolarSettings, PolarDecoder),
}


def device_kind(name: str) -> DeviceKind:
    """Return a kind of device by name.

    Raises
    ------
    UnknownDeviceError
        If no decoder has this name.
    """
    try:
        return DEVICES[name]
    except KeyError:
        known = ", ".join(DEVICES)
        raise UnknownDeviceError(f"No decoder is called {name!r}.", f"Known devices: {known}.") from None


def make_decoder(name: str, options: Mapping[str, object]) -> Decoder:
    """Return a decoder for a device.

    Parameters
    ----------
    name : str
        Kind of device, such as ``cyton``.
    options : mapping
        Its settings; text as it stands in an address is converted, lists are
        separated by commas.

    Raises
    ------
    UnknownDeviceError
        If no decoder has this name.
    SettingsError
        If an option is unknown or out of its limits; names option and device.
    """
    kind = device_kind(name)
    values = {key: _listed(kind.settings, key, value) for key, value in options.items()}
    try:
        settings = kind.settings.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or name}: {fault['msg']}" for fault in error.errors()
        )
        allowed = ", ".join(kind.settings.model_fields) or "none"
        raise SettingsError(f"Device {name}: {faults}.", f"Its options are: {allowed}.") from None
    return kind.decoder(settings=settings)


def _listed(settings: type[Settings], key: str, value: object) -> object:
    """Split text at commas where the settings want a tuple."""
    wanted = settings.model_fields.get(key)
    if wanted and isinstance(value, str) and str(wanted.annotation).startswith("tuple"):
        return tuple(part.strip() for part in value.split(","))
    return value
