"""Scores of alarms against what their definitions make of the reference."""
