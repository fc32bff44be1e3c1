"""Time hygiene: from packets as they arrive to samples whose index tells true time."""

from monitor.ingest.clock.keeper import Placed, Timekeeper
from monitor.ingest.clock.order import Reorder
from monitor.ingest.clock.settings import ClockSettings

__all__ = ["ClockSettings", "Placed", "Reorder", "Timekeeper"]
