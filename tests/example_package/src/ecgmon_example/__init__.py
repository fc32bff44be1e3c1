"""Parts for ecgmon, one file each; `pyproject.toml` names them by entry point."""

from pathlib import Path

MODEL = Path(__file__).with_name("example-model.onnx")
