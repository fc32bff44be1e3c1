"""Time hygiene: from packets as they arrive to samples whose index tells true time."""

from ecgmon.monitor.ingest.clock.keeper import Placed, Timekeeper
from ecgmon.monitor.ingest.clock.order import Reorder
from ecgmon.monitor.ingest.clock.settings import ClockSettings

__all__ = ["ClockSettings", "Placed", "Reorder", "Timekeeper"]
