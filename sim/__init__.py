"""Simulated input: PhysioNet records, replay, noise, faults and virtual devices."""
