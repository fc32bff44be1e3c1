"""Links carry bytes and nothing else: serial ports, files, memory."""

from ecgmon.firmware_bridge.links.base import Chunk, Link
from ecgmon.firmware_bridge.links.file import FileLink
from ecgmon.firmware_bridge.links.memory import MemoryLink
from ecgmon.firmware_bridge.links.ports import PortInfo, list_ports
from ecgmon.firmware_bridge.links.serial import SerialLink

__all__ = ["Chunk", "FileLink", "Link", "MemoryLink", "PortInfo", "SerialLink", "list_ports"]
