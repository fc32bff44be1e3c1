"""The network that says how likely a window of signal shows ventricular flutter or fibrillation."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ecgmon.monitor.core.bound_graph import BoundGraphs
from ecgmon.monitor.core.graph_file import open_graph
from ecgmon.monitor.core.model_contract import Contract
from ecgmon.monitor.core.zoo import shipped_file
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.rhythm.vf_windows import AHEAD_S, RATE_HZ, WINDOW

VF = "ecgmon.vf/1"
"""Contract: input ``windows`` (n, window) in millivolts; output ``probability`` (n,)."""

WINDOW_TERMS = {"rate_hz": f"{RATE_HZ:g}", "window": str(WINDOW), "ahead_s": f"{AHEAD_S:g}"}
"""What a file must say of its windows."""

BATCH = 64
"""Windows classified at once, so that a whole record needs little memory."""


class VfModel:
    """Classifies windows one by one; it keeps no state.

    Parameters
    ----------
    path : Path, optional
        A file of ``ecgmon train vf``; the shipped one by default.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or not made for these windows.
    """

    def __init__(self, path: Path | None = None) -> None:
        path = path or shipped_file("vf")
        session, self.contract = open_graph(path, VF, contract=Contract)
        self.contract.require(str(path), **WINDOW_TERMS)
        self._graphs = BoundGraphs(session)

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
