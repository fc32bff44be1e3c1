"""Alarm conditions and their states."""
