"""Command: train the judge of atrial fibrillation, print how it does on its records, write it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from ecgmon.models.af.data import training_stretches
from ecgmon.models.af.training import fit, report
from ecgmon.monitor.rhythm.af_model import MODEL_FILE


def main() -> None:
    """Train on the training patients; `ecgmon evaluate rhythm` scores the result on others."""
    parser = argparse.ArgumentParser(prog="python -m ecgmon.models.af", description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("ECGMON_DATA"))
    parser.add_argument("--out", type=Path, default=MODEL_FILE, help="file to write (the shipped one)")
    options = parser.parse_args()
    if options.data_dir is None:
        parser.error("name the folder of the databases with --data-dir or ECGMON_DATA")
    parts = training_stretches(Path(options.data_dir))
    model = fit(parts)
    print("\n".join(report(model, parts)))
    model.save(options.out)


if __name__ == "__main__":
    main()
