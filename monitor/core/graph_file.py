"""Opens sealed ONNX graphs, once for all streams that run them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.core.model_contract import Contract
from ecgmon.monitor.core.runtime import ort
from ecgmon.monitor.core.sealed_file import check_kind, read_sealed

C = TypeVar("C", bound=Contract)


def open_graph(path: Path, *kinds: str, contract: type[C]) -> tuple[ort.InferenceSession, C]:
    """Open a model file once it has proven whole and of the right kind.

    Parameters
    ----------
    path : Path
        An ONNX file.
    *kinds : str
        Kinds of contract that can be served; any if none is named.
    contract : type
        How its contract is read: `Contract`, or one with fields of its own.

    Returns
    -------
    tuple
        A session for one thread, which streams may share, and the file's contract. A file that has not
        changed is opened once.

    Raises
    ------
    ModelError
        The file cannot be read, is foreign or cut short, was changed, is of another kind, or is no
        valid graph.
    """
    path = path.absolute()
    try:
        about = path.stat()
    except OSError as error:
        raise ModelError(
            f"{path}: the model cannot be read ({error.strerror}).", "Name a file that exists."
        ) from None
    session, metadata = _opened(path, about.st_mtime_ns, about.st_size)
    check_kind(metadata, kinds, str(path))
    return session, contract.from_metadata(metadata, str(path))


@lru_cache(maxsize=8)
def _opened(path: Path, modified_ns: int, size: int) -> tuple[ort.InferenceSession, dict[str, str]]:  # noqa: ARG001 - both tell a changed file
    data = read_sealed(path)
    try:
        session = ort.InferenceSession(data, session_options(), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own undocumented types
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{path}: the model cannot be run ({reason}).", "Export it again.") from None
    return session, dict(session.get_modelmeta().custom_metadata_map)


def session_options() -> ort.SessionOptions:
    """Return options for one beat at a time on one thread, the same result every time."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    return options
