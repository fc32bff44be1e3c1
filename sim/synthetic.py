"""ECG made to measure: set rate, height, width and rhythm, with the true R waves, for bench tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ecgmon.monitor.core.config import Settings

Signal = NDArray[np.float64]
Rhythm = Literal["sinus", "af", "bigeminy", "pauses", "vt", "vf", "asystole"]

PAUSE_EVERY = 8
V_COUPLING = 0.6
V_WIDENING = 1.9
REACH_BEATS = 3
FADE_S = 0.15
QRS_UNIT_HEIGHT = 1.178
"""Peak to peak of the sum of Q, R and S before it is scaled."""


class Episode(Settings):
    """A stretch of one rhythm. Bradycardia and tachycardia are sinus rhythm at their rate.

    Parameters
    ----------
    rhythm : str
        ``sinus``; ``af``, atrial fibrillation with irregular intervals, no P waves and
        fibrillatory waves; ``bigeminy``, every second beat ventricular; ``pauses``, every
        eighth beat left out; ``vt``, ventricular tachycardia; ``vf``, ventricular
        fibrillation; ``asystole``, nothing.
    seconds : float
        Length in seconds.
    bpm : float
        Beats a minute (their mean, in ``af``); without meaning in ``vf`` and ``asystole``.
    """

    rhythm: Rhythm = "sinus"
    seconds: float = Field(default=60.0, gt=0)
    bpm: float = Field(default=75.0, ge=10, le=350)


class SyntheticSettings(Settings):
    """Shape of the waves and what is laid over them.

    Parameters
    ----------
    fs_hz : float
        Sampling rate in Hz.
    qrs_mv : float
        Height of a normal QRS, peak to peak; negative to invert the lead.
    qrs_s : float
        Width of a normal QRS in seconds.
    t_mv, p_mv : float
        Height of T and P waves.
    variability : float
        Depth of the heart rate's slow and respiratory swing, as a part of the interval.
    hum_mv, hum_hz : float
        Height, peak to peak, and frequency of mains hum.
    drift_mv, drift_hz : float
        The same of baseline drift.
    noise_mv : float
        RMS of white noise.
    seed : int
        Of all that is random.
    """

    fs_hz: float = Field(default=360.0, ge=50, le=5000)
    qrs_mv: float = Field(default=1.0, ge=-10, le=10)
    qrs_s: float = Field(default=0.08, ge=0.02, le=0.2)
    t_mv: float = Field(default=0.25, ge=-2, le=2)
    p_mv: float = Field(default=0.1, ge=-1, le=1)
    variability: float = Field(default=0.0, ge=0, le=0.3)
    hum_mv: float = Field(default=0.0, ge=0)
    hum_hz: float = Field(default=50.0, gt=0)
    drift_mv: float = Field(default=0.0, ge=0)
    drift_hz: float = Field(default=0.3, gt=0)
    noise_mv: float = Field(default=0.0, ge=0)
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticEcg:
    """An ECG and the truth about it.

    Parameters
    ----------
    samples_mv : array of shape (n_samples,)
        The ECG in millivolts.
    fs_hz : float
        Sampling rate in Hz.
    r_s : array of shape (n_beats,)
        Times of the R waves in seconds.
    symbols : array of str, shape (n_beats,)
        ``N`` or ``V``.
    """

    samples_mv: Signal
    fs_hz: float
    r_s: Signal
    symbols: NDArray[np.str_]

    @property
    def r_samples(self) -> NDArray[np.int64]:
        """R waves as sample indices."""
        return np.rint(self.r_s * self.fs_hz).astype(np.int64)


def synthesise(episodes: Sequence[Episode], settings: SyntheticSettings | None = None) -> SyntheticEcg:
    """Make an ECG that goes through the given rhythms.

    Each wave is a Gaussian bump in the cardiac phase: the solution of McSharry's equations
    of motion, in closed form. Deviations: the QRS keeps the width it is given at any rate,
    while the distance and width of P and T go with the square root of the RR interval; the
    QRS keeps its height as well; the baseline does not relax towards a respiratory wave
    but has one added.

    Parameters
    ----------
    episodes : sequence of Episode
        Rhythms, one after the other.
    settings : SyntheticSettings, optional
        Shape and disturbances.

    References
    ----------
    McSharry, Clifford, Tarassenko, Smith: A dynamical model for generating synthetic
    electrocardiogram signals. IEEE Trans Biomed Eng 50 (2003) 289-294,
    doi:10.1109/TBME.2003.808805. Fibrillatory waves after Stridh and Soernmo (2001),
    doi:10.1109/10.900266.
    """
    settings = settings or SyntheticSettings()
    random = np.random.default_rng(settings.seed)
    bounds = np.concatenate([[0.0], np.cumsum([episode.seconds for episode in episodes])])
    spans = list(zip(episodes, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))
    beats = [_beats(episode, start, end, settings, random) for episode, start, end in spans]
    r_s = np.concatenate([times for times, _, _ in beats])
    ventricular = np.concatenate([wide for _, wide, _ in beats])
    atrial = np.concatenate([p_waves for _, _, p_waves in beats])
    time = np.arange(round(bounds[-1] * settings.fs_hz)) / settings.fs_hz
    samples = _waves(time, r_s, ventricular, atrial, settings)
    for episode, start, end in spans:
        samples += _vf(time, episode, start, end, settings, random)
    samples += _disturbance(time, settings, random)
    return SyntheticEcg(samples, settings.fs_hz, r_s, np.where(ventricular, "V", "N"))


Beats = tuple[Signal, NDArray[np.bool_], NDArray[np.bool_]]
"""Times in seconds, which are ventricular, and which have a P wave."""


def _beats(
    episode: Episode, start: float, end: float, settings: SyntheticSettings, random: np.random.Generator
) -> Beats:
    if episode.rhythm in ("vf", "asystole"):
        return np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0, dtype=bool)
    mean = 60.0 / episode.bpm
    count = int((end - start) / mean * 1.6) + 8
    number = np.arange(count)
    ventricular = np.full(count, episode.rhythm == "vt")
    if episode.rhythm == "af":
        # Intervals spread by a fifth and more, but no shorter than the node lets through.
        intervals = mean * np.clip(random.gamma(18.0, 1 / 18.0, count), 0.55, 2.0)
    else:
        phase = random.uniform(0, 2 * np.pi, 2)
        swing = sum(
            np.sin(2 * np.pi * hz * number * mean + p) for hz, p in zip((0.1, 0.25), phase, strict=True)
        )
        intervals = mean * (1 + settings.variability * swing / 2)
    if episode.rhythm == "bigeminy":
        ventricular = number % 2 == 1
        intervals = intervals * np.where(ventricular, 2 - V_COUPLING, V_COUPLING)
    times = start + mean / 2 + np.concatenate([[0.0], np.cumsum(intervals)[:-1]])
    kept = times < end - 0.1 * mean
    if episode.rhythm == "pauses":
        kept &= number % PAUSE_EVERY != PAUSE_EVERY - 1
    p_waves = ~ventricular & (episode.rhythm != "af")
    return times[kept], ventricular[kept], p_waves[kept]


def _waves(
    time: Signal,
    r_s: Signal,
    ventricular: NDArray[np.bool_],
    atrial: NDArray[np.bool_],
    settings: SyntheticSettings,
) -> Signal:
    """Add up the bumps of the few beats around each sample."""
    samples = np.zeros(time.size)
    if r_s.size == 0:
        return samples
    intervals = np.diff(r_s) if r_s.size > 1 else np.ones(1)
    shorter = np.minimum(np.append(intervals[:1], intervals), np.append(intervals, intervals[-1:]))
    stretch = np.sqrt(np.clip(shorter[: r_s.size], 0.15, 1.2))
    nearest = np.searchsorted(r_s, time)
    width = settings.qrs_s * np.where(ventricular, V_WIDENING, 1.0)
    for offset in range(-REACH_BEATS, REACH_BEATS):
        beat = nearest + offset
        inside = np.flatnonzero((beat >= 0) & (beat < r_s.size))
        own = beat[inside]
        since = time[inside] - r_s[own]
        samples[inside] += _qrs(since / width[own], settings.qrs_mv)
        sign = np.where(ventricular[own], -1.0, 1.0)
        late = np.where(ventricular[own], 0.06, 0.0) + 0.28 * stretch[own]
        samples[inside] += settings.t_mv * sign * _bump(since - late, 0.042 * stretch[own])
        early = 0.17 * stretch[own]
        samples[inside] += settings.p_mv * atrial[own] * _bump(since + early, 0.02 * stretch[own])
    return samples


def _qrs(place: Signal, height_mv: float) -> Signal:
    """Return Q, R and S; ``place`` is in widths of the complex, which is one wide and one high."""
    q, r, s = 0.1 * _bump(place + 0.3, 1 / 12), _bump(place, 1 / 9), 0.2 * _bump(place - 0.3, 1 / 12)
    return height_mv * (r - q - s) / QRS_UNIT_HEIGHT


def _bump(place: Signal, width: Signal | float) -> Signal:
    return np.exp(-0.5 * np.square(place / width))


def _vf(
    time: Signal,
    episode: Episode,
    start: float,
    end: float,
    settings: SyntheticSettings,
    random: np.random.Generator,
) -> Signal:
    """Return the waves of ventricular or atrial fibrillation within an episode, zero elsewhere."""
    if episode.rhythm not in ("vf", "af"):
        return np.zeros(time.size)
    atrial = episode.rhythm == "af"
    hz = random.uniform(5.5, 7.5) if atrial else random.uniform(4.0, 6.0)
    height = 0.05 if atrial else 0.6 * abs(settings.qrs_mv)
    # The frequency wanders by half a hertz, the height by a third.
    wander = 0.5 * np.sin(2 * np.pi * 0.23 * time + random.uniform(0, 6))
    phase = 2 * np.pi * np.cumsum(hz + wander) / settings.fs_hz
    swell = 1 + 0.35 * np.sin(2 * np.pi * 0.31 * time + random.uniform(0, 6))
    overtones = (1.0, 0.3, 0.12) if atrial else (1.0, 0.25, 0.2)
    waves = sum(
        weight * np.sin((number + 1) * phase * (1 + 0.013 * number))
        for number, weight in enumerate(overtones)
    )
    inside = np.clip(np.minimum(time - start, end - time) / FADE_S, 0, 1)
    return np.asarray(0.5 * height * swell * waves * inside, dtype=np.float64)


def _disturbance(time: Signal, settings: SyntheticSettings, random: np.random.Generator) -> Signal:
    hum = settings.hum_mv / 2 * np.sin(2 * np.pi * settings.hum_hz * time)
    drift = settings.drift_mv / 2 * np.sin(2 * np.pi * settings.drift_hz * time)
    return np.asarray(hum + drift + settings.noise_mv * random.standard_normal(time.size), dtype=np.float64)
