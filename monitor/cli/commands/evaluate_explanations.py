"""The command ``evaluate explanations``: whether the maps are true to the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ecgmon.monitor.cli.options import Positive, command
from ecgmon.monitor.cli.selection import SCORING, Records, Selection
from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.core.extras import require

if TYPE_CHECKING:
    from ecgmon.monitor.evaluation.annotations import Annotations

_EXAMPLES = """\
examples:
  ecgmon evaluate explanations --split ds2 --beats 20
  ecgmon evaluate explanations 200 207 --model arrhythminet-v2

Fidelity, agreement between methods, and sanity. Needs the extra 'explain'.
"""

app = command("explanations", _EXAMPLES)


@app.default
def explanations(
    *records: Records,
    options: Selection | None = None,
    beats: Annotated[Positive, Parameter(group=SCORING)] = 30,
) -> int:
    """Explain beats of each class, measure, print, save.

    Parameters
    ----------
    records : str
        Which; all of the database if left out.
    options : Selection
        How.
    beats : int
        Beats of each class to explain.

    Raises
    ------
    EcgmonError
        A record or the model cannot be used, an extra is missing, or a result cannot be written.
    """
    require("Explaining a beat", "explain", "scipy", "shap", "onnx", "matplotlib")
    from ecgmon.monitor.cli.score_report import tell
    from ecgmon.monitor.evaluation.jobs import run
    from ecgmon.monitor.explain import proof
    from ecgmon.monitor.explain.choosing import choose_beats
    from ecgmon.monitor.explain.proof_picture import draw_proof
    from ecgmon.monitor.explain.tables import proof_tables
    from ecgmon.monitor.inference.registry import find_model

    chosen = options or Selection()
    contract = find_model(chosen.model).contract()
    references = {str(stem): _reference(stem) for stem in chosen.stems(records)}
    drawn = choose_beats(references, set(contract.symbols), beats, seed=0)
    jobs = [
        proof.ProofJob(Path(stem), chosen.channel, tuple(some), chosen.model, proof.Effort())
        for stem, some in drawn.items()
    ]
    results = run(proof.prove, jobs, chosen.jobs, f"Explaining beats of {len(jobs)} records")
    proved = sorted((beat for some in results for beat in some), key=lambda beat: (beat.record, beat.symbol))
    if not proved:
        raise RecordError("No beat of these records was found and named right.", "Name other records.")
    headline = (
        f"{contract.name}: {len(proved)} of {sum(len(job.beats) for job in jobs)} beats drawn were found "
        f"and named right, of {len({beat.record for beat in proved})} records"
    )
    pictures = {"explanations": lambda path: draw_proof(proved, headline, path)}
    return tell(proof_tables(proved), chosen.out, pictures, headline, named=True)


def _reference(stem: Path) -> tuple[Annotations, float]:
    """Return the annotations of a record and the rate in Hz that they count at; no signal is read."""
    from ecgmon.monitor.evaluation.annotations import Annotations
    from ecgmon.monitor.evaluation.records import not_annotated
    from ecgmon.monitor.wfdb.header import DamagedError
    from ecgmon.monitor.wfdb.reader import read_header, read_reference

    try:
        frame_hz = read_header(stem).frame_hz
        written = read_reference(stem, frame_hz, frame_hz)
    except DamagedError as error:
        raise RecordError(f"Record {stem} cannot be read: {error}.", "Fetch its files again.") from error
    if written is None:
        raise not_annotated(stem.name)
    return Annotations(written.samples, written.symbols), frame_hz
