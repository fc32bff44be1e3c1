"""What lost samples cost: ten records, and alarms that begin under loss.

    python -m benchmarks.loss                                        # all of it
    python -m benchmarks.loss --minutes 5 --trials 5                 # smaller
    python -m benchmarks.loss records --records 100 --losses "packets, 5 %"
    python -m benchmarks.loss trials --kinds asystole

Needs the folders mitdb, and vfdb and cudb for VT and VF. Losses and trials are the same in every run.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from benchmarks.loss import records, told
from benchmarks.loss.losses import LOSSES, UNDISTURBED, Loss
from benchmarks.loss.trials import KINDS
from ecgmon.monitor.evaluation import jobs


def main() -> int:
    """Print the tables."""
    options = _options()
    losses = tuple(loss for loss in LOSSES if loss.name in options.losses)
    if "records" in options.parts:
        _say(_records(options, losses))
    if "trials" in options.parts:
        _say(_trials(options, losses))
    return 0


def _options() -> argparse.Namespace:
    names = tuple(loss.name for loss in LOSSES)
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.loss",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", help="records, trials (both)")
    parser.add_argument("--data-dir", default=os.environ.get("ECGMON_DATA"))
    parser.add_argument("--records", nargs="+", default=records.RECORDS, metavar="RECORD")
    parser.add_argument("--minutes", type=float, default=31.0, help="how much of each record (all)")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND")
    parser.add_argument("--trials", type=int, default=20, help="trials of each kind of alarm")
    parser.add_argument(
        "--losses",
        nargs="+",
        choices=names,
        default=names,
        metavar="LOSS",
        help="; ".join(names).replace("%", "%%"),
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="all cores by default")
    options = parser.parse_args()
    options.parts = options.parts or ["records", "trials"]
    if unknown := set(options.parts) - {"records", "trials"}:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are records and trials")
    if options.data_dir is None:
        parser.error("name the folder of the databases with --data-dir or ECGMON_DATA")
    return options


def _records(options: argparse.Namespace, losses: Sequence[Loss]) -> list[str]:
    rows = (UNDISTURBED, *losses)
    listed = [
        records.RecordJob(record, loss.name, options.data_dir, 60 * options.minutes)
        for loss in rows
        for record in options.records
    ]
    results = iter(jobs.run(records.run_record_job, listed, options.processes, "records"))
    found = [(loss, [next(results) for _ in options.records]) for loss in rows]
    return [f"Records {' '.join(options.records)}:", "", *records.table(found)]


def _trials(options: argparse.Namespace, losses: Sequence[Loss]) -> list[str]:
    def run(listed: Sequence[told.TrialJob], title: str) -> list[told.Told]:
        return jobs.run(told.run_trial, listed, options.processes, title)

    calm = {
        kind: told.told_without_loss(kind, options.trials, options.data_dir, run) for kind in options.kinds
    }
    trials = {kind: of_kind for kind, (of_kind, _) in calm.items()}
    found = {loss.name: told.under_loss(loss, trials, options.data_dir, run) for loss in losses}
    failed = told.failures(found)
    return [*told.table(calm, found), "", *(["Not in time:", "", *failed] if failed else ["All in time."])]


def _say(lines: Sequence[str]) -> None:
    sys.stdout.write("\n".join([*lines, "", ""]))
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
