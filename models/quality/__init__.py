"""Trains the signal quality index: ``python -m models.quality`` with ``ECGMON_DATA`` set."""
