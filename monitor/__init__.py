"""The monitor: from a stream of ECG samples to beats, reasons and alarms."""

__version__ = "0.1.0"
