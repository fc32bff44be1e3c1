"""Beat classification with ONNX models that describe themselves."""
