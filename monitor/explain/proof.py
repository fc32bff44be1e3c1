"""Measures the explanations of many beats, a record at a time."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.ecg_codes import AAMI_OF_SYMBOL
from ecgmon.monitor.core.events import PIPELINE_HZ, SampleBlock
from ecgmon.monitor.core.graph_file import session_options
from ecgmon.monitor.core.runtime import ort
from ecgmon.monitor.explain.capture import BLOCK_SAMPLES, Caught, Watcher
from ecgmon.monitor.explain.mask import deletion_mask
from ecgmon.monitor.explain.measures import (
    chance_of_qrs,
    correlation,
    curves,
    fidelity,
    points_at_qrs,
    random_map,
)
from ecgmon.monitor.explain.probe import Probe
from ecgmon.monitor.explain.randomise import DEPTHS, Depth, shuffled
from ecgmon.monitor.explain.shap_map import Background, load_background, shapley
from ecgmon.monitor.explain.waves import delineate
from ecgmon.monitor.inference.classification import BeatClassifier, ClassifierSettings
from ecgmon.monitor.inference.opening import open_classifier, serve_classifier
from ecgmon.monitor.inference.registry import find_model
from ecgmon.monitor.pipeline.pipeline import Pipeline, PipelineSettings
from ecgmon.sim.record import read_record

Float64 = NDArray[np.float64]

METHODS = ("Grad-CAM", "SHAP", "deletion mask", "chance")
"""The maps that are measured; ``chance`` is a map of nothing."""

MATCH_S = 0.15


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work each beat is worth.

    Parameters
    ----------
    coalitions : int
        For SHAP.
    background : int
        Background beats for SHAP, spread over their kinds.
    steps : int
        For the deletion mask.
    seed : int
        Seed of everything drawn.
    """

    coalitions: int = 400
    background: int = 6
    steps: int = 150
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ProofJob:
    """Some beats of one record.

    Parameters
    ----------
    record : Path
        The record's files, without suffix.
    channel : int
        The lead.
    beats : tuple of (float, str)
        Where each is, in seconds, and its class.
    model : str or None
        Name or file of the model.
    effort : Effort
        Work for each beat.
    """

    record: Path
    channel: int
    beats: tuple[tuple[float, str], ...]
    model: str | None
    effort: Effort


@dataclass(frozen=True, slots=True, eq=False)
class MapFigures:
    """Figures of one map of one beat, as `ecgmon.monitor.explain.measures` gives them."""

    kept: Float64
    deleted: Float64
    deletion: Float64
    insertion: Float64
    at_qrs: bool | None


@dataclass(frozen=True, slots=True, eq=False)
class BeatFigures:
    """Figures of one beat.

    Parameters
    ----------
    record, symbol : str
        Whose beat it is, and its reference class.
    whole : float
        Probability of the class explained.
    maps : dict of str to MapFigures
        By method.
    qrs_share : float
        How often a peak anywhere would lie at the QRS.
    alike : dict of str to (float or None)
        Rank correlations: of pairs of methods, and of a method with itself once the weights
        are shuffled (``Grad-CAM, head`` and so on).
    """

    record: str
    symbol: str
    whole: float
    maps: dict[str, MapFigures]
    qrs_share: float
    alike: dict[str, float | None]


def class_of(symbol: str) -> str | None:
    """Return the class under which a reference beat is counted: N, L, R, A, V, F or None."""
    if symbol in {"N", "L", "R"}:
        return symbol
    return {"S": "A", "V": "V", "F": "F"}.get(AAMI_OF_SYMBOL.get(symbol, ""))


def prove(job: ProofJob) -> list[BeatFigures]:
    """Explain the job's beats that the model names right, and measure the explanations."""
    caught = _catch(job)
    if not caught:
        return []
    classifier = open_classifier(ClassifierSettings(model=job.model))
    seed = zlib.crc32(job.record.name.encode()) + job.effort.seed
    strangers: dict[str, BeatClassifier] = {
        depth: _shuffled_classifier(job.model, seed, depth) for depth in DEPTHS
    }
    background = _thinned(load_background(), job.effort.background)
    random = np.random.default_rng(seed)
    return [
        _measure(job, item, symbol, classifier, strangers, background, random)
        for item, symbol in caught
        if item.label.aami == AAMI_OF_SYMBOL[symbol]
    ]


def _catch(job: ProofJob) -> list[tuple[Caught, str]]:
    """Run the live chain until the last beat wanted; return those found with their classes."""
    wanted = sorted(job.beats)
    times = np.array([time_s for time_s, _ in wanted])

    def nearest(r: int) -> int:
        distance = np.abs(times - r / PIPELINE_HZ)
        return int(distance.argmin()) if distance.min() <= MATCH_S else -1

    watcher = Watcher(
        open_classifier(ClassifierSettings(model=job.model)), lambda window: nearest(window.r) >= 0
    )
    record = read_record(job.record)
    pipeline = Pipeline(PipelineSettings(), fs_hz=record.fs_hz, classifier=watcher)
    end = min(record.n_samples, round((times[-1] + 10.0) * record.fs_hz))
    samples = record.samples_mv(0, end, (job.channel,))
    for start in range(0, end, BLOCK_SAMPLES):
        pipeline.process(SampleBlock(samples[:, start : start + BLOCK_SAMPLES], start, record.fs_hz))
    return [(item, wanted[nearest(item.window.r)][1]) for item in watcher.take()]


def _shuffled_classifier(model: str | None, seed: int, depth: Depth) -> BeatClassifier:
    entry = find_model(model)
    changed = shuffled(entry.path.read_bytes(), seed, depth)
    session = ort.InferenceSession(changed, session_options(), providers=["CPUExecutionProvider"])
    return serve_classifier(session, entry.contract(), f"{entry.name}, shuffled", ClassifierSettings())


def _thinned(background: Background, count: int) -> Background:
    """Return some of the background beats, spread over their kinds."""
    chosen = np.unique(np.linspace(0, len(background.windows) - 1, count).round().astype(int))
    return replace(
        background,
        windows=background.windows[chosen],
        symbols=background.symbols[chosen],
        records=background.records[chosen],
    )


def _measure(
    job: ProofJob,
    item: Caught,
    symbol: str,
    classifier: BeatClassifier,
    strangers: dict[str, BeatClassifier],
    background: Background,
    random: np.random.Generator,
) -> BeatFigures:
    probe = Probe(classifier, item)
    effort = job.effort

    def shap_of(asked: Probe) -> Float64:
        found = shapley(
            asked, background, wanted=probe.wanted, coalitions=effort.coalitions, seed=effort.seed
        )
        return np.maximum(found.values, 0.0)

    maps = {
        "Grad-CAM": probe.attribution,
        "SHAP": shap_of(probe),
        "deletion mask": deletion_mask(probe, steps=effort.steps),
        "chance": random_map(probe.window_mv.size, random),
    }
    waves = delineate(probe.window_mv, probe.r)
    figures = {
        name: MapFigures(*fidelity(probe, values), *curves(probe, values), points_at_qrs(values, waves))
        for name, values in maps.items()
    }
    alike = {f"{a}, {b}": correlation(maps[a], maps[b]) for a, b in _pairs(METHODS[:3])}
    for depth, stranger in strangers.items():
        asked = Probe(stranger, item)
        alike[f"Grad-CAM, {depth}"] = correlation(maps["Grad-CAM"], asked.attribution)
        alike[f"SHAP, {depth}"] = correlation(maps["SHAP"], shap_of(asked))
    return BeatFigures(
        job.record.name,
        symbol,
        float(probe.probabilities[probe.wanted]),
        figures,
        chance_of_qrs(probe.window_mv.size, waves),
        alike,
    )


def _pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    return [(a, b) for place, a in enumerate(names) for b in names[place + 1 :]]
