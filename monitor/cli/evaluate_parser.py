"""The words of ``evaluate``, apart from the scorer so that reading a command line stays quick."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ecgmon.monitor.core.ecg_codes import MITDB_SPLITS
from ecgmon.monitor.core.platform import available_cores

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_ABOUT = """\
Run the live pipeline over records and compare its beats with their reference annotations by the
rules of ANSI/AAMI EC57 (pairs within 150 ms, one to one). With --annotations, score the annotation
files in a folder instead. "qrs" scores where beats are, "beats" also what kind they are; "rhythm" the
rhythms by time and by episodes, couplets, runs and pauses; "alarms" what is raised against what the
same definitions make of the reference annotations; "explanations" whether the maps of some beats are
true to the model (extra 'explain').
"""

_EXAMPLES = """\
examples:
  ecgmon evaluate qrs 100 200                        two records
  ecgmon evaluate qrs --data-dir ~/physionet         the MIT-BIH Arrhythmia Database
  ecgmon evaluate beats --split ds2 --out scores     with text, CSV and a picture
  ecgmon evaluate rhythm --split ds2 --out scores    fibrillation, runs, bigeminy; delays; a picture
  ecgmon evaluate alarms                             missed and false alarms, and delays
  ecgmon evaluate explanations --split ds2 --beats 20     fidelity, agreement, sanity of the maps
  ecgmon evaluate qrs 200 --annotations OUT          what 'ecgmon replay 200 --annotations OUT' wrote
  ecgmon evaluate qrs 200 --annotations . --annotator qrs    what another detector wrote
"""


def add_evaluate(commands: Commands) -> None:
    """Add ``evaluate`` to the command line."""
    parser = commands.add_parser(
        "evaluate",
        help="score beats against reference annotations (EC57)",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(command="ecgmon.monitor.cli.evaluate:evaluate")
    parser.add_argument(
        "what", choices=("qrs", "beats", "rhythm", "alarms", "explanations"), help="what to score"
    )
    parser.add_argument("records", nargs="*", metavar="RECORD", help="such as 200 or svdb/800")
    which = parser.add_argument_group("records")
    which.add_argument("--database", default="mitdb", metavar="NAME", help="all of this database (mitdb)")
    which.add_argument("--split", choices=sorted(MITDB_SPLITS), help="a side of the usual MIT-BIH split")
    which.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of records or of databases")
    which.add_argument("--channel", type=int, default=0, metavar="K", help="number of the lead (0)")
    how = parser.add_argument_group("scoring")
    how.add_argument("--model", metavar="NAME|FILE", help="beat classifier; see 'ecgmon models'")
    how.add_argument("--chunk", type=int, default=360, metavar="N", help="samples in a block (360)")
    how.add_argument(
        "--provisional", action="store_true", help="score the class given first, before any revision"
    )
    how.add_argument(
        "--without-quality", action="store_true", help="alarms: as if every second were clean, to compare"
    )
    how.add_argument("--annotations", type=Path, metavar="DIR", help="score the annotation files in DIR")
    how.add_argument("--annotator", default="ecgmon", metavar="EXT", help="their suffix (ecgmon)")
    how.add_argument("--learning-s", type=float, default=0.0, metavar="S", help="leave out the start (0)")
    cores = available_cores()
    how.add_argument("--jobs", type=int, default=cores, metavar="N", help="processes (all cores)")
    how.add_argument("--beats", type=int, default=30, metavar="N", help="beats of each class to explain (30)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write text, CSV and a picture there")
