"""Which serial ports there are, and what is probably behind them."""

from __future__ import annotations

from dataclasses import dataclass

from serial.tools import list_ports as serial_ports

_KNOWN = {
    (0x0403, 0x6015): "FTDI bridge, as in the OpenBCI dongle",
    (0x0403, 0x6001): "FTDI bridge",
    (0x10C4, 0xEA60): "CP210x bridge, as on many ESP32 boards",
    (0x1A86, 0x7523): "CH340 bridge, as on many Arduino and ESP32 boards",
    (0x1A86, 0x55D4): "CH9102 bridge, as on ESP32 boards",
    (0x2341, 0x0043): "Arduino Uno",
    (0x2341, 0x0001): "Arduino Uno",
    (0x303A, 0x1001): "ESP32 with its own USB",
    (0x2E8A, 0x000A): "Raspberry Pi Pico, as in HealthyPi 5",
}
"""USB vendor and product ids that ECG boards come with."""


@dataclass(frozen=True, slots=True)
class PortInfo:
    """A serial port.

    Parameters
    ----------
    path : str
        What to open.
    description : str
        What it says it is.
    usb_id : str
        Vendor and product id, such as ``0403:6015``; empty without USB.
    serial_number : str
        Serial number of the USB device; empty if it has none.
    guess : str
        What the ids usually mean; empty if they are not known.
    """

    path: str
    description: str
    usb_id: str = ""
    serial_number: str = ""
    guess: str = ""


def list_ports() -> list[PortInfo]:
    """Return the serial ports of this machine, those on USB first."""
    ports = []
    for port in serial_ports.comports():
        usb = f"{port.vid:04x}:{port.pid:04x}" if port.vid is not None and port.pid is not None else ""
        description = "" if port.description in (None, "n/a") else str(port.description)
        guess = _KNOWN.get((port.vid, port.pid), "")
        ports.append(PortInfo(str(port.device), description, usb, port.serial_number or "", guess))
    return sorted(ports, key=lambda port: (not port.usb_id, port.path))
