"""Streaming signal operators: each has settings, explicit state and process(chunk)."""
