"""Trials made of real records: sinus rhythm, then asystole, VT, VF or bradycardia from a known time on."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.loss.losses import SEED, Samples
from benchmarks.rates import at_rate
from ecgmon import read_record
from ecgmon.monitor.evaluation.records import one_lead, reference_of

FS_HZ = 360.0
LEAD_IN_S = 75.0
"""Long enough to fill whatever remembers the last minute of beats."""

TAIL_S = 25.0
AFTER_R_S = 0.45
"""What begins does so this long after the last R wave, behind its T wave."""

BEFORE_P_S = 0.28
"""How long before an R wave its P wave has not begun."""

FADE_S = 0.15
SLOW_BPM = 30.0

SINUS = ("100", "101", "103", "106", "113", "114", "115", "117", "121", "123", "220")
"""Records of MIT-BIH with minutes of normal beats alone; trials take them in turn."""

VT_AT_S = (
    *(("420", 1430), ("421", 1340), ("422", 1340), ("423", 900), ("425", 931), ("426", 1742), ("427", 650)),
    *(("428", 1925), ("430", 1662), ("602", 1250), ("605", 1649), ("607", 1585), ("611", 1200)),
    *(("612", 1710), ("614", 1430), ("420", 1620), ("421", 1400), ("422", 1430), ("423", 1100)),
    *(("427", 900), ("430", 1800), ("602", 1400), ("607", 1640), ("611", 1500), ("612", 1850)),
    *(("614", 1700), ("421", 1440), ("422", 1480), ("423", 1200), ("427", 1200), ("430", 1880)),
    *(("602", 1550), ("611", 1700), ("612", 1950), ("614", 1950)),
)
"""Records of VFDB, and seconds from which ventricular tachycardia lasts for `TAIL_S`."""

VF_AT_S = (
    *(("cudb/cu01", 220), ("cudb/cu03", 470), ("cudb/cu05", 360), ("cudb/cu07", 185), ("cudb/cu09", 245)),
    *(("cudb/cu11", 375), ("cudb/cu13", 430), ("cudb/cu15", 410), ("cudb/cu17", 385), ("cudb/cu19", 411)),
    *(("cudb/cu21", 58), ("cudb/cu23", 340), ("cudb/cu25", 425), ("cudb/cu29", 385), ("cudb/cu33", 410)),
    *(("vfdb/419", 580), ("vfdb/422", 1540), ("vfdb/424", 1262), ("vfdb/426", 650), ("vfdb/429", 2000)),
    *(("vfdb/430", 400), ("cudb/cu01", 300), ("cudb/cu07", 300), ("vfdb/419", 922), ("vfdb/424", 1478)),
    *(("vfdb/426", 1378), ("vfdb/430", 790), ("vfdb/422", 1700)),
)
"""The same of ventricular flutter and fibrillation."""


@dataclass(frozen=True, slots=True, eq=False)
class Sinus:
    """Sinus rhythm before a trial's onset, and what followed in the record.

    Parameters
    ----------
    record : str
        Name of the record.
    samples_mv : array of shape (n_samples,)
        The lead from the beginning of the trial.
    r_samples : array of shape (n_beats,)
        Its R waves, all of normal beats.
    onset : int
        Where another rhythm begins: behind the T wave of the last beat.
    """

    record: str
    samples_mv: Samples
    r_samples: NDArray[np.int64]
    onset: int

    @property
    def lead_in_mv(self) -> Samples:
        """What lies before the onset."""
        return self.samples_mv[: self.onset]


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A signal in which something begins.

    Parameters
    ----------
    name : str
        What it is made of.
    samples_mv : array of shape (n_samples,)
        One lead at 360 Hz.
    onset_s : float
        When it begins.
    """

    name: str
    samples_mv: Samples
    onset_s: float


def sinus(record_name: str, data_dir: str, random: np.random.Generator) -> Sinus:
    """Return minutes of normal beats from anywhere in a record of MIT-BIH."""
    record = read_record(record_name, data_dir)
    reference = reference_of(record)
    at = reference.samples
    ends = np.flatnonzero(np.append(reference.symbols, "+") != "N")
    begins = np.append(0, ends[:-1] + 1)
    needed = round((LEAD_IN_S + TAIL_S) * record.fs_hz)
    runs = [
        (first, last)
        for first, last in zip(begins.tolist(), (ends - 1).tolist(), strict=True)
        if last > first and at[last] - at[first] > needed
    ]
    first, last = runs[int(random.integers(len(runs)))]
    begin = int(random.integers(at[first], at[last] - needed + 1))
    lead = one_lead(record, 0)[begin : begin + needed]
    r_samples = at[(at >= begin) & (at < begin + needed)] - begin
    last_r = r_samples[r_samples < LEAD_IN_S * record.fs_hz][-1]
    return Sinus(record_name, lead, r_samples, int(last_r + AFTER_R_S * record.fs_hz))


def quiet(before: Sinus) -> list[tuple[int, Samples]]:
    """Return the stretches from behind a T wave to the next P wave, and where they begin."""
    after, ahead = round(AFTER_R_S * FS_HZ), round(BEFORE_P_S * FS_HZ)
    pairs = itertools.pairwise(before.r_samples.tolist())
    found = [(r + after, before.samples_mv[r + after : following - ahead]) for r, following in pairs]
    return [(begin, stretch) for begin, stretch in found if stretch.size > 1]


def flat(before: Sinus) -> Samples:
    """Return a standstill: noise and baseline of the same lead, as its quiet stretches have them."""
    stretches = quiet(before)
    begins, levels = zip(*((begin, float(np.median(stretch))) for begin, stretch in stretches), strict=True)
    baseline = np.interp(np.arange(before.onset, before.onset + round(TAIL_S * FS_HZ)), begins, levels)
    noise = [stretch - np.linspace(stretch[0], stretch[-1], stretch.size) for _, stretch in stretches]
    standstill: Samples = baseline + np.resize(np.concatenate(noise), baseline.size)
    return standstill


def joined(lead_in_mv: Samples, behind_mv: Samples) -> Samples:
    """Return two signals end to end: level with each other, and faded into each other."""
    size = round(FADE_S * FS_HZ)
    level = float(np.median(lead_in_mv[-size:]) - np.median(behind_mv[: 10 * size]))
    fade = np.linspace(0.0, 1.0, size)
    mixed = (1 - fade) * lead_in_mv[-size:] + fade * (behind_mv[:size] + level)
    return np.concatenate((lead_in_mv[:-size], mixed, behind_mv[size:] + level))


def slowed(before: Sinus) -> Samples:
    """Return the beats behind the onset, the quiet stretches between them drawn out to 30 beats a minute."""
    after, ahead = round(AFTER_R_S * FS_HZ), round(BEFORE_P_S * FS_HZ)
    wanted = round(60.0 / SLOW_BPM * FS_HZ) - after - ahead
    first = int(np.searchsorted(before.r_samples, before.onset))
    made: list[Samples] = []
    end = before.onset
    for r in before.r_samples[first:].tolist():
        start = max(end, r - ahead)
        pause = before.samples_mv[end : start + 1]
        made += [np.interp(np.linspace(0, pause.size - 1, wanted), np.arange(pause.size), pause)]
        end = r + after
        made += [before.samples_mv[start:end]]
    return np.concatenate(made)[: round(TAIL_S * FS_HZ)]


def episode(record_name: str, begin_s: float, lead: int, data_dir: str) -> Samples:
    """Return a stretch of a record at 360 Hz; missing samples lie on a line."""
    record = read_record(record_name, data_dir)
    begin, end = round(begin_s * record.fs_hz), round((begin_s + TAIL_S) * record.fs_hz)
    samples_mv = one_lead(record, lead)[begin:end]
    there = np.flatnonzero(np.isfinite(samples_mv))
    whole = np.interp(np.arange(samples_mv.size), there, samples_mv[there])
    return at_rate(whole, record.fs_hz, FS_HZ)


Make = Callable[[int, Sinus, str, float], tuple[str, Samples]]
"""Takes the trial's number, the rhythm before, the data folder and how many seconds of an episode are left
out at its beginning; returns a name and what was made."""


def _asystole(_: int, before: Sinus, *__: object) -> tuple[str, Samples]:
    return before.record, flat(before)


def _bradycardia(_: int, before: Sinus, *__: object) -> tuple[str, Samples]:
    return before.record, slowed(before)


VT_EPISODES = tuple((f"vfdb/{name}", begin_s, lead) for lead in (0, 1) for name, begin_s in VT_AT_S)
VF_EPISODES = tuple(
    (name, begin_s, lead) for lead in (0, 1) for name, begin_s in VF_AT_S if not (lead and "cudb" in name)
)


def _taken_from(episodes: tuple[tuple[str, int, int], ...]) -> Make:
    def make(number: int, before: Sinus, data_dir: str, skip_s: float) -> tuple[str, Samples]:
        name, begin_s, lead = episodes[number]
        found = episode(name, begin_s + skip_s, lead, data_dir)
        return f"{name} lead {lead} at {begin_s} s behind {before.record}", found

    return make


KINDS: dict[str, tuple[Make, int]] = {
    "asystole": (_asystole, 40),
    "ventricular_tachycardia": (_taken_from(VT_EPISODES), len(VT_EPISODES)),
    "ventricular_fibrillation": (_taken_from(VF_EPISODES), len(VF_EPISODES)),
    "extreme_bradycardia": (_bradycardia, 40),
}
"""The alarm that is to be told: what makes its trials, and how many there are."""


def build(kind: str, number: int, data_dir: str, skip_s: float = 0.0) -> Trial:
    """Return a trial, the same for the same kind and number; ``skip_s`` begins its episode later."""
    random = np.random.default_rng((SEED, zlib.crc32(kind.encode()), number))
    before = sinus(SINUS[number % len(SINUS)], data_dir, random)
    make, _ = KINDS[kind]
    name, behind_mv = make(number, before, data_dir, skip_s)
    samples_mv = joined(before.lead_in_mv, behind_mv)
    return Trial(name, samples_mv, before.onset / FS_HZ)
