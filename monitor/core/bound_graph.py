"""Runs an ONNX graph on arrays that stay where they are: for a small graph that saves much of a run."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.runtime import ort

Float32 = NDArray[np.float32]

MOST_LENGTHS = 16
"""Lengths for which arrays are kept; a live stream needs two or three."""


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
    inputs, outputs : mapping of str to float32 array
        The same arrays: write the inputs, `run`, read the outputs before the next run.
    """

    def __init__(
        self, session: ort.InferenceSession, inputs: Mapping[str, Float32], outputs: Mapping[str, Float32]
    ) -> None:
        self.inputs, self.outputs = inputs, outputs
        self._session = session
        self._binding = session.io_binding()
        for name, array in inputs.items():
            self._binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(array))
        for name, array in outputs.items():
            self._binding.bind_ortvalue_output(name, ort.OrtValue.ortvalue_from_numpy(array))

    def run(self) -> None:
        """Make the outputs of the inputs."""
        self._session.run_with_iobinding(self._binding)


class BoundGraphs:
    """A graph for any length of its one free dimension: a `BoundGraph` for each that occurs.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        The graph; may be shared.
    states : mapping of str to float32 array
        Arrays of inputs and outputs that are the same at every length.
    """

    def __init__(self, session: ort.InferenceSession, states: Mapping[str, Float32] | None = None) -> None:
        self._session = session
        self._states = states or {}
        self._bound: dict[int, BoundGraph] = {}

    def at(self, length: int) -> BoundGraph:
        """Return the graph on arrays of a length."""
        bound = self._bound.get(length)
        if bound is None:
            if len(self._bound) == MOST_LENGTHS:
                self._bound.clear()
            sides = (self._session.get_inputs(), self._session.get_outputs())
            bound = BoundGraph(self._session, *(self._arrays(side, length) for side in sides))
            self._bound[length] = bound
        return bound

    def _arrays(self, nodes: list[ort.NodeArg], length: int) -> dict[str, Float32]:
        arrays = {}
        for node in nodes:
            shape = [size if isinstance(size, int) else length for size in node.shape]
            state = self._states.get(node.name)
            arrays[node.name] = np.zeros(shape, dtype=np.float32) if state is None else state
        return arrays
