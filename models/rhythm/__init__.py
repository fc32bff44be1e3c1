"""Trains the judge of atrial fibrillation: ``python -m models.rhythm`` with ``ECGMON_DATA`` set."""
