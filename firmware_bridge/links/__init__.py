"""Links carry bytes and nothing else: serial ports, files, memory."""

from firmware_bridge.links.base import Chunk, Link
from firmware_bridge.links.file import FileLink
from firmware_bridge.links.memory import MemoryLink
from firmware_bridge.links.ports import PortInfo, list_ports
from firmware_bridge.links.serial import SerialLink

__all__ = ["Chunk", "FileLink", "Link", "MemoryLink", "PortInfo", "SerialLink", "list_ports"]
