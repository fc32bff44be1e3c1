"""Serves the patient-adaptive model: beats in their order, with a memory of the beats before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ecgmon.monitor.core.bound_graph import BoundGraphs
from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.dsp import FRONT_END_VERSION
from ecgmon.monitor.dsp.operator import State
from ecgmon.monitor.dsp.segment import BeatWindow, SegmentSettings
from ecgmon.monitor.inference.classification import (
    UNCLASSIFIED,
    Classification,
    ClassifierSettings,
    Label,
    Labeller,
)
from ecgmon.monitor.inference.contract import BEAT_SEQUENCE, ModelContract, check_servable
from ecgmon.monitor.inference.patient_features import (
    FEATURES,
    NEXT_FEATURES,
    POINTS,
    SHAPES,
    DescribedBeat,
    PatientContext,
)

Float32 = NDArray[np.float32]

DESCRIPTION = "patient-context-3"
"""Name of what `PatientContext.describe` does, the normalisation of this kind of model."""

INPUTS = ("shapes", "features", "next_features", "memory", "pending")
OUTPUTS = ("probabilities", "attribution", "final_probabilities", "next_memory", "next_pending")


class AdaptiveClassifier:
    """Names beats against their own patient and thinks again when the next beat has come.

    The state between beats is explicit: the patient's context, the network's memory, and what
    the network saw of the last beat, kept until the interval behind it is known.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        A graph with `INPUTS` and `OUTPUTS`; may be shared by many streams.
    contract : ModelContract
        What the file says about itself.
    settings : ClassifierSettings, optional
        When to believe it.
    """

    _last: Label | None

    def __init__(
        self,
        session: ort.InferenceSession,
        contract: ModelContract,
        settings: ClassifierSettings | None = None,
    ) -> None:
        self._contract = contract
        self._labeller = Labeller(contract, settings or ClassifierSettings())
        shapes = {node.name: node.shape for node in session.get_inputs()}
        self._memory = np.zeros(shapes["memory"], dtype=np.float32)
        self._pending = np.zeros(shapes["pending"], dtype=np.float32)
        self._graphs = BoundGraphs(session, {"memory": self._memory, "pending": self._pending})
        self._context = PatientContext()
        self.forget()

    @classmethod
    def serve(
        cls, session: ort.InferenceSession, contract: ModelContract, source: str, settings: ClassifierSettings
    ) -> AdaptiveClassifier:
        """Return a classifier for an open model, once it is known that it can be served.

        Parameters
        ----------
        session, contract
            As `ecgmon.monitor.core.graph_file.open_graph` returns them.
        source : str
            Name of the file, for messages.
        settings : ClassifierSettings
            When to believe it.

        Raises
        ------
        ModelError
            The model wants other beats, or its graph is not that of its contract.
        """
        live = SegmentSettings()
        check_servable(
            contract,
            source,
            kinds=(BEAT_SEQUENCE,),
            window=(live.before_samples, live.after_samples),
            normalisation=DESCRIPTION,
            front_end_version=FRONT_END_VERSION,
        )
        inputs = {node.name: node.shape for node in session.get_inputs()}
        outputs = {node.name for node in session.get_outputs()}
        wanted = {
            "shapes": [SHAPES, POINTS],
            "features": [len(FEATURES)],
            "next_features": [len(NEXT_FEATURES)],
        }
        if (
            set(inputs) != set(INPUTS)
            or outputs != set(OUTPUTS)
            or any(inputs[name][1:] != shape for name, shape in wanted.items())
        ):
            raise ModelError(
                f"{source}: the graph's inputs and outputs are not those of {contract.kind}.",
                "Export it again.",
            )
        return cls(session, contract, settings)

    @property
    def contract(self) -> ModelContract:
        """What the model says about itself."""
        return self._contract

    def name(self, windows: Sequence[BeatWindow]) -> list[Classification]:
        """Name the next beats, all in one run of the graph."""
        described = [self._context.describe(window.r, window.samples_mv) for window in windows]
        whole = [beat for beat in described if beat is not None]
        rows = iter(self._run(whole) if whole else ())
        return [self._classification(None if beat is None else next(rows)) for beat in described]

    def _classification(self, row: tuple[Float32, Float32, Float32] | None) -> Classification:
        """Return what the network's row for a beat means; None for a beat without a window."""
        if row is None:
            self._last = None
            return Classification(UNCLASSIFIED)
        probabilities, attribution, final = row
        revision = self._revised(final)
        self._last = self._labeller.label(probabilities, attribution)
        return Classification(self._last, revision)

    def _run(self, beats: list[DescribedBeat]) -> list[tuple[Float32, Float32, Float32]]:
        graph = self._graphs.at(len(beats))
        inputs, outputs = graph.inputs, graph.outputs
        for i, beat in enumerate(beats):
            inputs["shapes"][i], inputs["features"][i] = beat.shapes, beat.features
            inputs["next_features"][i] = beat.next_features
        graph.run()
        self._memory[:], self._pending[:] = outputs["next_memory"], outputs["next_pending"]
        return list(
            zip(
                outputs["probabilities"],
                outputs["attribution"].copy(),
                outputs["final_probabilities"],
                strict=True,
            )
        )

    def _revised(self, final: Float32) -> Label | None:
        """Return the last beat's label if the next beat changed its class."""
        if self._last is None or self._labeller.group(final) == self._last.aami:
            return None
        return self._labeller.label(final, None)

    def break_off(self) -> None:
        """Let no interval span what comes: samples were lost."""
        self._context.break_off()
        self._last = None

    def forget(self) -> None:
        """Forget the patient: another stream begins."""
        self._context.forget()
        self._memory.fill(0.0)
        self._pending.fill(0.0)
        self._last = None

    def snapshot(self) -> State:
        """Return a copy of the state."""
        last = self._last
        return {
            "context": self._context.snapshot(),
            "memory": self._memory.copy(),
            "pending": self._pending.copy(),
            "last": None if last is None else (last.symbol, last.aami, dict(last.probabilities)),
        }

    def restore(self, state: State) -> None:
        """Go back to a state that `snapshot` returned."""
        self._context.restore(state["context"])
        self._memory[:] = state["memory"]
        self._pending[:] = state["pending"]
        last = state["last"]
        self._last = None if last is None else Label(last[0], last[1], last[2], None)
