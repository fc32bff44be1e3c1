"""The command ``explain``: why one beat was named so, as a picture and in a few lines."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from ecgmon.monitor.cli.addresses import as_record
from ecgmon.monitor.cli.options import (
    OPTIONS,
    Channel,
    File,
    Folder,
    Model,
    Seconds,
    Whole,
    command,
    exactly_one,
)
from ecgmon.monitor.core.extras import require

if TYPE_CHECKING:
    import numpy as np

    from ecgmon.monitor.core.events import Beat
    from ecgmon.monitor.explain.explanation import Explanation
    from ecgmon.sim.record import Record

_EXAMPLES = """\
examples:
  ecgmon explain 200 --beat 12                     the 12th beat found
  ecgmon explain 207 --time 61.5 --out why.png     the beat nearest to 61.5 s
  ecgmon explain 232 --beat 40 --model arrhythminet-v2

The monitor runs over the record up to that beat, so the model knows of the
patient what it would have known live. Needs the extra 'explain'.
"""

_WHICH = Group(validator=exactly_one)

app = command("explain", _EXAMPLES)


@app.default
def explain_beat(
    record: str,
    /,
    *,
    beat: Annotated[Whole, Parameter(group=(OPTIONS, _WHICH))] = None,
    time: Annotated[Seconds, Parameter(group=(OPTIONS, _WHICH))] = None,
    model: Model = None,
    channel: Channel = 0,
    data_dir: Folder = None,
    out: File = None,
) -> int:
    """Explain one beat, write the picture, say the gist.

    Parameters
    ----------
    record : str
        Such as 200, svdb/800 or ./folder/200.
    beat : int, optional
        The N-th beat found, counted from 1.
    time : float, optional
        The beat nearest to S seconds.
    model : str, optional
        Beat classifier; see 'ecgmon models'.
    channel : int
        Number of the lead.
    data_dir : Path, optional
        Folder of the record or of databases.
    out : Path, optional
        Picture to write (RECORD-beatN.png).

    Raises
    ------
    EcgmonError
        The record, the model or the beat is not there, an extra is missing, or the
        picture cannot be written.
    """
    require("Explaining a beat", "explain", "scipy", "shap", "matplotlib")
    from ecgmon.monitor.explain.picture import draw
    from ecgmon.sim.library import find_record
    from ecgmon.sim.record import read_record

    read = read_record(find_record(as_record(record), data_dir))
    named, number, by, found = _explained(read, channel, model, beat, time)
    where = f"{read.name}, {read.leads[channel]}, beat {number} at {named.time_s:.2f} s"
    title = f"{where}: named {named.symbol} by {by}"
    path = out or Path(f"{read.name}-beat{number}.png")
    draw(found, title, path)
    sys.stdout.write("\n".join([title, *_lines(named, found), f"Picture: {path}"]) + "\n")
    return 0


def _explained(
    read: Record, channel: int, model: str | None, beat: int | None, time_s: float | None
) -> tuple[Beat, int, str, Explanation]:
    """Return the beat asked for, its number, the name of its classifier, and why it was named so."""
    from ecgmon.monitor.evaluation.records import one_lead
    from ecgmon.monitor.explain.capture import catch_beat
    from ecgmon.monitor.explain.explanation import explain
    from ecgmon.monitor.explain.probe import Probe
    from ecgmon.monitor.explain.shap_map import load_background
    from ecgmon.monitor.inference.classification import ClassifierSettings
    from ecgmon.monitor.inference.opening import open_classifier
    from ecgmon.monitor.pipeline.pipeline import PipelineSettings

    settings = PipelineSettings(classifier=ClassifierSettings(model=model))
    samples = one_lead(read, channel)
    named, window, number = catch_beat(samples, read.fs_hz, settings, number=beat, time_s=time_s)
    classifier = open_classifier(settings.classifier)
    contract = classifier.contract
    found = explain(Probe(classifier, window), load_background(), contract.symbols, rr_s=named.rr_s)
    return named, number, contract.name, found


def _lines(beat: Beat, found: Explanation) -> list[str]:
    import numpy as np

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
    from ecgmon.monitor.core.events import PIPELINE_HZ
    from ecgmon.monitor.explain.hiding import peak

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
