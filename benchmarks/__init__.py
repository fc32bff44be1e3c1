"""Measurements that a reader can run: against other detectors, and of speed and memory."""
