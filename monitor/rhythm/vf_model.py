"""The network that says how likely a window of signal shows ventricular flutter or fibrillation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort

from ecgmon.monitor.core.bound_graph import BoundGraphs
from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.inference.model_file import session_options
from ecgmon.monitor.rhythm.vf_windows import AHEAD_S, RATE_HZ, WINDOW

SHIPPED_MODEL = Path(__file__).resolve().parents[2] / "models" / "zoo" / "vf.onnx"

CONTRACT = "ecgmon-fibrillation-1"
"""Input ``windows`` (n, window) in millivolts; output ``probability`` (n,)."""

BATCH = 64
"""Windows judged at once, so that a whole record needs little memory."""


class VfModel:
    """Judges windows one by one; it keeps no state.

    Parameters
    ----------
    path : Path
        ONNX file written by ``python -m ecgmon.models.vf export``.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or not made for these windows.
    """

    def __init__(self, path: Path = SHIPPED_MODEL) -> None:
        try:
            session = ort.InferenceSession(
                path.read_bytes(), session_options(), providers=["CPUExecutionProvider"]
            )
        except Exception as fault:  # onnxruntime raises its own undocumented types
            raise ModelError(f"{path}: cannot be read as an ONNX model ({fault}).") from fault
        self._graphs = BoundGraphs(session)
        self.metadata: dict[str, str] = dict(session.get_modelmeta().custom_metadata_map)
        wanted = {
            "contract": CONTRACT,
            "rate_hz": f"{RATE_HZ:g}",
            "window": str(WINDOW),
            "ahead_s": f"{AHEAD_S:g}",
        }
        for key, value in wanted.items():
            found = self.metadata.get(key)
            if found != value:
                raise ModelError(
                    f"{path}: not a fibrillation model this program can serve: "
                    f"{key} is {found!r}, not {value!r}.",
                    "Export it again with python -m ecgmon.models.vf.",
                )

    def probabilities(self, windows_mv: Samples) -> Samples:
        """Return the probability of flutter or fibrillation.

        Parameters
        ----------
        windows_mv : array of shape (n, window)
            Windows as `ecgmon.monitor.rhythm.vf_windows` cuts them.

        Returns
        -------
        array of shape (n,)
            0 to 1.
        """
        probabilities = np.empty(len(windows_mv))
        for at in range(0, len(windows_mv), BATCH):
            windows = windows_mv[at : at + BATCH]
            graph = self._graphs.at(len(windows))
            graph.inputs["windows"][:] = windows
            graph.run()
            probabilities[at : at + BATCH] = graph.outputs["probability"]
        return probabilities
