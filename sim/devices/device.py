"""A virtual device without any I/O: time goes in, the bytes it sends come out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgmon.sim.devices.boards import Board, Measured
from ecgmon.sim.devices.faults import FaultSettings, Wire, within

RAIL_MV = 10.0
"""What an amplifier gives while an electrode is off."""


class VirtualDevice:
    """A board that measures a signal and sends it through a wire that may be bad.

    Parameters
    ----------
    board : Board
        Kind of device.
    signal_mv : array of shape (n,)
        What it measures, at its true rate (`true_hz`).
    faults : FaultSettings
        What goes wrong.
    repeat : bool
        Begin anew at the end of the signal.
    """

    def __init__(
        self,
        board: Board,
        signal_mv: NDArray[np.float64],
        faults: FaultSettings | None = None,
        *,
        repeat: bool = False,
    ) -> None:
        self.board = board
        self.faults = faults if faults is not None else FaultSettings()
        self.true_hz = board.fs_hz * (1 + self.faults.drift_ppm * 1e-6)
        self._signal = signal_mv
        self._repeat = repeat
        self._wire = Wire(self.faults)
        self._booted = False
        self._begun_s: float | None = None
        self._sent = 0

    @property
    def finished(self) -> bool:
        """True when the signal has been sent to its end."""
        return not self._repeat and self._sent + self.board.frame_samples > self._signal.size

    @property
    def measured_s(self) -> float:
        """Seconds of signal measured so far."""
        return self._sent / self.true_hz

    def receive(self, data: bytes) -> None:
        """Obey what the host wrote."""
        self.board.command(data)

    def advance(self, now_s: float) -> bytes:
        """Return what arrives of what the device sends until a time.

        Parameters
        ----------
        now_s : float
            Seconds since it got power; never runs backwards.
        """
        data = b"" if self._booted else self.board.boot_text
        self._booted = True
        if self._begun_s is None:
            if not self.board.streaming:
                return self._wire.carry(data)
            self._begun_s = now_s
        n = self.board.frame_samples
        parts = [data]
        while (self._sent + n) / self.true_hz <= now_s - self._begun_s and not self.finished:
            at_s = self._sent / self.true_hz
            if self.board.streaming and not within((*self.faults.pauses, *self.faults.unplugs), at_s):
                parts.append(self._frame(at_s))
            self._sent += n
        return self._wire.carry(b"".join(parts))

    def _frame(self, at_s: float) -> bytes:
        n = self.board.frame_samples
        at = self._sent % self._signal.size if self._repeat else self._sent
        samples_mv = self._signal[at : at + n]
        if samples_mv.size < n:
            samples_mv = np.concatenate((samples_mv, self._signal[: n - samples_mv.size]))
        lead_off = within(self.faults.lead_off, at_s)
        if lead_off:
            samples_mv = np.full(n, RAIL_MV)
        battery_low = within(self.faults.battery_low, at_s)
        return self.board.encode(Measured(samples_mv, self._sent, lead_off, battery_low))

    def unplugged(self) -> bool:
        """Say whether its port is gone just now."""
        return within(self.faults.unplugs, self.measured_s)
