"""One file a device, and the table that knows them by name."""

from __future__ import annotations

import typing
from collections.abc import Mapping

from pydantic import ValidationError

from ecgmon.firmware_bridge.device import DeviceKind
from ecgmon.firmware_bridge.errors import UnknownDeviceError
from ecgmon.firmware_bridge.packet import Decoder
from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.errors import PluginError, SettingsError
from ecgmon.monitor.core.plugins import Registry, instance_of
from ecgmon.monitor.core.refusal import explain

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
    values = {key: _listed(kind.settings, key, value) for key, value in options.items()}
    try:
        settings = kind.settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(explain(error, kind.settings, f"Device {name}", option=True)) from None
    with DECODERS.blaming(name, "fails to make a decoder"):
        decoder = kind.decoder(settings=settings)
    if not isinstance(decoder, Decoder):
        lacking = [part for part in _PROMISES if not hasattr(decoder, part)]
        raise PluginError(
            f"The decoder {name} of the package {DECODERS.package(name)} lacks {', '.join(lacking)}.",
            "docs/extending.md says what a decoder has; update or remove the package.",
        )
    return decoder


_PROMISES = ("counters", "format", "start_command", "stop_command", "feed", "reset")


def _listed(settings: type[Settings], key: str, value: object) -> object:
    """Split text at commas where the settings want a list."""
    wanted = settings.model_fields.get(key)
    if wanted is not None and isinstance(value, str) and _is_list(wanted.annotation):
        return tuple(part.strip() for part in value.split(",")) if value else ()
    return value


def _is_list(annotation: object) -> bool:
    choices = typing.get_args(annotation)
    return typing.get_origin(annotation) in (tuple, list) or any(map(_is_list, choices))
