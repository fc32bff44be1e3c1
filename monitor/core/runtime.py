"""ONNX Runtime, imported in one place: it must be told before it begins that it reports to nobody."""

from __future__ import annotations

import os

# Since 1.32 it gives each machine an identity in the user's cache folder, for events that it would send.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort

__all__ = ["ort"]
