"""A lamp and a buzzer on the pins of a Raspberry Pi."""

from __future__ import annotations

import importlib
from typing import Any

from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.events import Priority
from ecgmon.monitor.core.extras import missing_extra
from ecgmon.monitor.core.platform import require_linux
from ecgmon.monitor.outputs.annunciator import Annunciator, Signaller
from ecgmon.monitor.outputs.kind import OutputKind

FLASH_HZ = {"high": 2.0, "medium": 0.6}
"""IEC 60601-1-8: 1.4 to 2.8 Hz for high priority, 0.4 to 0.8 Hz for medium, constant for low."""

BEEPS = {"high": 5, "medium": 3, "low": 1}
BEEP_S = 0.15


class GpioSettings(Settings):
    """Settings of the pins, by their BCM numbers.

    Parameters
    ----------
    lamp_pin, buzzer_pin : int or None
        None where nothing is connected.
    """

    lamp_pin: int | None = Field(default=17, ge=0, le=27)
    buzzer_pin: int | None = Field(default=None, ge=0, le=27)


class Pins(Signaller):
    """Flashes a lamp and sounds a buzzer.

    Parameters
    ----------
    settings : GpioSettings
        The pins.

    Raises
    ------
    MissingExtraError
        gpiozero is not installed.
    PlatformError
        This is not Linux.
    """

    name = "GPIO"

    def __init__(self, settings: GpioSettings) -> None:
        require_linux("the pins of [outputs.gpio]")
        try:
            gpiozero = importlib.import_module("gpiozero")
        except ImportError as error:
            raise missing_extra("The output [outputs.gpio]", "gpiozero", "gpio") from error
        self._lamp: Any = None if settings.lamp_pin is None else gpiozero.LED(settings.lamp_pin)
        self._buzzer: Any = None if settings.buzzer_pin is None else gpiozero.Buzzer(settings.buzzer_pin)
        self._shown: Priority | None = None

    def signal(self, priority: Priority) -> None:
        """See `Signaller.signal`."""
        if self._lamp is not None and priority != self._shown:
            half_s = 0.5 / FLASH_HZ[priority] if priority in FLASH_HZ else None
            if half_s is None:
                self._lamp.on()
            else:
                self._lamp.blink(on_time=half_s, off_time=half_s)
        self._shown = priority
        if self._buzzer is not None:
            self._buzzer.beep(on_time=BEEP_S, off_time=BEEP_S, n=BEEPS[priority], background=False)

    def rest(self) -> None:
        """See `Signaller.rest`."""
        self._shown = None
        if self._lamp is not None:
            self._lamp.off()

    def close(self) -> None:
        """See `Signaller.close`."""
        for pin in (self._lamp, self._buzzer):
            if pin is not None:
                pin.close()


OUTPUT = OutputKind(
    "A lamp and a buzzer on a Raspberry Pi",
    GpioSettings,
    lambda settings, _: Annunciator(Pins(settings)),
)
