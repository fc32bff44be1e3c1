"""A streaming, real-time monitor for wearable ECG."""

from ecgmon.monitor.core.version import __version__

__all__ = ["__version__"]
