"""Tries every decoder on bytes that were heard, with every setting that may be meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from ecgmon.firmware_bridge.decoders import DECODERS, device_kind, make_decoder
from ecgmon.firmware_bridge.device import Trial
from ecgmon.firmware_bridge.links import Chunk
from ecgmon.firmware_bridge.packet import Decoder, Packet, Trouble, trouble_of
from ecgmon.monitor.core.errors import PluginError, SettingsError, UsageError
from ecgmon.monitor.core.plugins import Offer

UNDERSTOOD = 0.5
"""Share of bytes that must be understood, beyond what the decoder would understand of noise."""
WELL = 0.9
"""Share that leaves no need to ask further devices."""

_GLANCE_BYTES = 8192
_PROBE_BYTES = 32_768
_NOISE_BYTES = 4096
_MOST_TRIALS = 48
_STRANGE_RATE = 0.05
_LEAST_TIMED_S = 2.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """A decoder with options, and how well it fares.

    Parameters
    ----------
    offer : Offer
        The decoder.
    trial : Trial
        Its options.
    understood : float
        Share of the bytes that it understands.
    proof : float
        The same, less what it understands of noise.
    strange_rate : bool
        Samples come at another rate than it says.
    trouble : Trouble or None
        What it did not understand.
    """

    offer: Offer
    trial: Trial
    understood: float
    proof: float
    strange_rate: bool
    trouble: Trouble | None


def best_share(chunks: Sequence[Chunk], only: str = "", given: Mapping[str, str] | None = None) -> float:
    """Return how well the decoder that fits best understands bytes, 0 to 1.

    Raises
    ------
    UnknownDeviceError, SettingsError, UsageError
        As of `attempts`.
    """
    tried = _attempts(_begin_of(chunks, _GLANCE_BYTES), only, given or {})
    return max((attempt.proof for attempt in tried), default=0.0)


def _begin_of(chunks: Iterable[Chunk], most: int) -> list[Chunk]:
    taken, n_bytes = [], 0
    for chunk in chunks:
        taken.append(chunk._replace(data=chunk.data[: most - n_bytes]))
        n_bytes += len(chunk.data)
        if n_bytes >= most:
            break
    return taken


def attempts(
    chunks: Iterable[Chunk], only: str = "", given: Mapping[str, str] | None = None
) -> Iterator[Attempt]:
    """Try every device with every trial of it on the first bytes, until one is proven.

    Parameters
    ----------
    chunks : iterable of Chunk
        What was heard, with times where it came live.
    only : str
        Name of the one decoder to try; all by default.
    given : mapping of str to str
        Options that the user has said.

    Raises
    ------
    UnknownDeviceError, SettingsError, UsageError
        The decoder or an option that the user names does not exist.
    """
    return _attempts(_begin_of(chunks, _PROBE_BYTES), only, given or {})


def _attempts(chunks: Sequence[Chunk], only: str, given: Mapping[str, str]) -> Iterator[Attempt]:
    offers = [Offer(only, "", device_kind(only))] if only else DECODERS.offers()
    data = b"".join(chunk.data for chunk in chunks)
    refused: list[SettingsError] = []
    made = False
    for offer in offers:
        proven = False
        for trial in () if offer.problem else _trials(offer, data, given):
            try:
                attempt = _attempt(offer, trial, chunks)
            except SettingsError as error:
                refused.append(error)
                continue
            except PluginError:  # somebody else's fault hinders nobody
                if only:
                    raise
                break
            made = True
            proven |= attempt.proof >= WELL
            yield attempt
        if proven:
            return
    if not made and refused:
        raise (
            refused[0]
            if only
            else UsageError(
                f"No device takes the options {', '.join(sorted(given))}.",
                "Say which device it is (device=…); 'ecgmon devices' lists their options.",
            )
        )


def _trials(offer: Offer, data: bytes, given: Mapping[str, str]) -> Iterator[Trial]:
    """Return the trials of a device, each once, with what the user has said in them."""
    tried: list[Mapping[str, object]] = []
    with DECODERS.blaming(offer.name, "fails to say what to try"):
        for trial in islice(offer.part.trials(data), _MOST_TRIALS):
            options = {**trial.options, **given}
            if options not in tried:
                tried.append(options)
                yield replace(trial, options=options, scale="" if trial.scale in given else trial.scale)


def _attempt(offer: Offer, trial: Trial, chunks: Sequence[Chunk]) -> Attempt:
    decoder, packets = decoded(offer, trial.options, chunks)
    understood = share(decoder, packets, sum(len(chunk.data) for chunk in chunks))
    proof = understood
    if understood >= UNDERSTOOD:
        noise, packets_of_noise = decoded(offer, trial.options, [Chunk(_noise(), None)])
        proof -= share(noise, packets_of_noise, _NOISE_BYTES)
    nominal, measured = decoder.format.fs_hz, measured_hz(packets, chunks)
    strange = bool(nominal and measured and abs(measured - nominal) > _STRANGE_RATE * nominal)
    return Attempt(offer, trial, understood, proof, strange, trouble_of(decoder))


def decoded(
    offer: Offer, options: Mapping[str, object], chunks: Sequence[Chunk]
) -> tuple[Decoder, list[list[Packet]]]:
    """Return a decoder that has been fed, and its packets by chunk."""
    decoder = make_decoder(offer.name, options)
    with DECODERS.blaming(offer.name, "fails to decode"):
        return decoder, [decoder.feed(chunk.data) for chunk in chunks]


def _noise() -> bytes:
    return np.random.default_rng(0).bytes(_NOISE_BYTES)


def share(decoder: Decoder, packets: Sequence[Sequence[Packet]], n_bytes: int) -> float:
    """Return the share of bytes of which samples came, 0 to 1."""
    if not n_bytes or not any(packets):
        return 0.0
    return max(0.0, 1 - decoder.counters.skipped_bytes / n_bytes)


def measured_hz(packets: Sequence[Sequence[Packet]], chunks: Sequence[Chunk]) -> float | None:
    """Return the samples a second that arrived; None where arrival tells nothing."""
    came = [
        (chunk.time_s, sum(packet.n_samples + packet.missed_samples for packet in some))
        for chunk, some in zip(chunks, packets, strict=True)
        if some and chunk.time_s is not None
    ]
    if len(came) < 2 or came[-1][0] - came[0][0] < _LEAST_TIMED_S:
        return None
    return sum(count for _, count in came[1:]) / (came[-1][0] - came[0][0])
