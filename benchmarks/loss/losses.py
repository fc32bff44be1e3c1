"""The kinds of loss, and the signal that is left, in blocks as the timekeepers of live sources make them."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.events import PIPELINE_HZ, Event, SampleBlock
from ecgmon.monitor.run.stream import Stream

SEED = 1
BLOCK_S = 0.2
PACKET_S = 0.1
BURSTS_A_MINUTE = 10.0
NAGGING_S = 3.5
NONE = "none"

Samples = NDArray[np.float64]
Lost = NDArray[np.bool_]
"""Which samples never come, shape (n_samples,)."""

Draw = Callable[[int, float, np.random.Generator], Lost]
"""Takes the number of samples, their rate in Hz and a generator."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A kind of loss.

    Parameters
    ----------
    name : str
        Its row in the tables.
    share : float
        The part of the samples that it takes.
    draw : callable
        Says which samples are lost.
    f1_points : float or None
        By how many points the F1 of QRS complexes may fall.
    """

    name: str
    share: float
    draw: Draw
    f1_points: float | None = None

    @property
    def heavy(self) -> bool:
        """Whether a technical alarm may stand for an alarm that is not told."""
        return self.share > 0.1

    def of(self, n_samples: int, fs_hz: float, name: str) -> Lost:
        """Return which samples of a signal are lost; the same for the same name of the signal."""
        seed = zlib.crc32(f"{self.name} {name}".encode())
        return self.draw(n_samples, fs_hz, np.random.default_rng((SEED, seed)))


def nothing() -> Draw:
    """Lose nothing."""
    return lambda n_samples, *_: np.zeros(n_samples, dtype=np.bool_)


def singles(one_in: int) -> Draw:
    """Lose each sample with the same chance."""
    return lambda n_samples, _, random: random.random(n_samples) < 1 / one_in


def packets(share: float) -> Draw:
    """Lose packets of 0.1 s, each with the same chance."""

    def draw(n_samples: int, fs_hz: float, random: np.random.Generator) -> Lost:
        number = (np.arange(n_samples) / (PACKET_S * fs_hz)).astype(np.int64)
        return np.asarray((random.random(int(number[-1]) + 1) < share)[number])

    return draw


def bursts(seconds: float) -> Draw:
    """Lose stretches of one length that begin anywhere, ten a minute."""

    def draw(n_samples: int, fs_hz: float, random: np.random.Generator) -> Lost:
        lost = np.zeros(n_samples, dtype=np.bool_)
        count = random.poisson(BURSTS_A_MINUTE * n_samples / fs_hz / 60)
        for begin in random.integers(0, n_samples, count).tolist():
            lost[begin : begin + round(seconds * fs_hz)] = True
        return lost

    return draw


def nagging(n_samples: int, fs_hz: float, random: np.random.Generator) -> Lost:
    """Lose one sample every 3.5 s."""
    lost = np.zeros(n_samples, dtype=np.bool_)
    lost[int(random.integers(round(NAGGING_S * fs_hz))) :: round(NAGGING_S * fs_hz)] = True
    return lost


def _burst(milliseconds: int) -> Loss:
    share = BURSTS_A_MINUTE * milliseconds / 60_000
    return Loss(f"bursts of {milliseconds} ms, 10 a minute", share, bursts(milliseconds / 1000))


UNDISTURBED = Loss(NONE, 0.0, nothing())

LOSSES = (
    Loss("1 sample in 1000", 0.001, singles(1000), 0.1),
    Loss("1 sample in 200", 0.005, singles(200), 0.3),
    Loss("1 sample in 50", 0.02, singles(50), 2.0),
    Loss("packets, 1 %", 0.01, packets(0.01), 1.0),
    Loss("packets, 5 %", 0.05, packets(0.05), 5.0),
    Loss("packets, 10 %", 0.1, packets(0.1), 10.0),
    *(_burst(milliseconds) for milliseconds in (20, 80, 300)),
    Loss("1 sample every 3.5 s", 1 / (NAGGING_S * PIPELINE_HZ), nagging),
    Loss("packets, 20 %", 0.2, packets(0.2)),
    Loss("packets, 50 %", 0.5, packets(0.5)),
)

BY_NAME = {loss.name: loss for loss in (UNDISTURBED, *LOSSES)}


def blocks(samples_mv: Samples, lost: Lost, fs_hz: float) -> Iterator[SampleBlock]:
    """Cut a signal into blocks of 0.2 s; behind lost samples a block begins late."""
    cuts = np.arange(0, samples_mv.size, round(BLOCK_S * fs_hz))
    edges = np.flatnonzero(np.diff(lost)) + 1
    bounds = [*np.union1d(cuts, edges).tolist(), samples_mv.size]
    for begin, end in itertools.pairwise(bounds):
        if not lost[begin]:
            yield SampleBlock(samples_mv[None, begin:end], begin, fs_hz)


def events_under(loss: Loss, samples_mv: Samples, fs_hz: float, name: str) -> list[Event]:
    """Return what a stream with alarms tells of one lead under a loss.

    Parameters
    ----------
    loss : Loss
        The kind of loss.
    samples_mv : array of shape (n_samples,)
        The lead in millivolts.
    fs_hz : float
        Its rate in Hz.
    name : str
        Which signal it is; another name loses other samples.
    """
    stream = Stream(name, fs_hz, shown=False)
    lost = loss.of(samples_mv.size, fs_hz, name)
    events = [event for block in blocks(samples_mv, lost, fs_hz) for event in stream.process(block)]
    return [*events, *stream.finish()]
