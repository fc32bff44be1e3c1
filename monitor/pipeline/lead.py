"""The front chain that every lead goes through, whether it is analysed or only looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.ring import RingBuffer
from ecgmon.monitor.dsp.front_end import FrontEnd, FrontEndSettings
from ecgmon.monitor.dsp.holes import Hole, HoleFiller, HoleSettings
from ecgmon.monitor.dsp.hum import HumFilter
from ecgmon.monitor.dsp.operator import Operator, Samples
from ecgmon.monitor.dsp.resample import MaskResampler, Resampler, ResampleSettings
from ecgmon.monitor.dsp.sanitise import Mask, Sanitiser, SanitiseSettings
from ecgmon.monitor.dsp.source_faults import SourceSignal

RECENT = round(5.0 * PIPELINE_HZ)
"""Pipeline samples for which it is remembered where nothing was seen: no beat is known so late."""


class LeadSettings(Settings):
    """Settings of the `Lead`.

    Parameters
    ----------
    sanitise : SanitiseSettings
        What is no sample.
    holes : HoleSettings
        What is done where samples are missing.
    resample : ResampleSettings
        How the source's rate becomes 360 Hz.
    front_end : FrontEndSettings
        Filters and denoiser.
    """

    sanitise: SanitiseSettings = Field(default_factory=SanitiseSettings)
    holes: HoleSettings = Field(default_factory=HoleSettings)
    resample: ResampleSettings = Field(default_factory=ResampleSettings)
    front_end: FrontEndSettings = Field(default_factory=FrontEndSettings)


@dataclass(frozen=True, slots=True, eq=False)
class LeadSignal:
    """What became known of a lead's signal, at 360 Hz.

    Parameters
    ----------
    first : int
        Pipeline index of the first raw sample.
    raw : array of shape (n,)
        Finite samples in millivolts, as they came but for the rate.
    quiet : array of shape (n,)
        The same without hum, if it is to be cut: what is assessed and searched for beats.
    missing, off : bool array of shape (n,)
        Where raw samples were replaced, and where an electrode was off.
    clean_from : int
        Pipeline index of the first clean sample.
    clean : array of shape (m,)
        Filtered and denoised samples in millivolts; they are later than the raw ones.
    source : SourceSignal
        The samples as the source sent them, by which this became known.
    holes : sequence of Hole
        Those that became known, in their order.
    unseen : sequence of (int, int)
        Pipeline indices of the holes that are not bridged, of late: nothing is known of the signal there.
    """

    first: int
    raw: Samples
    quiet: Samples
    missing: Mask
    off: Mask
    clean_from: int
    clean: Samples
    source: SourceSignal
    holes: Sequence[Hole] = ()
    unseen: Sequence[tuple[int, int]] = ()

    def write(self, ring: RingBuffer, raw_row: str, clean_row: str) -> None:
        """Write the signal to two rows of a ring.

        A missing sample is not a number in the raw row. In the clean one the line goes on through a hole that
        is bridged.
        """
        ring.write(raw_row, self.first, np.where(self.missing, np.nan, self.raw))
        clean, size = self.clean, self.clean.size
        for start, end in self.unseen:
            begin, stop = (min(max(at - self.clean_from, 0), size) for at in (start, end))
            if begin < stop:
                clean = clean.copy() if clean is self.clean else clean
                clean[begin:stop] = np.nan
        ring.write(clean_row, self.clean_from, clean)


@dataclass(slots=True)
class LeadState:
    """Pipeline indices of the holes that are not bridged, of late."""

    unseen: list[tuple[int, int]] = field(default_factory=list)


class Lead(Operator[LeadSettings, LeadState, [Samples, bool], LeadSignal]):
    """Takes out what is no sample, fills the holes, brings the rest to 360 Hz, and cleans it.

    Parameters
    ----------
    fs_hz : float
        Sampling rate of the source in Hz.
    settings : LeadSettings, optional
        Settings of the parts.

    Raises
    ------
    ValueError
        If the rate cannot be served.
    """

    def __init__(self, fs_hz: float, settings: LeadSettings | None = None) -> None:
        settings = settings or LeadSettings()
        self._sanitiser = Sanitiser(settings.sanitise)
        self._resampler = Resampler(fs_hz, settings.resample)
        self._holes = HoleFiller(settings.holes, fs_hz)
        self._missing = MaskResampler(fs_hz, settings.resample)
        self._off = MaskResampler(fs_hz, settings.resample)
        self._hum = HumFilter(settings.front_end.filters, fs_hz)
        self._front_end = FrontEnd(settings.front_end)
        super().__init__(
            settings,
            sanitiser=self._sanitiser,
            holes=self._holes,
            resampler=self._resampler,
            missing=self._missing,
            off=self._off,
            hum=self._hum,
            front_end=self._front_end,
        )

    @property
    def delay_samples(self) -> float:
        """Samples, at the source's rate, that must follow before a clean one is known."""
        clean_s = self.clean_delay / PIPELINE_HZ
        return self._resampler.delay_samples + clean_s * self._resampler.fs_in_hz

    @property
    def clean_delay(self) -> int:
        """Samples at 360 Hz by which the clean signal is later than the raw one."""
        return int(self._front_end.delay_samples)

    @property
    def position(self) -> int:
        """Pipeline index of the next raw sample."""
        return self._resampler.next_output_index

    @property
    def settled(self) -> int:
        """Source index just behind the last sample that was given on: a hole may be open behind it."""
        return self._holes.settled

    @property
    def open_since(self) -> int:
        """Source index of the first sample of an open hole that was not told; without one, of the next."""
        return self._holes.open_since

    def spans(self, count: int) -> bool:
        """Tell whether so many lost samples can be filled; otherwise the lead is to be reset."""
        return self._holes.spans(count)

    def lose(self, count: int) -> None:
        """Take the loss of the next ``count`` samples."""
        self._holes.lose(count)

    def input_needed(self, index: int) -> int:
        """Return the source index of the sample with which a raw one is complete."""
        return self._holes.known_with(self._resampler.input_needed(index))

    def first_without(self, index: int) -> int:
        """Return the pipeline index of the first raw sample that one of the source is needed for."""
        return self._resampler.first_without(index)

    def process(self, samples: Samples, lead_off: bool = False) -> LeadSignal:
        """Take the next samples.

        Parameters
        ----------
        samples : array of shape (n,)
            In millivolts at the source's rate, any value.
        lead_off : bool
            The device says that an electrode is off.
        """
        finite, replaced = self._sanitiser.process(samples)
        holes: Sequence[Hole] = ()
        if finite is samples and self._holes.is_closed:  # the very array comes back if all are good
            self._holes.take_good(finite)
            filled, gone = finite, None
        else:
            filled, replaced, holes = self._holes.process(finite, replaced)
            gone = replaced
        source = SourceSignal(self._resampler.next_input_index, filled, gone)
        first = self._resampler.next_output_index
        raw = self._resampler.process(filled)
        missing = self._missing.process(replaced)
        marks = np.ones if lead_off else np.zeros
        off = self._off.process(marks(filled.size, dtype=np.bool_))
        quiet = self._hum.process(raw)
        clean_from = self._front_end.position
        clean = self._front_end.process(quiet)
        held_from = self._holes.held_from
        unseen: Sequence[tuple[int, int]] = ()
        if holes or self.state.unseen or held_from is not None:
            unseen = self._unseen(holes, held_from, first)
        return LeadSignal(first, raw, quiet, missing, off, clean_from, clean, source, holes, unseen)

    def _unseen(self, holes: Sequence[Hole], held_from: int | None, position: int) -> list[tuple[int, int]]:
        """Return where nothing was seen of late; what lies long before a pipeline index is forgotten."""
        oldest = position - RECENT
        new = [self._stretch(hole.start, hole.end) for hole in holes if not hole.bridged]
        self.state.unseen = [*(kept for kept in self.state.unseen if kept[1] >= oldest), *new]
        if held_from is None:
            return self.state.unseen
        return [*self.state.unseen, self._stretch(held_from, self.settled)]

    def _stretch(self, start: int, end: int) -> tuple[int, int]:
        """Return the pipeline indices nearest to two of the source."""
        ratio = PIPELINE_HZ / self._resampler.fs_in_hz
        return round(start * ratio), round(end * ratio)

    def reset(self, start: int = 0) -> None:
        """Forget the past; the next sample has absolute index ``start`` at the source's rate."""
        super().reset(start)
        for part in (self._hum, self._front_end):
            part.reset(self.position)

    def fresh(self, start: int) -> LeadState:  # noqa: ARG002 - the parts know where they are
        """Return the state before the sample of source index ``start``; the parts have the others."""
        return LeadState()
