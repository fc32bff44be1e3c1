"""Streaming signal operators: each has settings, explicit state and process(chunk)."""

FRONT_END_VERSION = "1"
"""Goes up whenever filters, denoiser, segmenter or normalisation change what a model is served."""
