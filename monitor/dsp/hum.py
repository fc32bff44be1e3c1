"""Takes the hum of the mains out of the signal, before anything looks at it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.state import AnyLength
from ecgmon.monitor.dsp.filters import QRS_BAND_HZ, FilterSettings
from ecgmon.monitor.dsp.iir import Recursion, group_delay, notch
from ecgmon.monitor.dsp.mains import MAINS_HZ, SECOND, MainsFinder
from ecgmon.monitor.dsp.operator import Operator, Samples

HARMONICS = (1, 2, 3)
"""Multiples of the mains that are cut."""

CUT_HZ = (35.0, 170.0)
"""Where hum is cut: above the QRS, and as far as 360 Hz carries a notch."""


def hum_places(mains_hz: float, source_hz: float) -> list[float]:
    """Return where the hum of some mains lies in a signal at 360 Hz, in Hz.

    Parameters
    ----------
    mains_hz : float
        Frequency of the mains.
    source_hz : float
        Rate at which the source samples: what is above half of it was folded down, and just below
        half of it the resampler leaves an image of what is there.
    """
    low, high = CUT_HZ
    folded = [abs((n * mains_hz + 0.5 * source_hz) % source_hz - 0.5 * source_hz) for n in HARMONICS]
    places = {round(place, 3) for at in folded for place in (at, source_hz - at)}
    return sorted(place for place in places if low <= place <= high)


@dataclass(slots=True)
class HumState:
    """Which mains are cut and what is carried.

    Parameters
    ----------
    hz : int
        Frequency of the mains that are cut; 0 while none are.
    filters : list of array
        What each notch carries; none before the first sample.
    position : int
        Pipeline index of the next sample.
    second : array
        The samples of the second that is not whole yet, if the mains are to be found.
    """

    hz: int
    filters: list[AnyLength]
    position: int
    second: AnyLength


class HumFilter(Operator[FilterSettings, HumState, [Samples], Samples]):
    """Notches at the mains and their harmonics; with mains that are not set the signal passes as it is.

    With ``mains_hz = "auto"`` the mains are cut from the end of the third second in a row with their hum.
    A notch is primed with the sample it begins with, so an offset makes no step.

    Parameters
    ----------
    settings : FilterSettings, optional
        Their ``mains_hz`` and ``notch_q``.
    source_hz : float
        Rate at which the source samples.
    """

    def __init__(self, settings: FilterSettings | None = None, source_hz: float = PIPELINE_HZ) -> None:
        settings = settings or FilterSettings()
        self._is_auto = settings.mains_hz == "auto"
        self._set_hz = 0 if settings.mains_hz in (None, "auto") else int(settings.mains_hz)
        cut = MAINS_HZ if self._is_auto else (self._set_hz,) if self._set_hz else ()
        designs = {
            hz: [notch(place, settings.notch_q, PIPELINE_HZ) for place in hum_places(hz, source_hz)]
            for hz in cut
        }
        self._notches = {hz: [Recursion(b, a) for b, a in design] for hz, design in designs.items()}
        band_hz = np.linspace(*QRS_BAND_HZ, 81)
        delays = [float(np.mean(group_delay(each, band_hz, PIPELINE_HZ))) for each in designs.values()]
        self._delay = max(delays, default=0.0)
        self._finder = MainsFinder()
        super().__init__(settings, finder=self._finder)

    @property
    def delay_samples(self) -> float:
        """Mean group delay over the band of the QRS while mains are cut; a small part of a sample."""
        return self._delay

    def fresh(self, start: int) -> HumState:
        """Return the state before the sample of pipeline index ``start``."""
        return HumState(self._set_hz, [], start, np.empty(0))

    def process(self, chunk: Samples) -> Samples:
        """Take the next samples, shape (n,), in millivolts at 360 Hz; return them without hum."""
        if not self._notches or not chunk.size:
            return chunk
        return np.concatenate(list(self._found(chunk))) if self._is_auto else self._cut(chunk)

    def _found(self, chunk: Samples) -> list[Samples]:
        """Cut what is known second by second, and look at each second for the next."""
        state, parts = self.state, []
        while chunk.size:
            part, chunk = np.split(chunk, [SECOND - state.position % SECOND])
            parts.append(self._cut(part))
            state.position += part.size
            state.second = np.concatenate((state.second, part))
            if state.position % SECOND == 0:
                self._end_second()
        return parts

    def _end_second(self) -> None:
        state = self.state
        if state.second.size == SECOND:
            hz = self._finder.second(state.second)
            if hz != state.hz:
                state.hz, state.filters = hz, []
        state.second = np.empty(0)

    def _cut(self, chunk: Samples) -> Samples:
        state = self.state
        recursions = self._notches.get(state.hz, [])
        if not state.filters:
            state.filters = [recursion.settled(float(chunk[0])) for recursion in recursions]
        for i, recursion in enumerate(recursions):
            chunk, state.filters[i] = recursion.process(chunk, state.filters[i])
        return chunk
