"""The shipped models, each an ONNX file with its card; ``index.toml`` lists them with checksums."""
