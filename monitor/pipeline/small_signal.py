"""Tells a signal that is too small for beats from a heart that stands still."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ecgmon.monitor.core.events import PIPELINE_HZ, SmallWaves
from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.dsp.arrays import middle_of
from ecgmon.monitor.dsp.quality import SecondQuality
from ecgmon.monitor.dsp.rpeak import RPeak
from ecgmon.monitor.dsp.rpeak_measure import MEMORY_BEATS
from ecgmon.monitor.pipeline.time_base import TimeBase

SMALL = "small"
"""The reason of poor quality."""

SURE = 0.6
"""Least middle of the probabilities of small waves; in noise it is about 0.3, in an ECG 0.95 and more."""

LEAST_WAVES = 2
WITHIN_SAMPLES = 4 * PIPELINE_HZ
"""So many small waves in four seconds are a rhythm."""

APART_SAMPLES = 0.25 * PIPELINE_HZ
"""Two waves closer than this are one, seen by both looks of the detector."""


@dataclass(frozen=True, slots=True)
class SmallSignalFound:
    """Waves below the floor begin.

    Parameters
    ----------
    start, known_at : int
        Pipeline indices of the second that showed it: its first and last sample.
    height_mv, floor_mv : float
        Height of the waves, and the least one of a beat.
    """

    start: int
    known_at: int
    height_mv: float
    floor_mv: float

    def event(self, time: TimeBase, device: str) -> SmallWaves:
        """Return the event that tells of it."""
        return SmallWaves(
            sample=time.source(self.start),
            time_s=self.start / PIPELINE_HZ,
            known_at=time.input_needed(self.known_at),
            device=device,
            height_mv=round(self.height_mv, 4),
            floor_mv=self.floor_mv,
        )


@dataclass(slots=True)
class Wave:
    """A beat, or a wave too small for one: where it is, when it was known, how sure and how high it is."""

    sample: float
    known_at: int
    score: float
    height_mv: float
    is_beat: bool


@dataclass(slots=True)
class SmallSignalState:
    """What is remembered of waves, over gaps too.

    Parameters
    ----------
    coming : list of Wave
        Waves that became known behind the last second.
    small : deque of Wave
        The small ones of late.
    beats_mv : deque of float
        Heights of the last beats.
    is_small : bool
        The last second was small.
    """

    coming: list[Wave] = field(default_factory=list)
    small: deque[Wave] = field(default_factory=deque)
    beats_mv: deque[float] = field(default_factory=lambda: deque(maxlen=MEMORY_BEATS))
    is_small: bool = False


class SmallSignalWatch(Stateful[SmallSignalState]):
    """Marks the seconds in which there are waves like QRS complexes below the floor.

    A patient whose beats were higher than the floor and who has only small waves left is
    not meant: P waves go on when the ventricles stand still.

    Parameters
    ----------
    floor_mv : float
        Least height of a beat, as `RPeakSettings` has it.
    """

    def __init__(self, floor_mv: float) -> None:
        self._floor_mv = floor_mv
        super().__init__()

    def fresh(self, start: int) -> SmallSignalState:  # noqa: ARG002 - waves say where they are
        """Return the state before the first wave."""
        return SmallSignalState()

    def process(
        self, seconds: Sequence[SecondQuality], beats: Sequence[RPeak], small: Sequence[RPeak]
    ) -> tuple[list[SecondQuality], list[SmallSignalFound]]:
        """Take what became known together.

        Parameters
        ----------
        seconds : sequence of SecondQuality
            Seconds assessed.
        beats, small : sequence of RPeak
            R waves, and waves left out as too small.

        Returns
        -------
        seconds : list of SecondQuality
            The same, with one more reason where the signal is small.
        found : list of SmallSignalFound
            Where that begins.
        """
        state = self.state
        if beats or small:
            state.coming += [_wave(peak, is_beat=True) for peak in beats]
            state.coming += [_wave(peak, is_beat=False) for peak in small]
            state.coming.sort(key=lambda wave: wave.known_at)
        if not seconds:
            return [], []
        marked, found = [], []
        for second in seconds:
            was_small = state.is_small
            state.is_small = self._is_small(second)
            marked.append(replace(second, reasons=(*second.reasons, SMALL)) if state.is_small else second)
            if state.is_small and not was_small:
                height_mv = middle_of(wave.height_mv for wave in state.small)
                found.append(SmallSignalFound(second.start, second.known_at, height_mv, self._floor_mv))
        return marked, found

    def _is_small(self, second: SecondQuality) -> bool:
        state = self.state
        while state.coming and state.coming[0].known_at <= second.known_at:
            self._take(state.coming.pop(0))
        while state.small and state.small[0].sample <= second.known_at - WITHIN_SAMPLES:
            state.small.popleft()
        if len(state.small) < LEAST_WAVES or (state.beats_mv and middle_of(state.beats_mv) >= self._floor_mv):
            return False
        return middle_of(wave.score for wave in state.small) >= SURE

    def _take(self, wave: Wave) -> None:
        state = self.state
        if wave.is_beat:
            state.beats_mv.append(wave.height_mv)
        elif not state.small or wave.sample - state.small[-1].sample >= APART_SAMPLES:
            state.small.append(wave)
        else:
            state.small[-1].score = max(state.small[-1].score, wave.score)


def _wave(peak: RPeak, *, is_beat: bool) -> Wave:
    return Wave(peak.sample, peak.known_at, peak.score, peak.height_mv, is_beat)
