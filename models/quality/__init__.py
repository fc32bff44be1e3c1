"""Trains the signal quality index: ``python -m ecgmon.models.quality`` with ``ECGMON_DATA`` set."""
