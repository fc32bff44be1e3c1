"""The monitor: from a stream of ECG samples to beats, reasons and alarms."""
