"""Runs an ONNX graph on arrays that stay where they are: for small graphs that saves much of a run."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


class BoundGraph:
    """A graph whose inputs and outputs are bound to arrays, once for many runs.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        The graph; may be shared.
    inputs, outputs : mapping of str to float32 array
        C-contiguous arrays, of the shapes that the graph takes and gives. One array may stand
        on both sides if the graph reads it before it writes there.

    Attributes
    ----------
    inputs, outputs : dict of str to float32 array
        The same arrays: write the inputs, `run`, read the outputs before the next run.
    """

    def __init__(
        self,
        session: ort.InferenceSession,
        inputs: Mapping[str, Float32],
        outputs: Mapping[str, Float32],
    ) -> None:
        self.inputs, self.outputs = dict(inputs), dict(outputs)
        self._session = session
        self._binding = session.io_binding()
        for name, array in inputs.items():
            self._binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(array))
        for name, array in outputs.items():
            self._binding.bind_ortvalue_output(name, ort.OrtValue.ortvalue_from_numpy(array))

    def run(self) -> None:
        """Make the outputs of the inputs."""
        self._session.run_with_iobinding(self._binding)
