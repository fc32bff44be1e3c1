"""The words of ``explain``, apart from the work so that reading a command line stays quick."""

from __future__ import annotations

import argparse
from pathlib import Path

EXPLAIN_HELP = "show why one beat was named so: Grad-CAM, SHAP and a deletion mask"
EXPLAIN_EXAMPLES = """\
examples:
  ecgmon explain 200 --beat 12                     the 12th beat found
  ecgmon explain 207 --time 61.5 --out why.png     the beat nearest to 61.5 s
  ecgmon explain 232 --beat 40 --model arrhythminet-v2

The monitor runs over the record up to that beat, so the model knows of the patient what it would
have known live. Needs the extra 'explain'.
"""


def add_explain(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``explain``."""
    parser.add_argument("record", metavar="RECORD", help="such as 200, svdb/800 or ./folder/200")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--beat", type=int, metavar="N", help="the N-th beat found, counted from 1")
    which.add_argument("--time", type=float, metavar="S", help="the beat nearest to S seconds")
    parser.add_argument("--model", metavar="NAME|FILE", help="beat classifier; see 'ecgmon models'")
    parser.add_argument("--channel", type=int, default=0, metavar="K", help="number of the lead (0)")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of the record or of databases")
    parser.add_argument("--out", type=Path, metavar="FILE", help="picture to write (RECORD-beatN.png)")
