"""Beat classification with ONNX models that describe themselves."""

from monitor.inference.classifier import BeatClassifier
from monitor.inference.contract import ModelContract
from monitor.inference.registry import ModelEntry, find_model, list_models

__all__ = ["BeatClassifier", "ModelContract", "ModelEntry", "find_model", "list_models"]
