"""Run the R-peak network step by step: onnxruntime with the convolution state carried along."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.bound_graph import BoundGraphs
from ecgmon.monitor.core.graph_file import open_graph
from ecgmon.monitor.core.model_contract import Contract
from ecgmon.monitor.core.zoo import shipped_file
from ecgmon.monitor.dsp import rpeak_frontend
from ecgmon.monitor.dsp.operator import State

RPEAK = "ecgmon.rpeak/2"
"""Contract: inputs ``hops`` (1, HOP, t) and states; outputs ``beat`` (1, 3, t) and the next states, in the
same order. A state is read before the one that follows it is written, so both may share their memory."""


class StreamingNetwork:
    """A causal convolutional network whose cost does not depend on its context.

    Parameters
    ----------
    path : Path, optional
        A file of ``ecgmon train rpeak``; the shipped one by default.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or not made for this front end.
    """

    def __init__(self, path: Path | None = None) -> None:
        path = path or shipped_file("rpeak")
        session, self.contract = open_graph(path, RPEAK, contract=Contract)
        self.contract.require(str(path), front_end=rpeak_frontend.VERSION)
        self.lookahead_steps = int(self.contract.extra["lookahead_steps"])
        self.second_look_steps = int(self.contract.extra["second_look_steps"])
        inputs, outputs = session.get_inputs()[1:], session.get_outputs()[1:]
        self._states = [np.zeros(item.shape, dtype=np.float32) for item in inputs]
        names = [item.name for item in (*inputs, *outputs)]
        self._graphs = BoundGraphs(session, dict(zip(names, self._states * 2, strict=True)))

    def reset(self) -> None:
        """Forget the past."""
        for state in self._states:
            state.fill(0.0)

    def process(self, hops: NDArray[np.float32]) -> NDArray[np.float64]:
        """Take the next hops, shape (HOP, t).

        Returns
        -------
        array of shape (3, t)
            Probability that an R wave lies in the hop ``lookahead_steps`` ago; the same for
            the hop ``second_look_steps`` ago; where the R wave of the first look lies
            against the start of its hop, in hops.
        """
        if not hops.shape[1]:
            return np.zeros((3, 0))
        graph = self._graphs.at(hops.shape[1])
        graph.inputs["hops"][0] = hops
        graph.run()
        return np.asarray(graph.outputs["beat"][0], dtype=np.float64)

    def snapshot(self) -> State:
        """Return a copy of the state."""
        return {"states": [state.copy() for state in self._states]}

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        for mine, theirs in zip(self._states, state["states"], strict=True):
            mine[:] = theirs
