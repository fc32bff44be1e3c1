"""What a decoder's file declares of its device: title, settings, how to decode, speed of the port."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ecgmon.firmware_bridge.packet import Decoder
from ecgmon.monitor.core.config import Settings


@dataclass(frozen=True, slots=True)
class DeviceKind:
    """A kind of device: what it is, how to decode it, how fast its port runs.

    Parameters
    ----------
    title : str
        One line for people.
    settings : type of Settings
        Its settings; each can be given as an option of a source address.
    decoder : callable
        Makes a decoder from ``settings=``.
    baud : int
        Speed of its serial port unless the address says otherwise.
    baud_of : callable, optional
        Gives the speed for its settings, where it depends on them.

    Raises
    ------
    TypeError
        One of them is of another type.
    """

    title: str
    settings: type[Settings]
    decoder: Callable[..., Decoder]
    baud: int = 115200
    baud_of: Callable[[Any], int] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.title, str) or not isinstance(self.baud, int):
            raise TypeError(
                "a device has a title and a speed, such as DeviceKind('My board', …, baud=115200)"
            )
        if not (isinstance(self.settings, type) and issubclass(self.settings, Settings)):
            raise TypeError("the settings of a device are a subclass of ecgmon.monitor.core.config.Settings")
        if not callable(self.decoder):
            raise TypeError("the decoder of a device is a class or function that takes settings=")
