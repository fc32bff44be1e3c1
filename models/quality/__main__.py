"""Command: train the quality index on the databases, print its scores, write it beside its operator."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from ecgmon.models.quality.data import (
    TEST_VFDB,
    TRAIN_MITDB,
    TRAIN_VFDB,
    annotated,
    asystole,
    clean,
    hummed,
    stressed,
)
from ecgmon.models.quality.training import fit, report
from ecgmon.monitor.core.ecg_codes import DS2
from ecgmon.monitor.dsp.quality_model import MODEL_FILE, QualityModel


def main() -> None:
    """Train unless told to evaluate only; print the scores on unseen patients."""
    parser = argparse.ArgumentParser(prog="python -m ecgmon.models.quality", description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("ECGMON_DATA"))
    parser.add_argument("--evaluate", action="store_true", help="score the shipped file, train nothing")
    options = parser.parse_args()
    if options.data_dir is None:
        parser.error("name the folder of the databases with --data-dir or ECGMON_DATA")
    folder = Path(options.data_dir)
    if options.evaluate:
        model = QualityModel.load(MODEL_FILE)
    else:
        model = fit(
            [
                *clean(folder, TRAIN_MITDB),
                *stressed(folder, TRAIN_MITDB, half=0),
                *annotated(folder, TRAIN_VFDB),
                *hummed(folder, TRAIN_MITDB),
                asystole(folder),
            ]
        )
        model.save(MODEL_FILE)
    unseen = [*clean(folder, DS2), *stressed(folder, DS2, half=1, seed=1), *annotated(folder, TEST_VFDB)]
    print("\n".join(report(model, unseen)))


if __name__ == "__main__":
    main()
