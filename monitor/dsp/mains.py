"""Finds out whether the mains of a place have 50 or 60 Hz, from the hum that they leave in a signal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.dsp.operator import Samples

MAINS_HZ = (50, 60)
BESIDE_HZ = (45, 55, 65)
"""Where a QRS has about as much as at the mains, and hum has nothing."""

LEAST_HUM_MV = 0.03
"""Amplitude of a hum that matters."""

TIMES_BESIDE = 3.0
"""So many times what is beside it a hum is at least."""

AGREEING_S = 3
"""Seconds in a row that must agree."""

SECOND = int(PIPELINE_HZ)
_TURNS = np.outer(np.arange(SECOND), (*MAINS_HZ, *BESIDE_HZ)) / PIPELINE_HZ
_WINDOW = np.hanning(SECOND + 1)[:-1]
_PROBES = 2.0 / _WINDOW.sum() * _WINDOW[:, None] * np.exp(-2j * np.pi * _TURNS)


@dataclass(slots=True)
class MainsState:
    """The mains as they are known, in Hz, or 0; what the last seconds said, and how many of them."""

    known_hz: int = 0
    heard_hz: int = 0
    seconds: int = 0


class MainsFinder(Stateful[MainsState]):
    """Tells the mains from three seconds of hum in a row; what is known holds until other mains are heard."""

    def fresh(self, start: int) -> MainsState:  # noqa: ARG002 - seconds come in order
        """Return the state before the first second."""
        return MainsState()

    def second(self, samples: Samples) -> int:
        """Return the frequency of the mains in Hz, or 0 while it is not known.

        Parameters
        ----------
        samples : array of shape (360,)
            The next second in millivolts at 360 Hz.
        """
        state, heard_hz = self.state, _heard(samples)
        state.seconds = state.seconds + 1 if heard_hz == state.heard_hz else 1
        state.heard_hz = heard_hz
        if heard_hz and state.seconds >= AGREEING_S:
            state.known_hz = heard_hz
        return state.known_hz


def _heard(samples: Samples) -> int:
    """Return the mains that a second hums with, in Hz; 0 if it does not."""
    heights = np.abs((samples - samples.mean()) @ _PROBES)
    hums, beside = heights[: len(MAINS_HZ)], float(heights[len(MAINS_HZ) :].mean())
    loudest = int(hums.argmax())
    return MAINS_HZ[loudest] if hums[loudest] >= max(LEAST_HUM_MV, TIMES_BESIDE * beside) else 0
