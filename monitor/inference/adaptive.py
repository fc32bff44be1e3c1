"""Serves the patient-adaptive model: beats in their order, with a memory of the beats before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.bound_graph import BoundGraphs
from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.core.runtime import ort
from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.dsp import FRONT_END_VERSION
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
    SHAPES,
    DescribedBeat,
    PatientContext,
)
from ecgmon.monitor.inference.templates import POINTS

Float32 = NDArray[np.float32]

DESCRIPTION = "patient-context-3"
"""Name of what `PatientContext.describe` does, the normalisation of this kind of model."""

INPUTS = ("shapes", "features", "next_features", "memory", "pending")
OUTPUTS = ("probabilities", "attribution", "final_probabilities", "next_memory", "next_pending")


@dataclass(slots=True)
class AdaptiveState:
    """What the network remembers, what it saw of the last beat, and the AAMI class it gave it.

    The class is None where the last beat can be revised no more: it was cut, or samples were lost.
    """

    memory: Float32
    pending: Float32
    last_aami: str | None = None


class AdaptiveClassifier(Stateful[AdaptiveState]):
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

    def __init__(
        self,
        session: ort.InferenceSession,
        contract: ModelContract,
        settings: ClassifierSettings | None = None,
    ) -> None:
        self._contract = contract
        self._labeller = Labeller(contract, settings or ClassifierSettings())
        shapes = {node.name: node.shape for node in session.get_inputs()}
        self._memory_shape, self._pending_shape = shapes["memory"], shapes["pending"]
        self._context = PatientContext()
        super().__init__(context=self._context)
        self._graphs = BoundGraphs(session, {"memory": self.state.memory, "pending": self.state.pending})

    def fresh(self, start: int) -> AdaptiveState:  # noqa: ARG002 - beats say where they are
        """Return the state before the first beat of a patient."""
        return AdaptiveState(
            np.zeros(self._memory_shape, dtype=np.float32), np.zeros(self._pending_shape, dtype=np.float32)
        )

    def adopt(self, state: AdaptiveState) -> None:
        """Go on with another state, in the arrays on which the graph runs."""
        self._remember(state.memory, state.pending)
        self.state.last_aami = state.last_aami

    def _remember(self, memory: Float32, pending: Float32) -> None:
        self.state.memory[:], self.state.pending[:] = memory, pending

    @classmethod
    def serve(
        cls, session: ort.InferenceSession, contract: ModelContract, source: str, settings: ClassifierSettings
    ) -> AdaptiveClassifier:
        """Return a classifier for an open model, once it is known that it can be served.

        Parameters
        ----------
        session, contract, source, settings
            As `ecgmon.monitor.inference.opening.serve_classifier` takes them.

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
            self.state.last_aami = None
            return Classification(UNCLASSIFIED)
        probabilities, attribution, final = row
        revision = self._revised(final)
        label = self._labeller.label(probabilities, attribution)
        self.state.last_aami = label.aami
        return Classification(label, revision)

    def _run(self, beats: list[DescribedBeat]) -> list[tuple[Float32, Float32, Float32]]:
        graph = self._graphs.at(len(beats))
        inputs, outputs = graph.inputs, graph.outputs
        for i, beat in enumerate(beats):
            inputs["shapes"][i], inputs["features"][i] = beat.shapes, beat.features
            inputs["next_features"][i] = beat.next_features
        graph.run()
        self._remember(outputs["next_memory"], outputs["next_pending"])
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
        last_aami = self.state.last_aami
        if last_aami is None or self._labeller.group(final) == last_aami:
            return None
        return self._labeller.label(final, None)

    def break_off(self) -> None:
        """Let no interval span what comes: samples were lost."""
        self._context.break_off()
        self.state.last_aami = None

    def forget(self) -> None:
        """Forget the patient: another stream begins."""
        self.reset()
