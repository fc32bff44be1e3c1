"""Command line: ``python -m ecgmon.models.background`` chooses the background beats anew."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ecgmon.models.background.typical import WIDE, choose_typical
from ecgmon.monitor.core.errors import EcgmonError
from ecgmon.sim.library import find_record

TARGET = Path(__file__).resolve().parents[2] / "monitor" / "explain" / "background.npz"


def main(arguments: Sequence[str] | None = None) -> int:
    """Choose and store the beats; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ecgmon.models.background", description=__doc__)
    parser.add_argument("--data-dir", type=Path, help="folder with the MIT-BIH records, or with mitdb in it")
    parser.add_argument("--out", type=Path, default=TARGET, help="file to write")
    options = parser.parse_args(arguments)
    try:
        chosen = choose_typical(lambda record: find_record(record, options.data_dir).parent)
    except EcgmonError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    np.savez_compressed(
        options.out,
        windows=np.stack([beat.window for beat in chosen]).astype(np.float32),
        r=WIDE.before_samples,
        symbols=np.array([beat.symbol for beat in chosen]),
        records=np.array([beat.record for beat in chosen]),
    )
    print(f"{options.out}: {len(chosen)} beats of {len({beat.record for beat in chosen})} patients")
    return 0


if __name__ == "__main__":
    sys.exit(main())
