"""One file a device, and the table that knows them by name."""

from __future__ import annotations

from collections.abc import Mapping

from ecgmon.firmware_bridge.device import DeviceKind
from ecgmon.firmware_bridge.errors import UnknownDeviceError
from ecgmon.firmware_bridge.packet import Decoder
from ecgmon.monitor.core.errors import PluginError
from ecgmon.monitor.core.options import checked
from ecgmon.monitor.core.plugins import Registry, instance_of, lacking

DECODERS = Registry(
    "ecgmon.decoders",
    {
        "native": "ecgmon.firmware_bridge.decoders.native:DEVICE",
        "ascii": "ecgmon.firmware_bridge.decoders.ascii:DEVICE",
        "openview": "ecgmon.firmware_bridge.decoders.openview:DEVICE",
        "cyton": "ecgmon.firmware_bridge.decoders.cyton:DEVICE",
        "bitalino": "ecgmon.firmware_bridge.decoders.bitalino:DEVICE",
        "polar": "ecgmon.firmware_bridge.decoders.polar:DEVICE",
    },
    fits=instance_of(DeviceKind),
)
"""Name of a device to the `DeviceKind` in its decoder's file."""


def device_kind(name: str) -> DeviceKind:
    """Return a kind of device by name.

    Raises
    ------
    UnknownDeviceError
        If no decoder has this name.
    PluginError
        If the decoder of another package cannot be loaded.
    """
    if name not in DECODERS:
        close = DECODERS.close_to(name)
        meant = f"Did you mean {close}? " if close else ""
        known = ", ".join(DECODERS.names())
        raise UnknownDeviceError(f"No decoder is called {name!r}.", f"{meant}Known devices: {known}.")
    kind: DeviceKind = DECODERS.load(name)
    return kind


def device_kinds() -> dict[str, DeviceKind]:
    """Return every kind of device that can be used, by name; those that are broken are left out."""
    return {offer.name: offer.part for offer in DECODERS.offers() if not offer.problem}


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
        If an option is unknown or out of its limits; names device, option and what is allowed.
    PluginError
        If the decoder of another package fails or does not fit.
    """
    kind = device_kind(name)
    settings = checked(kind.settings, options, f"Device {name}")
    with DECODERS.blaming(name, "fails to make a decoder"):
        decoder = kind.decoder(settings=settings)
    lacks = lacking(decoder, _PROMISES)
    if lacks:
        raise PluginError(
            f"The decoder {name} of the package {DECODERS.package(name)} lacks {lacks}.",
            "docs/extending.md says what a decoder has; update or remove the package.",
        )
    return decoder


def port_speed(name: str, options: Mapping[str, object]) -> int:
    """Return the speed that a device's port has with these options, in baud.

    Raises
    ------
    UnknownDeviceError, SettingsError, PluginError
        As of `make_decoder`.
    """
    kind = device_kind(name)
    if kind.baud_of is None:
        return kind.baud
    return kind.baud_of(checked(kind.settings, options, f"Device {name}"))


_PROMISES = ("counters", "format", "start_command", "stop_command", "feed", "reset")
