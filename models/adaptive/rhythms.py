"""Puts real beats together in rhythms of which the databases hold few."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgmon.models.adaptive.data import BeatSequence, describe_beats
from ecgmon.models.adaptive.patients import ANY_NORMAL, NORMAL, SYMBOLS
from ecgmon.monitor.core.ecg_codes import PACED
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.segment import SegmentSettings
from ecgmon.monitor.inference.patient_features import POINTS, STRIDE
from ecgmon.monitor.inference.templates import P_WAVE

Float64 = NDArray[np.float64]
Ints = NDArray[np.int64]

POINT_HZ = PIPELINE_HZ / STRIDE
R_POINT = SegmentSettings().before_samples // STRIDE
SUPRAVENTRICULAR, VENTRICULAR, FUSION = (SYMBOLS.index(symbol) for symbol in "AVF")

FUSED_WITHIN = 8
"""Points ahead of the QRS over which a fused beat turns from its own P wave to the mixture."""

FUSED_SHARE = (0.2, 0.7)
"""Share of the ventricular beat in a fused one."""

MOST_LOST = 1.0
"""Share of the normal beat that is gone from a fused one, at most, in shares of the ventricular beat."""

FUSED_PACE = (0.85, 1.0)
"""Interval before a fused beat, in usual ones."""

FARTHEST_SHIFT = 3
"""Points by which the two beats of a fused one are apart, at most."""

FEWEST = 25
"""Beats of a kind that a record must hold to lend them."""

COMMON_SHARE = 0.4
"""Share of records that lend their beats to a rhythm which any record could be put into."""

BEATS = 600
"""Beats of each rhythm put together."""

AHEAD_S = 0.27
"""A normal beat begins this long before its R wave, with its P wave; a ventricular one half as long."""


class Fusion(NamedTuple):
    """What the beats of a script have of ventricular ones that meet them.

    Parameters
    ----------
    partners : int array of shape (n,)
        Position of the ventricular beat that each meets.
    share : array of shape (n,)
        Share of that beat; 0 for a beat that meets none.
    loss : array of shape (n,)
        Share of the beat itself that is gone.
    shifts : int array of shape (n,)
        Points by which the ventricular beat comes late.
    """

    partners: Ints
    share: Float64
    loss: Float64
    shifts: Ints


class Script(NamedTuple):
    """Which beats follow each other, and when.

    Parameters
    ----------
    beats : int array of shape (n,)
        Position of each beat in the record that lends it.
    rr_s : array of shape (n,)
        Interval before each, in seconds.
    fusion : Fusion, optional
        Which of them are fused.
    """

    beats: Ints
    rr_s: Float64
    fusion: Fusion | None = None

    def windows_mv(self, sequence: BeatSequence) -> Float64:
        """Return the windows of the beats, fused ones from their QRS on; shape (n, 120)."""
        windows = sequence.points_mv[self.beats]
        if self.fusion is None:
            return windows
        places = np.clip(np.arange(POINTS) - self.fusion.shifts[:, None], 0, POINTS - 1)
        partners = np.take_along_axis(sequence.points_mv[self.fusion.partners], places, axis=1)
        rise = np.clip((np.arange(POINTS) - P_WAVE.stop) / FUSED_WITHIN + 1.0, 0.0, 1.0)
        gain, loss = self.fusion.share[:, None] * rise, self.fusion.loss[:, None] * rise
        return np.asarray((1 - loss) * windows + gain * partners)

    def labels(self, sequence: BeatSequence) -> Ints:
        """Return the labels of the beats, shape (n,)."""
        labels = sequence.labels[self.beats]
        return labels if self.fusion is None else np.where(self.fusion.share > 0, FUSION, labels)


class Lender:
    """A record's beats by kind, and its usual intervals.

    Parameters
    ----------
    sequence : BeatSequence
        One lead of a record.
    """

    def __init__(self, sequence: BeatSequence) -> None:
        self.sequence = sequence
        labels = sequence.labels
        premature = (labels == SUPRAVENTRICULAR, labels == VENTRICULAR)
        self.atrial, self.ventricular = (np.flatnonzero(flags) for flags in premature)
        after_normal = np.concatenate(([False], _normal(labels[:-1])))
        self.normal = np.flatnonzero(_normal(labels) & after_normal)
        intervals = np.diff(sequence.samples, prepend=sequence.samples[:1]) / PIPELINE_HZ
        self.rr_s = float(np.median(intervals[self.normal])) if self.normal.size else 0.8
        self.early_s = [
            float(np.median(intervals[beats])) if beats.size else 0.7 * self.rr_s
            for beats in (self.atrial, self.ventricular)
        ]


def _some(pool: Ints, count: int, rng: np.random.Generator) -> Ints:
    """Return beats of a kind as they followed each other, from anywhere on."""
    return np.take(pool, rng.integers(pool.size) + np.arange(count), mode="wrap")


def _normal(labels: Ints) -> NDArray[np.bool_]:
    return np.isin(labels, (*NORMAL, ANY_NORMAL))


def atrial_rhythm(lender: Lender, rng: np.random.Generator) -> Script:
    """Return stretches of ectopic atrial rhythm among slower normal beats."""
    pace = min(lender.early_s[0], 0.85 * lender.rr_s)
    mean_run, mean_rest = rng.uniform(3, 40), rng.uniform(1, 12)
    beats: list[int] = []
    rr_s: list[float] = []
    while len(beats) < BEATS:
        run, rest = rng.geometric(1 / mean_run), rng.geometric(1 / mean_rest)
        beats += [*_some(lender.normal, rest, rng), *_some(lender.atrial, run, rng)]
        pause = lender.rr_s * rng.uniform(1.0, 1.7)
        rr_s += [pause, *(lender.rr_s * rng.normal(1, 0.05, rest - 1))]
        rr_s += list(pace * rng.uniform(0.95, 1.05) * rng.normal(1, 0.04, run))
    return _script(beats, rr_s)


def ventricular_runs(lender: Lender, rng: np.random.Generator) -> Script:
    """Return runs of one to twelve ventricular beats among normal ones."""
    coupling = min(lender.early_s[1], 0.8 * lender.rr_s)
    beats: list[int] = []
    rr_s: list[float] = []
    while len(beats) < BEATS:
        run, rest = int(rng.choice([1, 1, 1, 2, 3, 4, 6, 12])), 1 + rng.geometric(0.04)
        pace = rng.uniform(0.3, max(0.4, min(0.6, lender.rr_s)))
        beats += [*_some(lender.ventricular, run, rng), *_some(lender.normal, rest, rng)]
        rr_s += [coupling * rng.normal(1, 0.05), *(pace * rng.normal(1, 0.05, run - 1))]
        rr_s += [lender.rr_s * rng.uniform(1.0, 1.5), *(lender.rr_s * rng.normal(1, 0.04, rest - 1))]
    return _script(beats, rr_s)


def fibrillation(lender: Lender, rng: np.random.Generator) -> Script:
    """Return normal beats at the intervals of atrial fibrillation, some ventricular ones among them."""
    spread = rng.uniform(0.12, 0.3)
    rr_s = rng.uniform(0.5, 0.95) * rng.gamma(spread**-2, spread**2, BEATS)
    beats = _some(lender.normal, BEATS, rng)
    if lender.ventricular.size:
        ectopic = rng.random(BEATS) < rng.uniform(0, 0.1)
        beats[ectopic] = _some(lender.ventricular, int(ectopic.sum()), rng)
        rr_s[ectopic] *= 0.8
    return _script(beats, rr_s)


def sinus_changes(lender: Lender, rng: np.random.Generator) -> Script:
    """Return normal beats whose rate breathes, drifts and now and then changes within some beats."""
    targets = np.repeat(np.exp(rng.normal(0, 0.18, BEATS // 30 + 1)), rng.integers(10, 50))[:BEATS]
    targets = np.resize(targets, BEATS)
    width = int(rng.integers(3, 12))
    smooth = np.convolve(np.pad(targets, width, mode="edge"), np.full(width, 1 / width), "same")[width:-width]
    breath = 1 + rng.uniform(0, 0.12) * np.sin(np.arange(BEATS) * 2 * np.pi / rng.uniform(3, 6))
    rr_s = lender.rr_s * smooth * breath * rng.normal(1, 0.02, BEATS)
    return _script(_some(lender.normal, BEATS, rng), rr_s)


def fusion_beats(lender: Lender, rng: np.random.Generator) -> Script:
    """Return normal beats, some of them met by a ventricular one, a little early.

    They keep more of the normal beat than a weighted mean of the two would, as fused beats in the
    training records do.
    """
    chance = rng.random(BEATS)
    fused, early = chance < 0.15, chance > 0.92
    beats, partners = _some(lender.normal, BEATS, rng), _some(lender.ventricular, BEATS, rng)
    beats = np.where(early, partners, beats)
    pace = np.where(early, lender.early_s[1], lender.rr_s) * np.where(
        fused, rng.uniform(*FUSED_PACE, BEATS), 1.0
    )
    script = _script(beats, pace * rng.normal(1, 0.03, BEATS))
    share = np.where(fused, rng.uniform(*FUSED_SHARE, BEATS), 0.0)
    loss = share * rng.uniform(0, MOST_LOST, BEATS)
    shifts = rng.integers(-FARTHEST_SHIFT, FARTHEST_SHIFT + 1, BEATS)
    return script._replace(fusion=Fusion(partners, share, loss, shifts))


def _script(beats: Sequence[int] | Ints, rr_s: Sequence[float] | Float64) -> Script:
    beats, rr_s = np.asarray(beats, dtype=np.int64)[:BEATS], np.asarray(rr_s, dtype=np.float64)[:BEATS]
    return Script(beats, rr_s.clip(0.28, 3.0))


def perform(
    script: Script, sequence: BeatSequence, f_wave_mv: Callable[[int], Float64] | None = None
) -> tuple[Float64, Ints]:
    """Return the windows and R waves of a script, cut from one continuous signal.

    Each beat's signal runs from the beginning of its P wave to that of the next beat; beyond what
    its window holds, and where it does not meet the next, a straight line leads over.

    Parameters
    ----------
    script : Script
        What to play.
    sequence : BeatSequence
        The record that lends its beats.
    f_wave_mv : callable, optional
        Given a count of points, returns the atrial signal that takes the place of the P waves.

    Returns
    -------
    windows : array of shape (n, 120)
        In millivolts, at 120 Hz.
    r : int array of shape (n,)
        Pipeline indices of the R waves.
    """
    windows = script.windows_mv(sequence)
    if f_wave_mv is not None:
        first, last = windows[:, P_WAVE.start], windows[:, P_WAVE.stop - 1]
        windows[:, P_WAVE] = np.linspace(first, last, P_WAVE.stop - P_WAVE.start, axis=1)
    rr = np.rint(script.rr_s * POINT_HZ).astype(np.int64)
    at = POINTS + np.cumsum(rr)
    broad = sequence.labels[script.beats] == VENTRICULAR
    ahead = np.minimum(np.where(broad, AHEAD_S / 2, AHEAD_S) * POINT_HZ, 0.45 * rr).astype(np.int64)
    signal = np.zeros(at[-1] + 2 * POINTS)
    starts = at - ahead
    for i in range(len(at) - 1):
        part = windows[i, R_POINT - ahead[i] :]
        part = part - part[:3].mean()
        width = int(starts[i + 1] - starts[i])
        whole = np.zeros(width)
        held = min(width, part.size)
        whole[:held] = part[:held]
        if held < width:
            whole[held:] = np.linspace(part[held - 3 : held].mean(), 0, width - held)
        turn = min(int(ahead[i]) + 10, width)
        whole[turn:] -= np.linspace(0, whole[-1], width - turn)
        signal[starts[i] : starts[i + 1]] = whole
    if f_wave_mv is not None:
        signal += f_wave_mv(signal.size)
    cut = np.stack([signal[r - R_POINT : r - R_POINT + POINTS] for r in at[:-1].tolist()])
    return cut, at[:-1] * STRIDE


def f_wave(count: int, height_mv: float, rng: np.random.Generator) -> Float64:
    """Return what the atria write in fibrillation: a wave of 4 to 9 Hz that wanders in rate and height."""
    drift = np.cumsum(rng.normal(0, 0.05, count))
    rate_hz = rng.uniform(4, 9) + np.clip(drift - np.linspace(0, drift[-1], count), -1.5, 1.5)
    height = height_mv * (1 + 0.5 * np.sin(np.arange(count) / POINT_HZ * rng.uniform(0.5, 3)))
    return np.asarray(height * np.sin(2 * np.pi * np.cumsum(rate_hz) / POINT_HZ))


def invent(sequences: Sequence[BeatSequence], rng: np.random.Generator) -> Iterator[BeatSequence]:
    """Yield what each record would be in rhythms that its beats allow.

    Parameters
    ----------
    sequences : sequence of BeatSequence
        Training records.
    rng : numpy Generator
        Source of chance.
    """
    for sequence in sequences:
        if sequence.record in PACED:
            continue
        lender = Lender(sequence)
        if lender.normal.size < FEWEST:
            continue
        kinds: list[Callable[[Lender, np.random.Generator], Script]] = []
        if lender.atrial.size >= FEWEST:
            kinds.append(atrial_rhythm)
        common = [fibrillation, sinus_changes]
        if lender.ventricular.size >= FEWEST:
            common += [ventricular_runs, fusion_beats]
        kinds += [kind for kind in common if rng.random() < COMMON_SHARE]
        for write in kinds:
            script = write(lender, rng)
            height_mv = float(rng.uniform(0, 0.25) * np.median(sequence.sizes_mv))
            waves = partial(f_wave, height_mv=height_mv, rng=rng) if write is fibrillation else None
            points, r = perform(script, sequence, waves)
            labels = script.labels(sequence)[: len(r)]
            made = describe_beats(sequence.database, sequence.record, sequence.lead, points, r, labels)
            yield replace(made, invented=write.__name__)
