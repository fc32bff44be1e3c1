"""One device's timekeeper: packets in, samples with their true index out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgmon.firmware_bridge.packet import Packet, StreamFormat
from ecgmon.monitor.ingest.clock_evidence import ClockEvidence
from ecgmon.monitor.ingest.clock_grid import FractionalResampler
from ecgmon.monitor.ingest.clock_guess import GUESSED, RateGuess
from ecgmon.monitor.ingest.clock_rate import RateTracker
from ecgmon.monitor.ingest.clock_settings import ClockSettings
from ecgmon.monitor.ingest.clock_words import strange_rate

_SLEW_S = 10.0
_MAX_SLEW = 0.005
_SURE = 5.0
_DRIFTED_S = 0.06
"""A clock is not called wrong before it has gone astray by more than machines stall."""
_SURE_FITS = 8
_PROBATION_S = 0.25
"""How long to wait behind a silence for what may only have been held up."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Samples and where they belong.

    Parameters
    ----------
    start : int
        Index of the first sample at the nominal rate.
    samples_mv : array of shape (n_leads, n)
        ECG in millivolts.
    lead_off : bool
        The device says that an electrode is off.
    """

    start: int
    samples_mv: NDArray[np.float64]
    lead_off: bool


class Timekeeper:
    """Give every sample of a device its true index.

    Lost samples make the index jump by their number. A device that keeps time within
    ``follow_above_ppm`` passes untouched, sample for sample. One that does not is
    resampled slowly onto its nominal grid, so that the index divided by the rate stays
    true to the clock of this machine.

    Counter and clock of a packet are evidence. What they count is found out, and where
    they, or the time of arrival, disagree, samples keep the order in which they came.

    Parameters
    ----------
    form : StreamFormat
        Rate, counter and clock of the device.
    settings : ClockSettings
        How far its clock is believed.
    first : int
        Index of the first sample.
    """

    def __init__(self, form: StreamFormat, settings: ClockSettings | None = None, first: int = 0) -> None:
        self.settings = settings if settings is not None else ClockSettings()
        self._form = form
        self._guess = RateGuess(self.settings.guess_after_s, self._form.seq_modulus)
        self._held: list[Packet] = []
        self._probation_s: float | None = None
        self._last_s: float | None = None
        self._count = 0
        self._index = self._first = first
        self._following = False
        self._sure_fits = 0
        self._reconnected = False
        self._ratio = 1.0
        self._lost = 0
        self._evidence = ClockEvidence(form, self.settings.silence_s)
        self._resampler = FractionalResampler(len(form.leads))
        self._tracker = RateTracker(form.fs_hz) if form.fs_hz else None

    @property
    def fs_hz(self) -> float | None:
        """Rate of the grid in Hz; None until it is known."""
        return self._form.fs_hz

    @property
    def index(self) -> int:
        """Index of the sample that comes next."""
        return self._index

    @property
    def health(self) -> dict[str, float]:
        """Figures for `ecgmon.monitor.core.events.SourceStatus`."""
        figures = {"lost_samples": float(self._lost), **self._evidence.figures}
        if self._tracker is not None:
            figures["rate_hz"] = self._tracker.rate_hz
            figures["jitter_ms"] = self._tracker.jitter_ms
            if math.isfinite(self._tracker.stderr_ppm):
                figures["drift_ppm"] = self._tracker.drift_ppm
        return figures

    @property
    def clock(self) -> str:
        """Which clock is followed and why, in plain words; empty before the first sample."""
        if self._tracker is None or self._last_s is None:
            return ""
        words = self._evidence.words
        strange_hz = self._tracker.strange_hz
        return f"{words}; {strange_rate(strange_hz, self.fs_hz or 1.0)}" if strange_hz else words

    def change_leads(self, leads: tuple[str, ...]) -> None:
        """Go on with other leads; the clock of the device is the same."""
        if len(leads) != len(self._form.leads):
            self._resampler = FractionalResampler(len(leads))
        self._form = replace(self._form, leads=leads)

    def reconnected(self) -> None:
        """Say that the link was lost and is back; the device may have started anew."""
        self._reconnected = self._last_s is not None

    def place(self, packets: list[Packet], time_s: float, *, timed: bool = True) -> list[Placed]:
        """Take the packets that arrived together.

        Parameters
        ----------
        packets : list of Packet
            Packets in the order of arrival.
        time_s : float
            When the last of them arrived, on a clock that never jumps, in seconds.
        timed : bool
            That was measured, and did not only follow from the samples, as in a file.
        """
        tracker = self._tracker
        if tracker is None:
            guessed = self._guess_rate(packets, time_s)
            return [placed for packet, when in guessed for placed in self._one(packet, when, timed=timed)]
        return self._run(self._after_silence(packets, time_s, tracker.rate_hz), time_s, timed=timed)

    def release(self, time_s: float) -> list[Placed]:
        """Place what is held behind a silence, since what comes next has another form."""
        held, self._held, self._probation_s = self._held, [], None
        return self._run(held, time_s, timed=True)

    def _run(self, packets: list[Packet], time_s: float, *, timed: bool) -> list[Placed]:
        """Place packets that follow each other, of which the last arrived at a time."""
        rate_hz = self._tracker.rate_hz if self._tracker is not None else 1.0
        behind = sum(packet.n_samples + packet.missed_samples for packet in packets)
        placed: list[Placed] = []
        for packet in packets:
            behind -= packet.n_samples + packet.missed_samples
            placed += self._one(packet, time_s - behind / rate_hz, timed=timed)
        return placed

    def _after_silence(self, packets: list[Packet], time_s: float, rate_hz: float) -> list[Packet]:
        """Hold packets briefly behind a silence that only the time of arrival can measure.

        A machine that stalled delivers all that it held up at once; a device that was
        away does not.
        """
        if self._last_s is None or not packets or self._evidence.clock_tells:
            return packets
        self._held += packets
        away_s = time_s - self._last_s - sum(packet.n_samples for packet in self._held) / rate_hz
        if self._probation_s is None and away_s > self.settings.silence_s:
            self._probation_s = time_s
        judging = self._probation_s is not None and time_s - self._probation_s < _PROBATION_S
        if judging and away_s > self.settings.silence_s / 2:
            return []
        held, self._held, self._probation_s = self._held, [], None
        return held

    def _guess_rate(self, packets: list[Packet], time_s: float) -> list[tuple[Packet, float]]:
        """Hold packets until their number and the time they took tell the rate."""
        rate_hz = self._guess.add(packets, time_s)
        if rate_hz is None:
            return []
        self._form = replace(self._form, fs_hz=rate_hz)
        self._evidence = ClockEvidence(self._form, self.settings.silence_s)
        self._tracker = RateTracker(rate_hz, GUESSED)
        held, self._guess = self._guess.held, RateGuess(self.settings.guess_after_s, self._form.seq_modulus)
        return held

    def _one(self, packet: Packet, time_s: float, *, timed: bool) -> list[Placed]:
        tracker = self._tracker
        assert tracker is not None
        placed: list[Placed] = []
        missing = 0
        if self._last_s is not None:
            if self._evidence.brings_nothing(packet):
                return []
            verdict = self._evidence.missing(
                packet,
                away_s=time_s - self._last_s,
                late_s=time_s - tracker.time_of(self._count + packet.n_samples) if timed else math.inf,
                tracker=tracker,
                reconnected=self._reconnected,
            )
            missing = verdict.samples
            if missing:
                placed += self._skip(missing, restart=verdict.by_arrival)
        self._reconnected = False
        self._last_s = time_s
        self._evidence.take(packet, missing)
        if tracker.add(self._count + packet.n_samples, time_s):
            self._discipline()
        self._count += packet.n_samples
        return [*placed, *self._pass_on(packet.samples_mv, packet.lead_off)]

    def _skip(self, n_samples: int, *, restart: bool) -> list[Placed]:
        """Leave room for lost samples."""
        assert self._tracker is not None
        rest = []
        if self._following:
            left = self._resampler.flush(1 / self._ratio)
            rest = self._placed(left, lead_off=False)
        else:
            self._resampler.reset()
        self._lost += n_samples
        self._count += n_samples
        self._index += round(n_samples * self._ratio)
        if restart:
            self._tracker.restart()
        return rest

    def _discipline(self) -> None:
        """Decide whether to follow the device, and how fast."""
        tracker = self._tracker
        assert tracker is not None
        drift = abs(tracker.drift_ppm)
        seen_s = tracker.span_s
        sure = seen_s >= self.settings.follow_after_s and drift > _SURE * tracker.stderr_ppm
        sure &= drift * 1e-6 * seen_s > _DRIFTED_S
        astray = sure and drift > self.settings.follow_above_ppm
        self._sure_fits = self._sure_fits + 1 if astray else 0
        self._following |= self._sure_fits >= _SURE_FITS
        if self._following and tracker.origin_s is not None and self._form.fs_hz:
            due = (tracker.time_of(self._count) - tracker.origin_s) * self._form.fs_hz
            given = self._index - self._first + self._resampler.pending * self._ratio
            behind_s = (due - given) / self._form.fs_hz
            slew = min(_MAX_SLEW, max(-_MAX_SLEW, behind_s / _SLEW_S))
            self._ratio = self._form.fs_hz / tracker.rate_hz * (1 + slew)

    def _pass_on(self, samples_mv: NDArray[np.float64], lead_off: bool) -> list[Placed]:
        if self._following:
            return self._placed(self._resampler.process(samples_mv, 1 / self._ratio), lead_off)
        self._resampler.watch(samples_mv)
        return self._placed(samples_mv, lead_off)

    def _placed(self, samples_mv: NDArray[np.float64], lead_off: bool) -> list[Placed]:
        if not samples_mv.shape[1]:
            return []
        start = self._index
        self._index += samples_mv.shape[1]
        return [Placed(start, samples_mv, lead_off)]
