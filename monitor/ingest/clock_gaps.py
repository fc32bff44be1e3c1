"""How many samples are missing before a packet: what counter, clock and time of arrival agree on."""

from __future__ import annotations

from dataclasses import dataclass

_SLACK = 8
"""A clock may be off by this part of a packet."""
_PACE = 0.05
"""A clock may go by this part too fast or too slow."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a packet's distance to the one before, all in samples.

    Parameters
    ----------
    counted : int or None
        Missing by the counter; None if it does not tell.
    clocked : float or None
        Missing by the clock, below 0 if it went back; None if it does not tell.
    noise : float
        By how much the clock is usually off.
    n_samples : int
        Length of the packet.
    arrival : int
        Missing by the time of arrival; 0 where that is too short to mean something.
    support : float
        More than these cannot be missing, since the packet is here already.
    restarted : bool
        Counter or clock went back.
    """

    counted: int | None
    clocked: float | None
    noise: float
    n_samples: int
    arrival: int
    support: float
    restarted: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """Verdict on a packet.

    Parameters
    ----------
    samples : int
        Missing samples before it, 0 or more.
    by_arrival : bool
        The length comes from the clock of this machine and not from the device.
    stepped : bool
        The device's clock jumped, and is not believed.
    restarted : bool
        The counter jumped, and is not believed.
    """

    samples: int = 0
    by_arrival: bool = False
    stepped: bool = False
    restarted: bool = False


def missing_before(evidence: Evidence) -> Missing:
    """Weigh counter, clock and time of arrival.

    Where counter and clock agree they are believed. Where they do not, the one that says
    that samples are missing is believed as far as the time of arrival supports it: a packet
    cannot have come before it was sent.
    """
    counted, clocked = evidence.counted, evidence.clocked
    if clocked is None:
        if counted is None:
            return Missing(evidence.arrival, by_arrival=True, restarted=evidence.restarted)
        if counted <= evidence.support:
            return Missing(counted)
        return Missing(evidence.arrival, by_arrival=True, restarted=True)
    n, noise = evidence.n_samples, evidence.noise
    noise *= 2 if noise > n / 2 and noise > 1 else 1
    slack = max(noise, 0.5 if counted else n / _SLACK, 1.0 if counted == 0 else 0.5)
    if counted is not None and abs(counted - clocked) <= slack:
        exact = evidence.noise < 1.0 and counted
        return Missing(max(0, round(clocked)) if exact else counted)
    if abs(clocked) <= slack:
        return Missing(restarted=counted is not None or evidence.restarted)
    if 0 < clocked <= evidence.support:
        return Missing(_whole(clocked, evidence) if counted is None else round(clocked))
    if counted is not None and counted <= evidence.support:
        return Missing(counted, stepped=True)
    return Missing(evidence.arrival, by_arrival=True, stepped=True, restarted=evidence.restarted)


def _whole(clocked: float, evidence: Evidence) -> int:
    """Return what is missing by a clock alone: in whole packets, as they are lost, if that fits."""
    n = evidence.n_samples
    whole = round(clocked / n) * n
    off = max(evidence.noise, _PACE * (clocked + n))
    return whole if whole and abs(whole - clocked) <= off else round(clocked)
