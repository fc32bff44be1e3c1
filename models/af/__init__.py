"""Trains the judge of atrial fibrillation: ``python -m ecgmon.models.af`` with ``ECGMON_DATA`` set."""
