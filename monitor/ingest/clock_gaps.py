"""How many samples are missing before a packet: by counter, by device clock, by arrival."""

from __future__ import annotations

from dataclasses import dataclass

from ecgmon.firmware_bridge.packet import Packet, StreamFormat

_AHEAD_S = 2.0
"""A packet placed this much before it can have been sent proves that its clock started anew."""
_LATE_PACKETS = 16
_NEAR_S = 0.1
"""A counter that disagrees with the time of arrival by more than this has started anew."""


@dataclass(slots=True)
class Last:
    """What is remembered of the packet before.

    Parameters
    ----------
    seq : int or None
        Its counter.
    device_time_s : float or None
        Its device clock at the first sample.
    n_samples : int
        Its length.
    time_s : float
        When its last sample is thought to have left the device.
    """

    seq: int | None
    device_time_s: float | None
    n_samples: int
    time_s: float


@dataclass(frozen=True, slots=True)
class Missing:
    """Verdict on a packet: samples missing before it, or why it is dropped.

    Parameters
    ----------
    samples : int
        Missing samples, 0 or more.
    drop : str
        ``duplicate`` or ``late`` if the packet brings nothing new; else empty.
    by_arrival : bool
        The length comes from the clock of this machine and not from the device.
    """

    samples: int = 0
    drop: str = ""
    by_arrival: bool = False


def missing_before(
    packet: Packet,
    last: Last,
    form: StreamFormat,
    *,
    rate_hz: float,
    time_s: float,
    late_s: float,
    silence_s: float,
    reconnected: bool,
) -> Missing:
    """Compare a packet with the one before.

    Parameters
    ----------
    packet : Packet
        The packet.
    last : Last
        The packet before it.
    form : StreamFormat
        Counter and clock of the device.
    rate_hz : float
        Its true rate in Hz.
    time_s : float
        When the packet's last sample is thought to have left the device.
    late_s : float
        How late the packet would be if nothing were missing, in seconds.
    silence_s : float
        A longer pause is a gap where neither counter nor clock exist.
    reconnected : bool
        The link was lost in between, so that the device may have started anew.
    """
    arrival = max(0, round((time_s - last.time_s) * rate_hz) - packet.n_samples)
    step = _seq_step(packet.seq, last.seq, form.seq_modulus)
    if packet.device_time_s is not None and last.device_time_s is not None:
        return _by_clock(packet, last, form, step, rate_hz, late_s, arrival)
    if step is None:
        if packet.missed_samples and not reconnected:
            return Missing(packet.missed_samples)
        long = arrival > silence_s * rate_hz
        return Missing(arrival if long or reconnected else 0, by_arrival=True)
    return _by_counter(packet, form, step, rate_hz, arrival, silence_s, reconnected)


def _seq_step(seq: int | None, last: int | None, modulus: int | None) -> int | None:
    if seq is None or last is None:
        return None
    return seq - last if modulus is None else (seq - last) % modulus


def _by_clock(
    packet: Packet,
    last: Last,
    form: StreamFormat,
    step: int | None,
    rate_hz: float,
    late_s: float,
    arrival: int,
) -> Missing:
    assert packet.device_time_s is not None
    assert last.device_time_s is not None
    passed_s = packet.device_time_s - last.device_time_s
    if form.clock_wrap_s is not None:
        wrap = form.clock_wrap_s
        passed_s = (passed_s + wrap / 2) % wrap - wrap / 2
        passed_s += wrap * max(0, round((arrival / rate_hz - passed_s) / wrap))
    lost = round(passed_s * rate_hz) - last.n_samples
    if step == 0 and abs(passed_s) < 0.5 / rate_hz:
        return Missing(drop="duplicate")
    few = packet.n_samples * _LATE_PACKETS
    if -few <= lost + packet.n_samples <= 0 and step != 1 and passed_s <= 0:
        return Missing(drop="late")
    slack = max(1, packet.n_samples // 8)
    impossible = lost > slack and lost / rate_hz > late_s + _AHEAD_S
    if lost + packet.n_samples < 0 or impossible:
        return Missing(arrival, by_arrival=True)
    if step == 1 or step is None:
        return Missing(0 if lost <= slack else lost)
    return Missing(max(0, lost))


def _by_counter(
    packet: Packet,
    form: StreamFormat,
    step: int,
    rate_hz: float,
    arrival: int,
    silence_s: float,
    reconnected: bool,
) -> Missing:
    n, modulus = packet.n_samples, form.seq_modulus
    if modulus is None:
        if step == 0:
            return Missing(drop="duplicate")
        if step < 0:
            restarted = step < -_LATE_PACKETS
            return Missing(arrival, by_arrival=True) if restarted else Missing(drop="late")
        return Missing((step - 1) * n)
    hint = max(packet.missed_samples, arrival if arrival > silence_s * rate_hz or reconnected else 0)
    if hint <= n * modulus // 2 and not reconnected:
        if step == 0:
            return Missing(drop="duplicate")
        if step > modulus - min(_LATE_PACKETS, modulus // 4):
            return Missing(drop="late")
    between = (step - 1) % modulus
    wraps = max(0, round((hint / n - between) / modulus))
    counted = (between + wraps * modulus) * n
    if reconnected and abs(counted - arrival) > _NEAR_S * rate_hz:
        return Missing(arrival, by_arrival=True)
    return Missing(counted)
