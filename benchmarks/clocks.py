"""Forty kinds of message clock: heart rate, gaps that were invented, samples dropped unsaid.

Run ``python -m benchmarks.clocks``. Messages go through decoder, inbox, timekeeper and
pipeline on a virtual clock, so that it takes minutes and no broker.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.clock_kinds import KINDS, Kind, Message
from ecgmon.monitor.core.events import Event, HeartRate
from ecgmon.monitor.ingest.inbox import Inbox
from ecgmon.monitor.ingest.live_settings import MqttSettings
from ecgmon.monitor.run.stream import Stream
from ecgmon.sim.synthetic import Episode, SyntheticSettings, synthesise

BPM = 72.0
JITTERS_S = (0.0, 0.05, 0.3)
LOSSES = (0.0, 0.01)
_SETTLED_S = 20.0
_GATHER_S = 0.2


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one kind.

    Parameters
    ----------
    bpm : float
        Median heart rate behind the first 20 seconds, in beats a minute; not a number
        where there was none.
    invented : int
        Samples by which gaps are longer than what was lost.
    unsaid : int
        Samples that arrived, were not given out, and are in no count.
    unseen : int
        Samples that were lost and that no gap tells of.
    clock : str
        What the status says of the clock at the end.
    """

    bpm: float
    invented: int
    unsaid: int
    unseen: int
    clock: str

    @property
    def right(self) -> bool:
        """72/min within one, nothing invented, nothing dropped unsaid."""
        return abs(self.bpm - BPM) <= 1 and self.kept

    @property
    def kept(self) -> bool:
        """No gap invented, no sample dropped unsaid."""
        return self.invented <= 0 and self.unsaid == 0


@cache
def ecg(fs_hz: float, seconds: float) -> NDArray[np.float64]:
    """Return a sinus rhythm in millivolts, shape (n,)."""
    shape = SyntheticSettings(fs_hz=fs_hz, noise_mv=0.005, variability=0.02)
    return synthesise([Episode(seconds=seconds, bpm=BPM)], shape).samples_mv.round(4)


def arrivals(kind: Kind, seconds: float, jitter_s: float, loss: float) -> Iterator[tuple[float, int, bytes]]:
    """Yield time of arrival, index of the first sample and the message, of those that are not lost."""
    random, at_s = np.random.default_rng(5), 0.0
    signal = ecg(kind.fs_hz, seconds)
    for number, first in enumerate(range(0, signal.size - kind.n + 1, kind.n)):
        message = Message(number, first, kind.n, kind.fs_hz, random)
        body = {"samples": signal[first : first + kind.n].tolist(), **kind.fields(message)}
        body |= {"fs_hz": kind.fs_hz} if kind.named else {}
        at_s = max(at_s, 100 + message.end_s / kind.speed + random.uniform(0, jitter_s))
        if random.random() >= loss:
            yield at_s, first, json.dumps(body).encode()


def run(
    name: str, *, jitter_s: float = 0.0, loss: float = 0.0, seconds: float = 60.0, listen: bool = True
) -> Result:
    """Send the messages of a kind through the whole chain, or without the pipeline at its end."""
    kind = KINDS[name]
    inbox, stream, events = Inbox("bed1", MqttSettings()), None, list[Event]()
    arrived = given = gaps = lost = invented = end = first_lost = 0
    for at_s, first, payload in arrivals(kind, seconds, jitter_s, loss):
        lost, first_lost, arrived = lost + first - first_lost, first + kind.n, arrived + kind.n
        inbox.put(payload, at_s)
        if inbox.seconds < _GATHER_S:
            continue
        for block in inbox.take():
            gaps, given, end = gaps + block.start - end, given + block.end - block.start, block.end
            if listen:
                stream = stream or Stream("bed1", block.fs_hz, shown=False)
                events += stream.process(block)
        invented = max(invented, gaps - lost)
    figures = {**inbox.device.health, **inbox.figures()}
    counted = kind.n * round(sum(figures[key] for key in ("duplicate_packets", "late_packets", "bad_frames")))
    shown = [
        event.bpm
        for event in events
        if isinstance(event, HeartRate) and event.bpm is not None and event.time_s > _SETTLED_S
    ]
    bpm = float(np.median(shown)) if shown else float("nan")
    waits = 6 * kind.n + _GATHER_S * kind.fs_hz  # not taken yet, or held in case that what is missing comes
    unsaid = arrived - given - counted
    clock = inbox.device.status("streaming", "").clock
    return Result(bpm, invented, unsaid if unsaid > waits else 0, max(0, lost - gaps), clock)


def main() -> int:
    """Print a row a kind; the exit status tells how many are not right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", help="kinds (all)")
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    names = options.kinds or list(KINDS)
    print("| clock and counter | beats/min | invented, samples | dropped unsaid | loss unseen | followed |")
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    wrong = 0
    with ProcessPoolExecutor(2) as pool:
        cases = [(jitter_s, loss) for jitter_s in JITTERS_S for loss in LOSSES]
        jobs = {
            name: [
                pool.submit(partial(run, name, jitter_s=jitter_s, loss=loss, seconds=options.seconds))
                for jitter_s, loss in cases
            ]
            for name in names
        }
        for name, running in jobs.items():
            results = [job.result() for job in running]
            rates = np.array([result.bpm for result in results])
            wrong += not all(result.right for result in results)
            print(
                f"| {name} | {rates.min():.1f} to {rates.max():.1f} | {max(r.invented for r in results)} | "
                f"{max(r.unsaid for r in results)} | {max(r.unseen for r in results)} | {results[0].clock} |",
                flush=True,
            )
    return wrong


if __name__ == "__main__":
    raise SystemExit(main())
