"""Answers ``explain``: why one beat was named so, as a picture and in a few lines."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.core.events import PIPELINE_HZ, Beat
from ecgmon.monitor.explain.capture import catch_beat
from ecgmon.monitor.explain.explanation import Explanation, explain
from ecgmon.monitor.explain.hiding import peak
from ecgmon.monitor.explain.picture import draw
from ecgmon.monitor.explain.probe import Probe
from ecgmon.monitor.explain.shap_map import load_background
from ecgmon.monitor.inference.classification import ClassifierSettings
from ecgmon.monitor.inference.opening import open_classifier
from ecgmon.monitor.pipeline.pipeline import PipelineSettings
from ecgmon.sim.library import find_record
from ecgmon.sim.record import read_record


def explain_beat(arguments: argparse.Namespace) -> int:
    """Explain one beat, write the picture, say the gist; return the exit status.

    Raises
    ------
    EcgmonError
        The record, the model or the beat is not there, an extra is missing, or the
        picture cannot be written.
    """
    record = read_record(find_record(arguments.record, arguments.data_dir))
    if not 0 <= arguments.channel < len(record.leads):
        raise RecordError(f"Record {record.name} has no channel {arguments.channel}.")
    settings = PipelineSettings(classifier=ClassifierSettings(model=arguments.model))
    samples = record.samples_mv(0, record.n_samples, (arguments.channel,))[0]
    beat, caught, number = catch_beat(
        samples, record.fs_hz, settings, number=arguments.beat, time_s=arguments.time
    )
    classifier = open_classifier(settings.classifier)
    probe = Probe(classifier, caught)
    found = explain(probe, load_background(), classifier.contract.symbols, rr_s=beat.rr_s)
    where = f"{record.name}, {record.leads[arguments.channel]}, beat {number} at {beat.time_s:.2f} s"
    title = f"{where}: named {beat.symbol} by {classifier.contract.name}"
    path = arguments.out or Path(f"{record.name}-beat{number}.png")
    draw(found, title, path)
    sys.stdout.write("\n".join([title, *_lines(beat, found), f"Picture: {path}"]) + "\n")
    return 0


def _lines(beat: Beat, found: Explanation) -> list[str]:
    ranked = sorted(found.probabilities.items(), key=lambda item: -item[1])
    chances = ", ".join(f"{symbol} {chance:.2f}" for symbol, chance in ranked if chance >= 0.005)
    lines = [f"Probabilities: {chances}"]
    if beat.symbol != found.symbol:
        lines.append(f"Explained is {found.symbol}, the most probable single class.")
    maps = {
        "Grad-CAM": found.grad_cam,
        "SHAP": np.maximum(found.shap.values, 0),
        "Deletion mask": found.deletion,
    }
    for name, values in maps.items():
        lines.append(f"{name}: {_where(values, found)}")
    lines.append(f"With the deletion mask's part gone, {found.symbol} keeps {found.left:.2f}.")
    return lines


def _where(values: np.ndarray, found: Explanation) -> str:
    total = float(values.sum())
    if total <= 0:
        return "nothing in the window speaks for this class"
    waves = found.waves
    shares = [
        f"{100 * values[span[0] : span[1] + 1].sum() / total:.0f} % in {name}"
        for name, span in (("P", waves.p), ("QRS", waves.qrs), ("T", waves.t))
        if span is not None
    ]
    peak_ms = 1000 * (peak(values) - found.r) / PIPELINE_HZ
    return f"{', '.join(shares)}; strongest {peak_ms:+.0f} ms from the R wave"
