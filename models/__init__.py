"""Networks, training, export and evaluation; the shipped ONNX files are in ``zoo``."""
