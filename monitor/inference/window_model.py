"""Names beats and gives the reason, from one run of an ONNX graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.core.graph_file import open_graph
from ecgmon.monitor.core.runtime import ort
from ecgmon.monitor.dsp import FRONT_END_VERSION
from ecgmon.monitor.inference.contract import BEAT_WINDOW, ModelContract, check_servable
from ecgmon.monitor.inference.registry import find_model

Float32 = NDArray[np.float32]

NORMALISATION = "zscore-floor-0.02mV"
"""Name of what `ecgmon.monitor.dsp.segment.normalise` does."""


class WindowModel:
    """Classifies single beat windows.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        A graph with input ``window`` and outputs ``probabilities`` and ``attribution``.
    contract : ModelContract
        What the file says about itself.
    """

    def __init__(self, session: ort.InferenceSession, contract: ModelContract) -> None:
        self._session = session
        self.contract = contract

    @classmethod
    def load(cls, name_or_path: str | Path | None = None) -> WindowModel:
        """Load a model by name or from a file.

        Parameters
        ----------
        name_or_path : str or Path, optional
            Name of a shipped or installed model, or an ``.onnx`` file; the default without it.

        Raises
        ------
        ModelError
            There is no such model, or it is damaged, foreign or cannot be served.
        """
        entry = find_model(name_or_path)
        entry.verify()
        session, contract = open_graph(entry.path, BEAT_WINDOW, contract=ModelContract)
        return cls.serve(session, contract, str(entry.path))

    @classmethod
    def serve(cls, session: ort.InferenceSession, contract: ModelContract, source: str) -> WindowModel:
        """Return a classifier for an open model, once it is known that it can be served.

        Parameters
        ----------
        session, contract
            As `ecgmon.monitor.core.graph_file.open_graph` returns them.
        source : str
            Name of the file, for messages.

        Raises
        ------
        ModelError
            The model wants other windows, or its graph is not that of its contract.
        """
        check_servable(
            contract,
            source,
            kinds=(BEAT_WINDOW,),
            normalisation=NORMALISATION,
            front_end_version=FRONT_END_VERSION,
        )
        inputs = [(node.name, node.shape[1:]) for node in session.get_inputs()]
        outputs = [(node.name, node.shape[1:]) for node in session.get_outputs()]
        width = contract.window_samples
        if inputs != [("window", [width])] or outputs != [
            ("probabilities", [len(contract.symbols)]),
            ("attribution", [width]),
        ]:
            raise ModelError(
                f"{source}: the graph's inputs and outputs are not those of {contract.kind}.",
                "Export it again.",
            )
        return cls(session, contract)

    def classify(self, windows: Float32) -> tuple[Float32, Float32]:
        """Name beats; each result depends on its own window only.

        Parameters
        ----------
        windows : array of shape (n, 360)
            Normalised windows from the beat segmenter, float32; n may be 0.

        Returns
        -------
        probabilities : array of shape (n, n_classes)
            In the order of ``contract.symbols``; each row sums to 1.
        attribution : array of shape (n, 360)
            Grad-CAM of the predicted class, 0 to 1.

        Raises
        ------
        ValueError
            The windows have another shape.
        """
        width = self.contract.window_samples
        if windows.ndim != 2 or windows.shape[1] != width:
            raise ValueError(f"windows must have shape (n, {width}), not {windows.shape}")
        if len(windows) == 0:
            return (
                np.empty((0, len(self.contract.symbols)), dtype=np.float32),
                np.empty((0, width), dtype=np.float32),
            )
        feed = {"window": np.ascontiguousarray(windows, dtype=np.float32)}
        probabilities, attribution = self._session.run(["probabilities", "attribution"], feed)
        return probabilities, attribution
