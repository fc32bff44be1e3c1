"""Opens the model that the settings name, once for all streams, and gives each its own classifier."""

from __future__ import annotations

from ecgmon.monitor.core.graph_file import open_graph
from ecgmon.monitor.core.runtime import ort
from ecgmon.monitor.inference.adaptive import AdaptiveClassifier
from ecgmon.monitor.inference.classification import BeatClassifier, ClassifierSettings, WindowClassifier
from ecgmon.monitor.inference.contract import BEAT_KINDS, BEAT_SEQUENCE, ModelContract
from ecgmon.monitor.inference.registry import find_model
from ecgmon.monitor.inference.window_model import WindowModel


def open_classifier(settings: ClassifierSettings | None = None) -> BeatClassifier:
    """Return a classifier of beats for one stream.

    Parameters
    ----------
    settings : ClassifierSettings, optional
        Names the model, and when to believe it.

    Raises
    ------
    ModelError
        There is no such model, or it is damaged, foreign or cannot be served.
    """
    settings = settings or ClassifierSettings()
    entry = find_model(settings.model)
    entry.verify()
    session, contract = open_graph(entry.path, *BEAT_KINDS, contract=ModelContract)
    return serve_classifier(session, contract, str(entry.path), settings)


def serve_classifier(
    session: ort.InferenceSession, contract: ModelContract, source: str, settings: ClassifierSettings
) -> BeatClassifier:
    """Return a classifier for an open model of any kind.

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
        The model cannot be served.
    """
    if contract.kind == BEAT_SEQUENCE:
        return AdaptiveClassifier.serve(session, contract, source, settings)
    return WindowClassifier(WindowModel.serve(session, contract, source), settings)
