"""Scores the live operator against the annotators: seconds, episodes, delays and false episodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgmon.models.vf.data import NOISE, UNKNOWN, WANTED, rhythms, wanted_spans
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.monitor.dsp.resample import Resampler
from ecgmon.monitor.dsp.sanitise import Sanitiser
from ecgmon.monitor.rhythm.vf import VfDetector, VfSecond
from ecgmon.sim.record import read_record

EPISODE_S = 4.0
"""An episode shorter than this is no alarm (PhysioNet/CinC Challenge 2015)."""

CLEAR_S = 2.0
"""Seconds whose middle is at least so far from where flutter begins or ends are clear."""

LATE_S = 2.0
"""An episode counts as announced if that comes no later than so long behind its end."""

NEAR_S = 10.0
"""What holds within this of an annotated episode is not false."""

TACHYCARDIA = "VT"


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What the operator said of one record.

    Parameters
    ----------
    record : str
        Such as ``vfdb/418``.
    found : bool array of shape (n_seconds,)
        Which seconds it called flutter or fibrillation.
    rhythm : array of str, shape (n_seconds,)
        What the annotators call them.
    wanted_s : array of shape (n, 2)
        Annotated flutter and fibrillation, begin and end in seconds.
    announced_s : array of shape (n_announced, 3)
        When each episode of the operator was known, when it began and when it ended.
    """

    record: str
    found: NDArray[np.bool_]
    rhythm: NDArray[np.str_]
    wanted_s: Samples
    announced_s: Samples


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of some records.

    Parameters
    ----------
    name : str
        What was scored.
    wanted, found : int
        Seconds of flutter or fibrillation, and those of them found.
    clear, clear_found : int
        The same, clear of the annotated bounds.
    other, false : int
        Seconds of other rhythms but VT and noise, and those of them called flutter.
    other_clear, false_clear : int
        The same, clear of the annotated bounds.
    tachycardia, tachycardia_found : int
        Seconds of VT, and those of them called flutter.
    episodes, caught : int
        Episodes of 4 s or more, and those that were announced before they were over.
    delays_s : tuple of float
        Time from the onset to the announcement of each one caught that was not announced before.
    announced, stray, stray_vt : int
        Announcements; those without annotated flutter or fibrillation within 10 s; those of
        them that overlap annotated VT.
    hours : float
        Length.
    """

    name: str
    wanted: int
    found: int
    clear: int
    clear_found: int
    other: int
    false: int
    other_clear: int
    false_clear: int
    tachycardia: int
    tachycardia_found: int
    episodes: int
    caught: int
    delays_s: tuple[float, ...]
    announced: int
    stray: int
    stray_vt: int
    hours: float


def run_record(folder: Path, name: str, detector: VfDetector, channel: int = 0) -> Run:
    """Run the operator over one lead of a record such as ``vfdb/418``."""
    record = read_record(folder / name)
    finite, _ = Sanitiser().process(record.samples_mv(0, record.n_samples)[channel])
    detector.reset()
    seconds = detector.process(Resampler(record.fs_hz).process(finite))
    rhythm = rhythms(record)
    count = min(len(seconds), rhythm.size)
    found = np.array([second.is_vf for second in seconds[:count]])
    return Run(name, found, rhythm[:count], wanted_spans(record), _announced(seconds))


def _announced(seconds: Sequence[VfSecond]) -> Samples:
    """Return when each episode was known, began and ended, in seconds, shape (n, 3)."""
    rows: list[list[float]] = []
    held = False
    for second in seconds:
        end_s = (second.start + PIPELINE_HZ) / PIPELINE_HZ
        if second.holds and second.onset is not None:
            if not held:
                rows.append([second.known_at / PIPELINE_HZ, second.onset / PIPELINE_HZ, end_s])
            if second.is_vf:
                rows[-1][2] = end_s
        held = second.holds
    return np.array(rows).reshape(-1, 3)


def score(name: str, runs: Iterable[Run]) -> Score:
    """Return the counts of some runs as one."""
    counts: Counter[str] = Counter()
    delays_s: list[float] = []
    for run in runs:
        counts += _seconds(run)
        episodes, caught, delays = _episodes(run)
        counts += Counter(episodes=episodes, caught=caught)
        delays_s += delays
        counts += _strays(run)
    return Score(
        name=name,
        delays_s=tuple(delays_s),
        hours=counts.pop("seconds", 0) / 3600.0,
        **{field.name: counts[field.name] for field in fields(Score) if field.type == "int"},
    )


def _seconds(run: Run) -> Counter[str]:
    middles_s = np.arange(run.rhythm.size) + 0.5
    bounds_s = run.wanted_s.ravel()
    clear = np.all(np.abs(middles_s[:, None] - bounds_s[None, :]) >= CLEAR_S, axis=1)
    wanted = np.isin(run.rhythm, WANTED)
    fast = run.rhythm == TACHYCARDIA
    other = ~wanted & ~fast & ~np.isin(run.rhythm, (NOISE, UNKNOWN))
    sets = {
        "seconds": (np.ones(wanted.size, dtype=np.bool_), ""),
        "wanted": (wanted, "found"),
        "clear": (wanted & clear, "clear_found"),
        "other": (other, "false"),
        "other_clear": (other & clear, "false_clear"),
        "tachycardia": (fast, "tachycardia_found"),
    }
    counts: Counter[str] = Counter()
    for key, (among, hit) in sets.items():
        counts[key] = int(among.sum())
        if hit:
            counts[hit] = int((among & run.found).sum())
    return counts


def _episodes(run: Run) -> tuple[int, int, list[float]]:
    """Return the episodes of 4 s or more, how many were announced in time, and the delays."""
    long = run.wanted_s[np.diff(run.wanted_s, axis=1)[:, 0] >= EPISODE_S]
    caught, delays_s = 0, []
    for begin_s, end_s in long:
        known_s, _, over_s = run.announced_s.T
        touching = (known_s <= end_s + LATE_S) & (over_s > begin_s)
        if touching.any():
            caught += 1
            delay_s = float(known_s[touching][0] - begin_s)
            delays_s += [delay_s] if delay_s >= 0.0 else []
    return len(long), caught, delays_s


def _strays(run: Run) -> Counter[str]:
    """Count announcements, and those far from annotated flutter or fibrillation."""
    counts: Counter[str] = Counter(announced=len(run.announced_s))
    fast_s = np.flatnonzero(run.rhythm == TACHYCARDIA)
    for _, begin_s, end_s in run.announced_s:
        near = (run.wanted_s[:, 0] - NEAR_S <= end_s) & (run.wanted_s[:, 1] + NEAR_S >= begin_s)
        if not near.any():
            counts["stray"] += 1
            counts["stray_vt"] += bool(((fast_s >= begin_s - 1) & (fast_s < end_s)).any())
    return counts


def _percent(part: int, whole: int) -> str:
    return f"{100.0 * part / whole:.2f}" if whole else "-"


def line(score: Score) -> str:
    """Return a score as one line of text."""
    delays_s = np.array(score.delays_s)
    delay = f"{delays_s.mean():.1f} s mean, {delays_s.max():.1f} s worst" if delays_s.size else "-"
    return (
        f"{score.name}: Se {_percent(score.found, score.wanted)} % of {score.wanted} s "
        f"(clear of bounds {_percent(score.clear_found, score.clear)} %), "
        f"Sp {_percent(score.other - score.false, score.other)} % of {score.other} s "
        f"(clear {_percent(score.other_clear - score.false_clear, score.other_clear)} %), "
        f"VT called so {_percent(score.tachycardia_found, score.tachycardia)} % of {score.tachycardia} s, "
        f"episodes {score.caught}/{score.episodes}, delay {delay}, "
        f"stray {score.stray} ({score.stray_vt} in VT) in {score.hours:.1f} h"
    )
