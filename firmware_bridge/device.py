"""What a decoder's file declares of its device: title, settings, how to decode, speed of the port."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ecgmon.firmware_bridge.packet import Decoder
from ecgmon.monitor.core.config import Settings


@dataclass(frozen=True, slots=True)
class Trial:
    """Options to try where it is to be found out what is connected.

    Parameters
    ----------
    options : mapping
        Settings of the decoder.
    scale : str
        Option in microvolts a count that nobody knows but who built the board; it is guessed
        from the height of the waves. Empty where there is none.
    doubt : str
        What of the options is a guess, in words.
    """

    options: Mapping[str, object] = field(default_factory=dict)
    scale: str = ""
    doubt: str = ""


def defaults_only(_: bytes) -> Iterable[Trial]:
    """Return the trials of a device that its defaults read, whatever was heard."""
    return (Trial(),)


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
    trials : callable
        Takes some of the bytes that were heard; returns each `Trial` that may read them, the
        likeliest first. ``ecgmon devices --listen`` uses it.

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
    trials: Callable[[bytes], Iterable[Trial]] = defaults_only

    def __post_init__(self) -> None:
        if not isinstance(self.title, str) or not isinstance(self.baud, int):
            raise TypeError(
                "a device has a title and a speed, such as DeviceKind('My board', …, baud=115200)"
            )
        if not (isinstance(self.settings, type) and issubclass(self.settings, Settings)):
            raise TypeError("the settings of a device are a subclass of ecgmon.monitor.core.config.Settings")
        if not callable(self.decoder):
            raise TypeError("the decoder of a device is a class or function that takes settings=")
