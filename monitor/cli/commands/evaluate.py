"""The command ``evaluate``: one command for each thing that is scored, each with its own options."""

from __future__ import annotations

from ecgmon.monitor.cli.options import command

_EXAMPLES = """\
The live pipeline runs over records. What it says is compared with their
reference annotations by the rules of ANSI/AAMI EC57 (pairs within 150 ms).

examples:
  ecgmon evaluate qrs 100 200                      two records
  ecgmon evaluate qrs --data-dir ~/physionet       the MIT-BIH Arrhythmia Database
  ecgmon evaluate beats --split ds2 --out scores   with text, CSV and a picture
  ecgmon evaluate alarms --help                    options of one of them
"""

_PLACE = "ecgmon.monitor.cli.commands"

app = command("evaluate", _EXAMPLES)
for _name, _line in {
    "qrs": "Score where beats are.",
    "beats": "Score what kind the beats are.",
    "rhythm": "Score rhythms by time and by episodes, couplets, runs and pauses.",
    "alarms": "Score alarms: missed, false, and how long each took.",
    "explanations": "Score whether the maps of some beats are true to the model.",
}.items():
    app.command(f"{_PLACE}.evaluate_{_name}:app", name=_name, help=_line)
