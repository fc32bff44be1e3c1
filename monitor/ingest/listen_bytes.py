"""Which device may have sent bytes that were heard, and what the signal in them looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ecgmon.firmware_bridge.decoders import make_decoder
from ecgmon.firmware_bridge.links import Chunk
from ecgmon.firmware_bridge.packet import Trouble, note_of, trouble_of
from ecgmon.monitor.core.errors import SettingsError
from ecgmon.monitor.ingest.listen_signal import (
    SignalLook,
    assumed_rate,
    first_lead,
    typical_height,
    usual_rate,
)
from ecgmon.monitor.ingest.listen_trials import UNDERSTOOD, Attempt, attempts, decoded, measured_hz, share

_MOST_LOOKS = 12
_TYPICAL_MV = 1.5

RateFrom = Literal["told", "measured", "assumed"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one decoder makes of what was heard.

    Parameters
    ----------
    device : str
        Name of the decoder.
    title : str
        What the decoder is for.
    options : mapping
        Options that it was given.
    understood : float
        Share of the bytes that it understood.
    proof : float
        The same, less what it would understand of noise.
    frames : int
        Frames or lines that it understood.
    leads : tuple of str
        Leads that come of it.
    look : SignalLook or None
        What the first lead looks like; None where no sample comes.
    rate : {"told", "measured", "assumed"}
        Where the rate is from.
    notes : tuple of str
        What was found out or guessed, in words.
    trouble : Trouble or None
        What was not understood.
    """

    device: str
    title: str
    options: Mapping[str, object]
    understood: float
    proof: float
    frames: int = 0
    leads: tuple[str, ...] = ()
    look: SignalLook | None = None
    rate: RateFrom = "told"
    notes: tuple[str, ...] = ()
    trouble: Trouble | None = None

    @property
    def is_ecg(self) -> bool:
        """Say whether the signal looks like an ECG."""
        return self.look is not None and not self.look.doubt

    @property
    def recognised(self) -> bool:
        """Say whether this is what was heard: the decoder proves it, or else the signal."""
        return self.look is not None and self.understood >= UNDERSTOOD and (self.proven or self.is_ecg)

    @property
    def proven(self) -> bool:
        """Say whether so many bytes cannot be understood by chance."""
        return self.proof >= UNDERSTOOD


def readings(
    chunks: Sequence[Chunk], only: str = "", given: Mapping[str, str] | None = None
) -> list[Reading]:
    """Return what decoders make of bytes, the best first.

    Where none reads them, those that can say what is wrong are returned.

    Parameters
    ----------
    chunks : sequence of Chunk
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
    tried = list(attempts(chunks, only, given))
    fit = sorted((one for one in tried if one.understood >= UNDERSTOOD), key=_fitness)
    found: list[Reading] = []
    for attempt in fit[:_MOST_LOOKS]:
        found.append(_reading(attempt, chunks))
        if _standing(found[-1]) == _BEST:
            break
    found.sort(key=_standing)
    if found and found[0].recognised:
        return [one for one in found if one.recognised]
    troubled = {one.offer.name: one for one in reversed(tried) if one.trouble is not None}
    return [_refused(one) for one in troubled.values()]


_BEST = (False, False, False, False)


def _standing(one: Reading) -> tuple[bool, bool, bool, bool]:
    """Return what speaks against a reading, the weightiest first."""
    narrow = one.look is not None and one.look.narrow
    return not one.recognised, not (one.is_ecg and one.proven), not one.is_ecg, not narrow


def _fitness(attempt: Attempt) -> tuple[bool, bool, float]:
    return attempt.proof < UNDERSTOOD, attempt.strange_rate, -round(attempt.proof, 1)


def _reading(attempt: Attempt, chunks: Sequence[Chunk]) -> Reading:
    """Read all that was heard, and look at the signal."""
    offer, trial, options = attempt.offer, attempt.trial, dict(attempt.trial.options)
    decoder, by_chunk = decoded(offer, options, chunks)
    lead = first_lead([packet for some in by_chunk for packet in some])
    notes = [trial.doubt, note_of(decoder)]
    if trial.scale:
        factor = _likely_factor(lead)
        lead = lead * factor
        options[trial.scale] = factor * float(str(options[trial.scale]))
        notes.append(
            f"{trial.scale}={options[trial.scale]:g} is a guess that gives waves of a usual height;"
            " look the true one up"
        )
    rate: RateFrom
    told, measured = decoder.format.fs_hz, measured_hz(by_chunk, chunks)
    if told is not None and not attempt.strange_rate:
        look, rate = SignalLook.at(lead, told), "told"
    elif measured is not None:
        look, rate = SignalLook.at(lead, usual_rate(measured) or measured), "measured"
        notes.append(_note_measured(offer.name, options, measured, told))
    else:
        look, rate = assumed_rate(lead), "assumed"
        options["fs_hz"] = look.fs_hz
        notes.append(
            f"a capture tells no times: fs_hz={look.fs_hz:g} is assumed, as it gives a usual heart rate"
        )
    understood = share(decoder, by_chunk, sum(len(chunk.data) for chunk in chunks))
    return Reading(
        device=offer.name,
        title=offer.part.title,
        options=options,
        understood=understood,
        proof=understood - (attempt.understood - attempt.proof),
        frames=decoder.counters.frames,
        leads=decoder.format.leads,
        look=look,
        rate=rate,
        notes=tuple(filter(None, notes)),
        trouble=trouble_of(decoder),
    )


def _note_measured(device: str, options: dict[str, object], measured: float, told: float | None) -> str:
    """Say what was measured; put it into the options if it is a usual rate or goes against what is told."""
    usual = usual_rate(measured)
    if usual is None and told is None:
        return f"about {measured:.0f} samples a second come; fs_hz= makes the rate exact"
    better = {**options, "fs_hz": usual or round(measured, 1)}
    try:
        make_decoder(device, better)
    except SettingsError:
        return f"{measured:.0f} samples a second come, and not {told:g}"
    options.update(better)
    return f"{measured:.0f} samples a second come" + (f", and not {told:g}" if told is not None else "")


def _likely_factor(lead: NDArray[np.float64]) -> float:
    """Return what makes the waves of a signal as high as those of an ECG usually are, to two digits."""
    height = typical_height(lead)
    return float(f"{_TYPICAL_MV / height:.1e}") if height > 0 else 1.0


def _refused(attempt: Attempt) -> Reading:
    """Return what a device says that does not understand what was heard."""
    offer = attempt.offer
    return Reading(
        device=offer.name,
        title=offer.part.title,
        options=attempt.trial.options,
        understood=attempt.understood,
        proof=attempt.proof,
        trouble=attempt.trouble,
    )
