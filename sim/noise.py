"""Recorded noise added at a set signal-to-noise ratio, as the WFDB program ``nst`` does it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ecgmon.monitor.core.config import Settings

QRS_HALF_S = 0.05
MOST_MEASURED = 300
TRIMMED_SHARE = 20

Signal = NDArray[np.float64]


class NoiseSchedule(Settings):
    """When there is noise: after a clean start, on and off by turns.

    Parameters
    ----------
    start_s : float
        Clean seconds at the start.
    on_s, off_s : float
        Length of the noisy and of the clean stretches in seconds.
    noise_runs : bool
        True if the noise record runs on through clean stretches, as with ``nst``; False if
        it stands still there, for noise that was cut out of noisy stretches.
    """

    start_s: float = Field(default=300.0, ge=0)
    on_s: float = Field(default=120.0, gt=0)
    off_s: float = Field(default=120.0, ge=0)
    noise_runs: bool = True

    def noisy(self, n_samples: int, fs_hz: float) -> NDArray[np.bool_]:
        """Return which of the first samples are noisy, shape (n_samples,)."""
        since = np.arange(n_samples) - round(self.start_s * fs_hz)
        on, off = round(self.on_s * fs_hz), round(self.off_s * fs_hz)
        return (since >= 0) & (since % (on + off) < on)


def qrs_amplitude_mv(samples_mv: Signal, normal_beats: NDArray[np.int64], fs_hz: float) -> float:
    """Measure a lead's QRS amplitude: peak to peak within 50 ms of normal beats.

    Parameters
    ----------
    samples_mv : array of shape (n_samples,)
        One lead.
    normal_beats : array of shape (n_beats,)
        Sample indices of beats of class N.
    fs_hz : float
        Sampling rate in Hz.

    Returns
    -------
    float
        Trimmed mean over the first 300 beats, without the 5 % largest and smallest.

    Raises
    ------
    ValueError
        There is no beat to measure.
    """
    half = round(QRS_HALF_S * fs_hz)
    inside = (normal_beats >= half) & (normal_beats < samples_mv.size - half)
    beats = normal_beats[inside][:MOST_MEASURED]
    if beats.size == 0:
        msg = "there is no normal beat to measure"
        raise ValueError(msg)
    windows = samples_mv[beats[:, None] + np.arange(-half, half + 1)]
    return _trimmed_mean(np.ptp(windows, axis=1))


def noise_rms_mv(noise_mv: Signal, fs_hz: float) -> float:
    """Measure noise: the trimmed mean RMS of its first 300 windows of one second, mean removed.

    Parameters
    ----------
    noise_mv : array of shape (n_samples,)
        Noise; at least a second of it.
    fs_hz : float
        Sampling rate in Hz.
    """
    second = round(fs_hz)
    windows = noise_mv[: noise_mv.size // second * second].reshape(-1, second)[:MOST_MEASURED]
    return _trimmed_mean(windows.std(axis=1))


def noise_gain(qrs_mv: float, rms_mv: float, snr_db: float) -> float:
    """Return the factor that brings noise to a signal-to-noise ratio.

    The signal's power is taken as that of a sine as high as the QRS from peak to peak,
    so that its RMS is ``qrs_mv * sqrt(2) / 4``.

    Parameters
    ----------
    qrs_mv : float
        QRS amplitude, peak to peak.
    rms_mv : float
        RMS of the noise.
    snr_db : float
        Ratio wanted, in decibels.
    """
    return float(10 ** (-snr_db / 20) * qrs_mv * np.sqrt(2) / 4 / rms_mv)


def add_noise(
    samples_mv: Signal, noise_mv: Signal, gain: float, fs_hz: float, schedule: NoiseSchedule | None = None
) -> Signal:
    """Add noise to one lead, on and off by turns.

    Where noise begins or ends, and where the noise record starts over, there is no step:
    what was added last stays as an offset. (So the clean stretches of ``118e00`` lie off
    the clean record.)

    Parameters
    ----------
    samples_mv : array of shape (n_samples,)
        Clean lead.
    noise_mv : array of shape (n_noise,)
        Noise at the same rate; repeated if it is too short.
    gain : float
        Factor on the noise, as from `noise_gain`.
    fs_hz : float
        Sampling rate in Hz.
    schedule : NoiseSchedule, optional
        When there is noise; by default that of ``nst``.

    References
    ----------
    Moody, Muldrow, Mark: A noise stress test for arrhythmia detectors. Computers in
    Cardiology 11 (1984) 381-384. WFDB applications guide, ``nst(1)``.
    """
    schedule = schedule or NoiseSchedule()
    noisy = schedule.noisy(samples_mv.size, fs_hz)
    clock = np.arange(samples_mv.size) if schedule.noise_runs else np.maximum(np.cumsum(noisy) - 1, 0)
    position = clock % noise_mv.size
    steps = np.diff(noise_mv[position], prepend=noise_mv[position[0]])
    steps[np.diff(position, prepend=0) < 0] = 0.0
    return samples_mv + gain * np.cumsum(np.where(noisy, steps, 0.0))


def _trimmed_mean(values: Signal) -> float:
    ordered = np.sort(values)
    cut = ordered.size // TRIMMED_SHARE
    return float(ordered[cut : ordered.size - cut].mean())
