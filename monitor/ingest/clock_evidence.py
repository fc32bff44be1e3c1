"""One device's counter and clock, weighed against each other and against the time of arrival."""

from __future__ import annotations

import math

from ecgmon.firmware_bridge.packet import Packet, StreamFormat
from ecgmon.monitor.ingest.clock_counter import FrameCounter
from ecgmon.monitor.ingest.clock_gaps import Evidence, Missing, missing_before
from ecgmon.monitor.ingest.clock_message import MessageClock
from ecgmon.monitor.ingest.clock_rate import RateTracker
from ecgmon.monitor.ingest.clock_repeats import Received
from ecgmon.monitor.ingest.clock_words import followed

_MARGIN_S = 0.1
_MOST_JITTER_S = 0.3
"""By this and at most that, packets may come before they are thought to have been sent."""
_UNSETTLED_S = 2.0
"""The same while the time of arrival has not been measured for long."""
_LONGEST_S = 86_400.0
"""No hole is taken to be longer where arrival does not tell, as in a backlog or a file."""
_EXACT = 0.5
_NONE = Missing()


class ClockEvidence:
    """What the packets of a device tell of their place, and how far that is believed.

    Parameters
    ----------
    form : StreamFormat
        Rate, counter and clock of the device.
    silence_s : float
        A longer pause, in seconds, is a gap where neither counter nor clock tell.
    """

    def __init__(self, form: StreamFormat, silence_s: float) -> None:
        self._silence_s = silence_s
        self._modulus = form.seq_modulus
        self._counter = FrameCounter(form.seq_modulus)
        self._clock = MessageClock(form.fs_hz or 1.0, form.clock_wrap_s)
        self._received = Received()
        self._duplicates = self._late = self._steps = self._restarts = 0

    @property
    def clock_tells(self) -> bool:
        """True if the clock says how long a pause was."""
        return self._clock.tells

    @property
    def words(self) -> str:
        """What the time of samples is taken from, and why not from more."""
        return followed(self._clock, self._counter)

    @property
    def figures(self) -> dict[str, float]:
        """What was dropped, and what was not believed."""
        return {
            "duplicate_packets": float(self._duplicates),
            "late_packets": float(self._late),
            "clock_steps": float(self._steps),
            "counter_restarts": float(self._restarts),
        }

    def brings_nothing(self, packet: Packet) -> bool:
        """Tell whether a packet was sent twice or comes too late, and count it."""
        counter, clock, value = self._counter, self._clock, packet.told_clock
        drop = self._received.drop(
            packet,
            value,
            counter.step(packet) if counter.tells and counter.kind else None,
            clock.step(value) if clock.tells else None,
        )
        self._duplicates += drop == "duplicate"
        self._late += drop == "late"
        return bool(drop)

    def missing(
        self, packet: Packet, *, away_s: float, late_s: float, tracker: RateTracker, reconnected: bool
    ) -> Missing:
        """Return how many samples are missing before a packet.

        Parameters
        ----------
        packet : Packet
            A packet that is not the first.
        away_s : float
            Seconds from the arrival of the packet before to its own.
        late_s : float
            How late it would be if nothing were missing, in seconds; infinite where arrival
            means nothing.
        tracker : RateTracker
            What is known of the time of arrival.
        reconnected : bool
            The link was lost in between, so that the device may have started anew.
        """
        counter, clock, rate_hz = self._counter, self._clock, tracker.rate_hz
        arrival = max(0, round(away_s * rate_hz) - packet.n_samples)
        means = arrival > self._silence_s * rate_hz or reconnected
        counted = counter.missing(packet, arrival if means else 0, reconnected=reconnected, rate_hz=rate_hz)
        clocked = clock.missing(packet.told_clock, arrival / rate_hz)
        restarted = counted is None and counter.tells and counter.sure and counter.step(packet) is not None
        if counted is None and clocked is None and packet.missed_samples and not reconnected:
            return Missing(packet.missed_samples)
        if not (counted or restarted or means) and abs(clocked or 0.0) < max(_EXACT, clock.noise):
            return _NONE
        support_s = late_s + self._margin_s(tracker)
        verdict = missing_before(
            Evidence(
                counted,
                clocked,
                clock.noise,
                packet.n_samples,
                arrival if means else 0,
                (support_s if math.isfinite(support_s) else _LONGEST_S) * rate_hz,
                restarted,
            )
        )
        self._steps += verdict.stepped
        self._restarts += verdict.restarted
        return verdict

    def _margin_s(self, tracker: RateTracker) -> float:
        """Return how far off the time of arrival may be, in seconds."""
        sure = self._counter.sure or self._clock.tells
        if tracker.hurrying and sure:
            return math.inf
        if sure and not tracker.settled:
            return _UNSETTLED_S
        return _MARGIN_S + min(_MOST_JITTER_S, 1e-3 * tracker.jitter_ms)

    def take(self, packet: Packet, missing: int) -> None:
        """Learn from a packet that is given out, with so many samples missing before it."""
        value = packet.told_clock
        self._clock.known |= packet.device_time_s is not None
        self._counter.take(packet)
        self._clock.take(value, packet.n_samples, missing)
        self._received.take(packet, value, hole=missing > 0, modulus=self._modulus)
