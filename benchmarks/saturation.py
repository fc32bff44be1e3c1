"""How soon a signal on a rail is told at each rate, and how often one is told on records that have none.

``python -m benchmarks.saturation --data-dir DIR`` prints the table of `docs/signal.md`.
"""

from __future__ import annotations

import argparse
import os

import numpy as np
from numpy.typing import NDArray

from benchmarks.rates import at_rate
from ecgmon import Pipeline, Quality, read_record
from ecgmon.monitor.core.ecg_codes import DS1_WITHOUT_201, DS2, PACED
from ecgmon.monitor.dsp.source_faults import SourceFaults, SourceSignal

RATES = (100.0, 125.0, 128.0, 200.0, 250.0, 360.0, 500.0, 1000.0)
WOBBLES = (0.0, 0.01)
RECORDS = ("100", "119", "200", "208", "231")
BEFORE_S, ON_S = 8, 4
Samples = NDArray[np.float64]


def time_to_told_s(ecg_mv: Samples, fs_hz: float, onset_s: float, rail_mv: float, wobble: float) -> float:
    """Return how long after a signal went to a rail its quality says so, in seconds; infinite if never."""
    rng = np.random.default_rng(round(1000 * onset_s))
    samples = ecg_mv[: round((onset_s + ON_S) * fs_hz)].copy()
    onset = round(onset_s * fs_hz)
    samples[onset:] = rail_mv * (1.0 + wobble * rng.uniform(-1.0, 1.0, samples.size - onset))
    told = (
        event.known_at
        for event in Pipeline(fs_hz=fs_hz).process(samples)
        if isinstance(event, Quality) and "saturated" in event.reasons and event.known_at >= onset
    )
    return (next(told, np.inf) - onset) / fs_hz


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", default=os.environ.get("ECGMON_DATA"))
    options = parser.parse_args()
    if options.data_dir is None:
        parser.error("name the folder of the databases with --data-dir or ECGMON_DATA")
    names = sorted((*DS1_WITHOUT_201, "201", *DS2, *PACED))
    signals = {
        name: np.nan_to_num(record.samples_mv(0, record.n_samples, (0,))[0])
        for name in names
        for record in [read_record(name, options.data_dir)]
    }
    print("| rate, Hz | steady, mean / longest | wobbling by 1 %, mean / longest | told on the 48 records |")
    print("| ---: | ---: | ---: | ---: |")
    for fs_hz in RATES:
        cells = []
        for wobble in WOBBLES:
            took = [
                time_to_told_s(at_rate(signals[name][:6000], 360.0, fs_hz), fs_hz, onset_s, rail_mv, wobble)
                for name in RECORDS
                for onset_s in BEFORE_S + np.arange(0.05, 1.0, 0.1)
                for rail_mv in (5.0, -3.0)
            ]
            cells.append(f"{np.mean(took):.2f} / {max(took):.2f} s")
        told = [
            second.saturated
            for samples_mv in signals.values()
            for second in SourceFaults(source_hz=fs_hz).process(
                SourceSignal(0, at_rate(samples_mv, 360.0, fs_hz))
            )
        ]
        print(f"| {fs_hz:g} | {cells[0]} | {cells[1]} | {sum(told)} of {len(told)} |", flush=True)


if __name__ == "__main__":
    main()
