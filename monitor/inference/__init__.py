"""Beat classification with ONNX models that describe themselves."""

from ecgmon.monitor.inference.contract import ModelContract
from ecgmon.monitor.inference.registry import ModelEntry, find_model, list_models
from ecgmon.monitor.inference.window_model import WindowModel

__all__ = ["ModelContract", "ModelEntry", "WindowModel", "find_model", "list_models"]
