"""Opens the model that the settings name, once for all streams, and gives each its own namer."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import onnxruntime as ort

from monitor.inference.adaptive import AdaptiveNamer
from monitor.inference.classifier import BeatClassifier
from monitor.inference.contract import BEAT_SEQUENCE, ModelContract
from monitor.inference.model_file import open_model
from monitor.inference.namer import BeatNamer, ClassifierSettings, WindowNamer
from monitor.inference.registry import find_model


@lru_cache(maxsize=4)
def _opened(path: Path, modified_ns: int) -> tuple[ort.InferenceSession, ModelContract]:  # noqa: ARG001 - the time is part of the key
    return open_model(path)


def open_namer(settings: ClassifierSettings | None = None) -> BeatNamer:
    """Return a namer of beats for one stream.

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
    path = entry.path.resolve()
    session, contract = _opened(path, path.stat().st_mtime_ns)
    return serve_namer(session, contract, str(path), settings)


def serve_namer(
    session: ort.InferenceSession, contract: ModelContract, source: str, settings: ClassifierSettings
) -> BeatNamer:
    """Return a namer for an open model of any kind.

    Parameters
    ----------
    session, contract
        As `monitor.inference.model_file.open_model` returns them.
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
        return AdaptiveNamer.serve(session, contract, source, settings)
    return WindowNamer(BeatClassifier.serve(session, contract, source), settings)
