"""Run the R-peak network step by step: onnxruntime with the convolution state carried along."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.bound_graph import BoundGraphs
from ecgmon.monitor.core.graph_file import open_graph
from ecgmon.monitor.core.model_contract import Contract
from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.core.zoo import shipped_file
from ecgmon.monitor.dsp import rpeak_frontend

RPEAK = "ecgmon.rpeak/2"
"""Contract: inputs ``hops`` (1, HOP, t) and states; outputs ``beat`` (1, 3, t) and the next states, in the
same order. A state is read before the one that follows it is written, so both may share their memory."""


@dataclass(slots=True)
class NetworkState:
    """What each layer carries from step to step."""

    layers: list[NDArray[np.float32]]


class StreamingNetwork(Stateful[NetworkState]):
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
        self._shapes = [item.shape for item in inputs]
        super().__init__()
        names = [item.name for item in (*inputs, *outputs)]
        self._graphs = BoundGraphs(session, dict(zip(names, self.state.layers * 2, strict=True)))

    def fresh(self, start: int) -> NetworkState:  # noqa: ARG002 - steps begin with the stream
        """Return the state before the first hop."""
        return NetworkState([np.zeros(shape, dtype=np.float32) for shape in self._shapes])

    def adopt(self, state: NetworkState) -> None:
        """Go on with another state, in the arrays on which the graph runs."""
        for mine, theirs in zip(self.state.layers, state.layers, strict=True):
            mine[:] = theirs

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
