"""Whether a signal looks like an ECG: a short piece of it through the real pipeline."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ecgmon.firmware_bridge.packet import Packet
from ecgmon.monitor.core.errors import SignalError
from ecgmon.monitor.core.events import Beat, Quality, SampleBlock
from ecgmon.monitor.pipeline.pipeline import Pipeline

_SETTLED_S = 2.0
"""Quality and beats before this time are those of filters that settle."""
_LEAST_S = 5.0
_MOST_S = 30.0
_LEAST_BEATS = 3
_LEAST_QUALITY = 0.5
_BPM = (25.0, 250.0)
_HEIGHT_MV = (0.1, 20.0)
_AROUND_R_S = 0.08
_PIECE_S = 1.2
_NARROW, _BROAD = 0.12, 0.25
"""Share of time at more than half of the height: most ECG are below the first, and none of 48 patients
above the second; sines are."""

USUAL_RATES_HZ = (250.0, 500.0, 125.0, 200.0, 360.0, 1000.0, 100.0, 128.0, 130.0, 256.0, 512.0, 50.0, 2000.0)
"""Rates that devices have, those first that most of them have."""
_RESTING_BPM = 72.0
_NEAR = 0.01
_PIECE = 256


@dataclass(frozen=True, slots=True)
class SignalLook:
    """What a signal looks like.

    Parameters
    ----------
    seconds : float
        Length that was looked at.
    fs_hz : float
        Sampling rate in Hz that it was taken to have.
    bpm : float or None
        R peaks a minute; None without any.
    height_mv : float or None
        Height of the QRS complex from its lowest to its highest point, in millivolts.
    quality : float or None
        Median signal quality, 0 (useless) to 1 (clean).
    breadth : float or None
        Share of time in which it is further from its base than half of its height.
    doubt : str
        Why it does not look like an ECG; empty if it does.
    """

    seconds: float
    fs_hz: float
    bpm: float | None = None
    height_mv: float | None = None
    quality: float | None = None
    breadth: float | None = None
    doubt: str = ""

    @property
    def narrow(self) -> bool:
        """Say whether its waves are as narrow as most QRS complexes."""
        return self.breadth is not None and self.breadth <= _NARROW

    @classmethod
    def at(cls, samples_mv: NDArray[np.float64], fs_hz: float) -> Self:
        """Look at the last half minute of a signal.

        Parameters
        ----------
        samples_mv : array of shape (n,)
            Millivolts; not a number where a sample misses.
        fs_hz : float
            Sampling rate in Hz.
        """
        samples_mv = samples_mv[-round(_MOST_S * fs_hz) :]
        seconds = samples_mv.size / fs_hz
        if not np.isfinite(samples_mv).any():
            return cls(seconds, fs_hz, doubt="no sample has a value")
        if seconds < _LEAST_S:
            return cls(seconds, fs_hz, doubt=f"{seconds:.1f} s of it are too few to say")
        try:
            pipeline = Pipeline(fs_hz=fs_hz)
        except SignalError as error:
            return cls(seconds, fs_hz, doubt=str(error))
        events = pipeline.process(SampleBlock(samples_mv[None], 0, fs_hz)) + pipeline.finish()
        beats = [one for one in events if isinstance(one, Beat) and one.time_s >= _SETTLED_S]
        seen = [one for one in events if isinstance(one, Quality) and one.time_s >= _SETTLED_S]
        intervals = [beat.rr_s for beat in beats if beat.rr_s]
        bpm = 60 / float(np.median(intervals)) if intervals else None
        quality = float(np.median([one.index for one in seen])) if seen else None
        height_mv = _height(samples_mv, fs_hz, [beat.sample for beat in beats])
        look = cls(seconds, fs_hz, bpm, height_mv, quality, _breadth(samples_mv, fs_hz))
        return replace(look, doubt=_doubt(look, len(beats), seen))


def first_lead(packets: Iterable[Packet]) -> NDArray[np.float64]:
    """Return the first lead of packets in a row; not a number where the decoder knows that samples miss.

    Parameters
    ----------
    packets : iterable of Packet
        In order.

    Returns
    -------
    array of shape (n,)
        Millivolts.
    """
    parts: list[NDArray[np.float64]] = [np.empty(0)]
    for packet in packets:
        if packet.missed_samples:
            parts.append(np.full(packet.missed_samples, np.nan))
        parts.append(packet.samples_mv[0])
    return np.concatenate(parts)


def typical_height(lead: NDArray[np.float64]) -> float:
    """Return how far a signal moves within a second or so, in its own unit; 0 without a number.

    Parameters
    ----------
    lead : array of shape (n,)
        Any signal; not a number where a sample misses.
    """
    known = lead[np.isfinite(lead)]
    pieces = np.array_split(known, max(1, known.size // _PIECE))
    return float(np.median([np.ptp(piece) for piece in pieces])) if known.size else 0.0


def assumed_rate(samples_mv: NDArray[np.float64]) -> SignalLook:
    """Return how a signal looks at the usual rate at which its heart rate is nearest to one at rest.

    Without a clock nothing else tells a rate.

    Parameters
    ----------
    samples_mv : array of shape (n,)
        Millivolts.
    """
    looks = [SignalLook.at(samples_mv, fs_hz) for fs_hz in USUAL_RATES_HZ]
    return min(looks, key=lambda look: (bool(look.doubt), abs(math.log((look.bpm or 1.0) / _RESTING_BPM))))


def usual_rate(fs_hz: float) -> float | None:
    """Return the usual rate that a measured one must be; None if it is near none."""
    nearest = min(USUAL_RATES_HZ, key=lambda rate: abs(math.log(fs_hz / rate)))
    return nearest if abs(fs_hz - nearest) <= _NEAR * nearest else None


def _height(samples_mv: NDArray[np.float64], fs_hz: float, peaks: list[int]) -> float | None:
    side = max(1, round(_AROUND_R_S * fs_hz))
    parts = [samples_mv[max(0, peak - side) : peak + side + 1] for peak in peaks]
    known = [part[np.isfinite(part)] for part in parts]
    heights = [float(np.ptp(part)) for part in known if part.size]
    return float(np.median(heights)) if heights else None


def _breadth(samples_mv: NDArray[np.float64], fs_hz: float) -> float:
    size = round(_PIECE_S * fs_hz)
    pieces = [samples_mv[at : at + size] for at in range(0, samples_mv.size - size + 1, size)]
    off = [np.abs(piece - np.median(piece)) for piece in pieces if np.isfinite(piece).all()]
    return float(np.median([np.mean(one > one.max() / 2) for one in off])) if off else 0.0


def _doubt(look: SignalLook, n_beats: int, seen: list[Quality]) -> str:
    """Say what speaks against an ECG; empty if nothing does."""
    counts = Counter(reason for one in seen for reason in one.reasons).most_common(1)
    why = f" ({counts[0][0].replace('_', ' ')})" if counts and 2 * counts[0][1] >= len(seen) else ""
    if n_beats < _LEAST_BEATS or look.bpm is None:
        return f"no R peaks are found{why}"
    if look.quality is None or look.quality < _LEAST_QUALITY:
        return f"its quality is poor{why}"
    if not _BPM[0] <= look.bpm <= _BPM[1]:
        return f"{look.bpm:.0f} R peaks a minute are no heart's"
    if look.breadth is not None and look.breadth > _BROAD:
        return "its waves are broader than heartbeats are: is it breathing, or a pulse wave?"
    if look.height_mv is not None and not _HEIGHT_MV[0] <= look.height_mv <= _HEIGHT_MV[1]:
        return f"waves of {look.height_mv:.3g} mV are no ECG's: are unit and scale right?"
    return ""
