"""Plays made beats and seconds to the analyser, in the order in which a monitor would know them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from ecgmon.monitor.rhythm.analyser import RhythmAnalyser
from ecgmon.monitor.rhythm.findings import EpisodeFinding, RhythmFinding, RhythmOrEpisode, SeenBeat
from ecgmon.monitor.rhythm.vf import VfSecond

FS = 360
KNOWN_S = 0.5
"""A beat's class is known so long after its R wave."""

Step = tuple[int, str, tuple[object, ...]]


def p_wave(present: bool, random: np.random.Generator) -> np.ndarray:
    """Return what lies before an R wave: noise, and a P wave 160 ms ahead of it or none."""
    t = np.arange(-150, 1) / FS
    wave = 0.15 * np.exp(-0.5 * ((t + 0.16) / 0.02) ** 2) if present else 0.0
    return np.asarray(wave + random.normal(0.0, 0.01, t.size))


@dataclass
class RhythmScript:
    """Beats that follow one another, and seconds of good signal beneath them."""

    time_s: float = 1.0
    seed: int = 1
    steps: list[Step] = field(default_factory=list)
    linked: bool = False

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)

    def beat(
        self,
        rr_s: float,
        aami: str = "N",
        *,
        p: bool = True,
        revised: str | None = None,
        ventricular: float = 0.0,
    ) -> RhythmScript:
        """Add a beat ``rr_s`` after the last; ``revised`` is what the one before turns out to be."""
        self.time_s += rr_s
        at = self.time_s * FS
        before_mv = p_wave(p, self._random)
        seen = SeenBeat(at, aami, 0.9, rr_s if self.linked else None, 1.0, before_mv, ventricular)
        self.linked = True
        self._add(at + KNOWN_S * FS, "beat", seen, revised)
        return self

    def beats(self, count: int, rr_s: float, aami: str = "N", *, p: bool = True) -> RhythmScript:
        for _ in range(count):
            self.beat(rr_s, aami, p=p)
        return self

    def pattern(self, letters: str, rr_s: float = 0.8) -> RhythmScript:
        """Add beats by their classes; an ectopic one comes early and is followed by a pause."""
        last = "N"
        for letter in letters:
            self.beat(rr_s * (0.65 if letter in "VS" else 1.35 if last in "VS" else 1.0), letter)
            last = letter
        return self

    def fibrillation(self, count: int, *, p: bool = False) -> RhythmScript:
        """Add irregular beats, without P waves unless they are asked for."""
        for _ in range(count):
            self.beat(float(np.clip(self._random.lognormal(-0.3, 0.25), 0.35, 1.5)), p=p)
        return self

    def seconds(self, start: int, end: int, index: float = 1.0, *reasons: str) -> RhythmScript:
        for second in range(start, end):
            known = (second + 1) * FS - 1
            self.steps.append((known, "second", (second * FS, index, reasons, known)))
        return self

    def flutter(self, start: int, end: int, onset: int) -> RhythmScript:
        """Add verdicts on the waveform: it holds from ``onset`` to ``end``."""
        for second in range(start, end):
            holds = second >= onset
            verdict = VfSecond(
                second * FS, (second + 2) * FS - 1, 0.97, True, holds, start * FS if holds else None
            )
            self.steps.append((verdict.known_at, "vf", (verdict,)))
        quiet = VfSecond(end * FS, (end + 2) * FS - 1, 0.01, False, False, None)
        self.steps.append((quiet.known_at, "vf", (quiet,)))
        return self

    def gap(self, start_s: float, end_s: float) -> RhythmScript:
        self.steps.append((int(end_s * FS), "gap", (int(start_s * FS), int(end_s * FS))))
        self.time_s, self.linked = end_s, False
        return self

    def ordered(self) -> list[Step]:
        return sorted(self.steps, key=lambda step: step[0])

    def _add(self, known: float, what: str, *arguments: object) -> None:
        at = int(known)
        self.steps.append((at, what, (arguments[0], at, arguments[1])))


def play(
    steps: Iterable[Step], analyser: RhythmAnalyser | None = None, until_s: float = 0.0
) -> list[RhythmOrEpisode]:
    """Return what an analyser finds, up to a time with nothing more to see."""
    analyser = analyser or RhythmAnalyser()
    findings: list[RhythmOrEpisode] = []
    for known, what, arguments in steps:
        if what != "gap":
            findings += analyser.advance(known)
        findings += getattr(analyser, what)(*arguments)
    return findings + analyser.advance(int(until_s * FS))


def rhythms(findings: Iterable[RhythmOrEpisode]) -> list[tuple[str, float]]:
    """Return each rhythm and the second at which it began."""
    return [(f.rhythm, round(f.start / FS, 1)) for f in findings if isinstance(f, RhythmFinding)]


def names(findings: Iterable[RhythmOrEpisode]) -> list[str]:
    return [rhythm for rhythm, _ in rhythms(findings)]


def short(findings: Iterable[RhythmOrEpisode]) -> list[tuple[str, int]]:
    """Return the kind and the number of beats of each episode."""
    return [(f.kind, f.beats) for f in findings if isinstance(f, EpisodeFinding)]
