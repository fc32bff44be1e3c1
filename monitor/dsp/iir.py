"""Recursive filters in numpy blocks, so that a small device need not load all of scipy.signal.

Importing ``scipy.signal`` costs 80 MB of memory and over a second; the run-time needs a
Butterworth, a notch and one recursion of it. The tests hold each of them against scipy.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.dsp.operator import Samples

BLOCK = 45
"""Samples that one matrix product takes; the recursion goes from block to block. Small, so that the
matrices of all filters stay in the processor's nearest cache."""

SPAN = 8
"""Blocks, one second at 360 Hz, whose states one more matrix product finds."""

Coefficients = tuple[Samples, Samples]
"""Numerator and denominator, the denominator beginning with 1."""


class Recursion:
    """A linear difference equation with carried state, in transposed direct form II.

    Within a block the output is the input times the Toeplitz matrix of the impulse response,
    plus what the state at its beginning gives; the states at the beginnings of a few blocks come
    from the first of them and from what each block adds. The result is that of
    ``scipy.signal.lfilter`` up to rounding.

    Parameters
    ----------
    b, a : array of shape (order + 1,)
        Numerator and denominator, ``a[0]`` being 1.
    """

    def __init__(self, b: Samples, a: Samples) -> None:
        order = max(b.size, a.size) - 1
        b = np.pad(b, (0, order + 1 - b.size))
        a = np.pad(a, (0, order + 1 - a.size))
        step = np.eye(order, k=1)
        step[:, 0] -= a[1:]
        feed = b[1:] - a[1:] * b[0]
        # High powers of a slow filter's matrix lose digits, so they are made with more of them.
        powers = [np.eye(order, dtype=np.longdouble)]
        for _ in range(BLOCK):
            powers.append(powers[-1] @ step.astype(np.longdouble))
        exact = np.array(powers)
        impulse = np.concatenate(([b[0]], exact[: BLOCK - 1, 0, :] @ feed)).astype(np.float64)
        lag = np.arange(BLOCK)[None, :] - np.arange(BLOCK)[:, None]
        self._powers = exact.astype(np.float64)
        self._observe = self._powers[:BLOCK, 0, :].T.copy()
        self._reach = (exact[BLOCK - 1 :: -1] @ feed).astype(np.float64)
        self._respond = np.where(lag >= 0, impulse[np.maximum(lag, 0)], 0.0)
        self._leap = _leaps(exact[BLOCK])
        self._settled = np.linalg.solve(np.eye(order) - step, feed)

    def settled(self, value: float) -> Samples:
        """Return the state after ``value`` has come for ever."""
        return self._settled * value

    def process(self, x: Samples, state: Samples) -> tuple[Samples, Samples]:
        """Filter the next samples.

        Parameters
        ----------
        x : array of shape (n,)
            Samples.
        state : array of shape (order,)
            State before them; it is left as it is.

        Returns
        -------
        y : array of shape (n,)
            Filtered samples.
        state : array of shape (order,)
            State behind them.
        """
        whole = x.size // BLOCK
        rest = x.size - whole * BLOCK
        y = np.empty(x.size)
        for begin in range(0, whole, SPAN):
            blocks = x[begin * BLOCK : min(begin + SPAN, whole) * BLOCK].reshape(-1, BLOCK)
            pushed = np.concatenate((state, (blocks @ self._reach).ravel()))
            states = (self._leap[: pushed.size, : pushed.size] @ pushed).reshape(-1, state.size)
            out = blocks @ self._respond
            out += states[:-1] @ self._observe
            y[begin * BLOCK : begin * BLOCK + out.size] = out.ravel()
            state = states[-1]
        if rest:
            tail = x[whole * BLOCK :]
            y[whole * BLOCK :] = tail @ self._respond[:rest, :rest] + state @ self._observe[:, :rest]
            state = np.asarray(self._powers[rest] @ state + tail @ self._reach[BLOCK - rest :])
        return y, state


def _leaps(power: NDArray[np.longdouble]) -> Samples:
    """Return the matrix from a state and what each of ``SPAN`` blocks adds to the states behind each.

    Parameters
    ----------
    power : array of shape (order, order)
        What a block makes of the state at its beginning.
    """
    order = len(power)
    leaps = np.zeros((SPAN + 1, order, SPAN + 1, order), dtype=np.longdouble)
    for to in range(SPAN + 1):
        leaps[to, :, to, :] = np.eye(order)
        if to:
            leaps[to, :, :to, :] = np.tensordot(power, leaps[to - 1, :, :to, :], axes=1)
    return leaps.reshape((SPAN + 1) * order, -1).astype(np.float64)


def butterworth(
    order: int,
    corners_hz: tuple[float, ...],
    kind: Literal["lowpass", "highpass", "bandpass"],
    fs_hz: float,
) -> Coefficients:
    """Design a digital Butterworth filter by the bilinear transform.

    Parameters
    ----------
    order : int
        Order of the analogue prototype; a band-pass has twice as many poles.
    corners_hz : tuple of float
        One corner in Hz, or two for a band-pass.
    kind : {"lowpass", "highpass", "bandpass"}
        Which side passes.
    fs_hz : float
        Sampling rate in Hz.
    """
    angles = np.pi * (2 * np.arange(order) + order + 1) / (2 * order)
    prototype = np.exp(1j * angles)
    warped = 2 * fs_hz * np.tan(np.pi * np.array(corners_hz) / fs_hz)
    zeros: NDArray[np.complex128]
    if kind == "lowpass":
        poles, zeros = prototype * warped[0], np.empty(0, dtype=complex)
        at = 1.0
    elif kind == "highpass":
        poles, zeros = warped[0] / prototype, np.zeros(order, dtype=complex)
        at = -1.0
    else:
        centre, width = np.sqrt(warped[0] * warped[1]), warped[1] - warped[0]
        half = prototype * width / 2
        root = np.sqrt(half**2 - centre**2)
        poles, zeros = np.concatenate((half + root, half - root)), np.zeros(order, dtype=complex)
        at = np.exp(1j * 2 * np.arctan(centre / (2 * fs_hz)))
    digital_poles = (2 * fs_hz + poles) / (2 * fs_hz - poles)
    digital_zeros = np.full(poles.size, -1.0 + 0j)
    digital_zeros[: zeros.size] = (2 * fs_hz + zeros) / (2 * fs_hz - zeros)
    b = np.asarray(np.poly(digital_zeros).real, dtype=np.float64)
    a = np.asarray(np.poly(digital_poles).real, dtype=np.float64)
    gain = abs(np.polyval(a, at) / np.polyval(b, at))
    return b * gain, a


def notch(centre_hz: float, q: float, fs_hz: float) -> Coefficients:
    """Design a second-order notch of width ``centre_hz / q`` at -3 dB."""
    centre = 2 * np.pi * centre_hz / fs_hz
    gain = 1 / (1 + np.tan(centre / q / 2))
    cosine = np.cos(centre)
    return gain * np.array([1, -2 * cosine, 1]), np.array([1, -2 * gain * cosine, 2 * gain - 1])


def group_delay(filters: list[Coefficients], frequency_hz: Samples, fs_hz: float) -> Samples:
    """Return the group delay, in samples, of filters one behind the other.

    Parameters
    ----------
    filters : list of (b, a)
        The filters.
    frequency_hz : array of shape (n,)
        Where.
    fs_hz : float
        Sampling rate in Hz.
    """
    turn = np.exp(-2j * np.pi * frequency_hz / fs_hz)
    total = np.zeros(frequency_hz.size)
    for b, a in filters:
        for sign, taps in ((1, b), (-1, a)):
            powers = turn[:, None] ** np.arange(taps.size)
            total += sign * ((powers @ (taps * np.arange(taps.size))) / (powers @ taps)).real
    return total
