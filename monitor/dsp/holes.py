"""Fills the holes in a stream, short ones and long ones, and says how long each was."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.operator import Operator, Samples
from ecgmon.monitor.dsp.sanitise import Mask

WAIT_S = 1.0
"""Missing samples that keep coming are held back so long for a good one behind them, and then told."""

RECENT_S = 5.0
"""Events tell of nothing older; how late older samples were known need not be kept."""


class HoleSettings(Settings):
    """Settings of the `HoleFiller`.

    Parameters
    ----------
    bridge_s : float
        A hole up to this long is bridged: nothing begins anew, and intervals span it.
    restart_s : float
        Behind lost samples for longer than this the chain begins anew; up to this they are filled.
    """

    bridge_s: float = Field(default=0.12, ge=0.0, le=0.5)
    restart_s: float = Field(default=10.0, ge=1.0, le=60.0)


@dataclass(frozen=True, slots=True)
class Hole:
    """A stretch of samples that never came, or were none.

    Parameters
    ----------
    start, length : int
        Source index of its first sample, and how many they are.
    known_at : int
        Source index of the sample with which it was known: the first one behind it.
    late_from : int
        Source index of the first of its samples that was given out no sooner than that one.
    bridged : bool
        It is so short that nothing is broken off.
    """

    start: int
    length: int
    known_at: int
    late_from: int
    bridged: bool

    @property
    def end(self) -> int:
        """Source index just behind it."""
        return self.start + self.length


class Filled(NamedTuple):
    """Samples without holes, shape (m,) in millivolts; where they are filled in; the holes known by them."""

    samples: Samples
    missing: Mask
    holes: list[Hole]


@dataclass(slots=True)
class HoleState:
    """Where the stream is, and the hole that is open.

    Parameters
    ----------
    position : int
        Source index of the next sample to come.
    begun : bool
        A good sample has come.
    last_mv : float
        The last good value; 0 before the first.
    waiting : int
        Missing samples that are not given out yet.
    held : int
        Those behind them that were given out, and belong to a hole that is not over.
    told : bool
        The open hole has lasted so long that what is missing is given out as it comes.
    late : list of (int, int)
        Source index of the first sample of each stretch that was given out late, and of the sample
        with which it was.
    """

    position: int
    begun: bool = False
    last_mv: float = 0.0
    waiting: int = 0
    held: int = 0
    told: bool = False
    late: list[tuple[int, int]] = field(default_factory=list)


class HoleFiller(Operator[HoleSettings, HoleState, [Samples, Mask], Filled]):
    """Draws a line through each hole, from the last good sample to the first one behind it.

    It does not matter whether samples were lost on the way (`lose`) or came as what is no sample. Those that
    come are held back until a good one follows, for a second at most. Then the last good value is given out
    in their place, at once, and the rest of the hole is told when it is over.

    Parameters
    ----------
    settings : HoleSettings, optional
        Which holes are bridged.
    fs_hz : float
        Rate of the source in Hz.
    """

    def __init__(self, settings: HoleSettings | None = None, fs_hz: float = PIPELINE_HZ) -> None:
        settings = settings or HoleSettings()
        self._bridge = math.ceil(settings.bridge_s * fs_hz - 1e-9)
        self._wait = math.ceil(WAIT_S * fs_hz)
        self._longest = settings.restart_s * fs_hz
        self._recent = math.ceil(RECENT_S * fs_hz)
        super().__init__(settings)

    @property
    def delay_samples(self) -> float:
        """No delay but in a hole."""
        return 0.0

    @property
    def open_since(self) -> int:
        """Source index of the first sample that nothing was told of; that of the next one if all is told."""
        return self.state.position - self.state.waiting - self.state.held

    @property
    def settled(self) -> int:
        """Source index just behind the last sample given out."""
        return self.state.position - self.state.waiting

    @property
    def held_from(self) -> int | None:
        """Source index from which the last good value is given out in place of samples; None if it is not."""
        return self.open_since if self.state.held else None

    @property
    def is_closed(self) -> bool:
        """Whether no hole is open or still remembered, so that good samples pass as they are."""
        state = self.state
        return not (state.waiting or state.told or state.late)

    def spans(self, count: int) -> bool:
        """Tell whether so many lost samples can be filled."""
        return count <= self._longest

    def lose(self, count: int) -> None:
        """Take the loss of the next ``count`` samples; they are given out with the next one that comes."""
        self.state.waiting += count
        self.state.position += count

    def known_with(self, index: int) -> int:
        """Return the source index of the sample with which the one at ``index`` was given out."""
        late = self.state.late
        if not late:
            return index
        before = bisect_right(late, index, key=itemgetter(0))
        return max(index, late[before - 1][1]) if before else index

    def process(self, chunk: Samples, missing: Mask) -> Filled:
        """Take the next samples.

        Parameters
        ----------
        chunk : array of shape (n,)
            Finite samples in millivolts.
        missing : bool array of shape (n,)
            Where they are none; their values do not matter.

        Returns
        -------
        Filled
            As long as the chunk but for what is held back, and what was.
        """
        state = self.state
        if not chunk.size:
            return Filled(chunk, missing, [])
        if state.late:
            self._forget_old()
        if not (state.waiting or state.told or np.logical_or.reduce(missing)):
            self.take_good(chunk)
            return Filled(chunk, missing, [])
        holes: list[Hole] = []
        samples: list[Samples] = []
        marks: list[Mask] = []
        edges = [0, *(np.flatnonzero(missing[1:] != missing[:-1]) + 1).tolist(), chunk.size]
        for begin, end in pairwise(edges):
            if missing[begin]:
                filled = self._miss(end - begin, holes)
            else:
                filled = self._close(float(chunk[begin]), holes)
            samples.append(filled)
            marks.append(np.ones(filled.size, dtype=np.bool_))
            if not missing[begin]:
                samples.append(chunk[begin:end])
                marks.append(missing[begin:end])
                self.take_good(chunk[begin:end])
        return Filled(np.concatenate(samples), np.concatenate(marks), holes)

    def take_good(self, good: Samples) -> None:
        """Take the next samples, shape (n,), of which none is missing; they pass as they are.

        Only if `is_closed`; `process` does the same, more slowly.
        """
        if not good.size:
            return
        state = self.state
        state.position += good.size
        state.begun, state.last_mv = True, float(good[-1])

    def _close(self, value_mv: float, holes: list[Hole]) -> Samples:
        """Return what the open hole is filled with, now that the first sample behind it is known."""
        state = self.state
        length, count = state.waiting + state.held, state.waiting
        if length:
            bridged = not state.told and length <= self._bridge
            holes.append(Hole(self.open_since, length, state.position, self.settled, bridged))
        self._give_out(state.position)
        state.held, state.told = 0, False
        first = state.last_mv if state.begun else value_mv
        return first + (value_mv - first) * (np.arange(1, count + 1) / (count + 1))

    def _miss(self, count: int, holes: list[Hole]) -> Samples:
        """Take missing samples; return what is given out in their place."""
        state = self.state
        given = 0
        if not state.told:
            few = min(count, max(1, self._wait - state.waiting))
            count -= few
            self.lose(few)
            if state.waiting < self._wait:
                return np.empty(0)
            given = state.waiting
            holes.append(Hole(self.settled, given, state.position - 1, self.settled, bridged=False))
            self._give_out(state.position - 1)
            state.told = True
        if count:
            given += state.waiting + count
            state.held += state.waiting + count
            self._give_out(state.position)
            state.position += count
        return np.full(given, state.last_mv)

    def _give_out(self, known_at: int) -> None:
        """Let nothing wait any more; remember how late what waited is."""
        state = self.state
        if state.waiting:
            state.late.append((self.settled, known_at))
            state.waiting = 0

    def _forget_old(self) -> None:
        late, oldest = self.state.late, self.state.position - self._recent
        if late[0][1] < oldest:
            self.state.late = [stretch for stretch in late if stretch[1] >= oldest]

    def fresh(self, start: int) -> HoleState:
        """Return the state before the sample of absolute index ``start``."""
        return HoleState(start)
