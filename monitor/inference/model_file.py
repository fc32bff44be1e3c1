"""One place where model files are read, their checksum proven and their session opened."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import onnxruntime as ort

from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.inference.contract import ModelContract

_DIGEST = re.compile(rb"ecgmon\.sha256\x12\x40([0-9a-f]{64})")
"""The checksum as protobuf writes it: key, then field 2 of 64 bytes."""

BLANK_DIGEST = "0" * 64
"""Stands for the checksum while it is being computed."""


def sealed_digest(data: bytes) -> tuple[str, str] | None:
    """Return the checksum a model file states and the one it has.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    tuple of str, or None
        Stated and actual SHA-256; None if the file states none. The actual one is that of the
        file with the stated value replaced by zeros, so it covers graph, weights and metadata.
    """
    found = _DIGEST.search(data)
    if found is None:
        return None
    start, stop = found.span(1)
    digest = hashlib.sha256(data[:start] + BLANK_DIGEST.encode() + data[stop:]).hexdigest()
    return found.group(1).decode(), digest


def open_model(path: Path) -> tuple[ort.InferenceSession, ModelContract]:
    """Open a model file once it has proven whole.

    Parameters
    ----------
    path : Path
        An ONNX file.

    Returns
    -------
    tuple
        A session for one thread, and the file's contract.

    Raises
    ------
    ModelError
        The file cannot be read, is foreign or cut short, was changed, or is no valid graph.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path}: the model cannot be read ({error.strerror}).", "Name a file that exists."
        ) from None
    digests = sealed_digest(data)
    if digests is None:
        raise ModelError(
            f"{path}: this is no ecgmon model, or it is cut short: it states no checksum.",
            "Fetch it again, or pick one that `ecgmon models` lists.",
        )
    if digests[0] != digests[1]:
        raise ModelError(
            f"{path}: the model was changed or damaged: its checksum is {digests[1][:12]}…, "
            f"but it states {digests[0][:12]}….",
            "Fetch it again from where you trust it.",
        )
    try:
        session = ort.InferenceSession(data, session_options(), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own undocumented types
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{path}: the model cannot be run ({reason}).", "Export it again.") from None
    metadata = session.get_modelmeta().custom_metadata_map
    return session, ModelContract.from_metadata(metadata, str(path))


def session_options() -> ort.SessionOptions:
    """Return options for one beat at a time on one thread, the same result every time."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    return options
