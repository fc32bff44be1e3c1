"""The front chain that every lead goes through, whether it is analysed or only looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.ring import RingBuffer
from ecgmon.monitor.core.stateful import NoState
from ecgmon.monitor.dsp.front_end import FrontEnd, FrontEndSettings
from ecgmon.monitor.dsp.hum import HumFilter
from ecgmon.monitor.dsp.operator import Operator, Samples
from ecgmon.monitor.dsp.resample import MaskResampler, Resampler, ResampleSettings
from ecgmon.monitor.dsp.sanitise import Mask, Sanitiser, SanitiseSettings
from ecgmon.monitor.dsp.source_faults import SourceSignal


class LeadSettings(Settings):
    """Settings of the `Lead`.

    Parameters
    ----------
    sanitise : SanitiseSettings
        What is no sample.
    resample : ResampleSettings
        How the source's rate becomes 360 Hz.
    front_end : FrontEndSettings
        Filters and denoiser.
    """

    sanitise: SanitiseSettings = Field(default_factory=SanitiseSettings)
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
    """

    first: int
    raw: Samples
    quiet: Samples
    missing: Mask
    off: Mask
    clean_from: int
    clean: Samples
    source: SourceSignal

    def write(self, ring: RingBuffer, raw_row: str, clean_row: str) -> None:
        """Write the signal to two rows of a ring; a missing sample is not a number there."""
        ring.write(raw_row, self.first, np.where(self.missing, np.nan, self.raw))
        ring.write(clean_row, self.clean_from, self.clean)


class Lead(Operator[LeadSettings, NoState, [Samples, bool], LeadSignal]):
    """Takes out what is no sample, brings the rest to 360 Hz, and cleans it.

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
        self._missing = MaskResampler(fs_hz, settings.resample)
        self._off = MaskResampler(fs_hz, settings.resample)
        self._hum = HumFilter(settings.front_end.filters, fs_hz)
        self._front_end = FrontEnd(settings.front_end)
        super().__init__(
            settings,
            sanitiser=self._sanitiser,
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

    def input_needed(self, index: int) -> int:
        """Return the source index of the sample that completes a raw one."""
        return self._resampler.input_needed(index)

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
        gone = None if finite is samples else replaced  # the very array comes back if all are good
        source = SourceSignal(self._resampler.next_input_index, finite, gone)
        first = self._resampler.next_output_index
        raw = self._resampler.process(finite)
        missing = self._missing.process(replaced)
        marks = np.ones if lead_off else np.zeros
        off = self._off.process(marks(samples.size, dtype=np.bool_))
        quiet = self._hum.process(raw)
        clean_from = self._front_end.position
        clean = self._front_end.process(quiet)
        return LeadSignal(first, raw, quiet, missing, off, clean_from, clean, source)

    def reset(self, start: int = 0) -> None:
        """Forget the past; the next sample has absolute index ``start`` at the source's rate."""
        super().reset(start)
        for part in (self._hum, self._front_end):
            part.reset(self.position)

    def fresh(self, start: int) -> NoState:  # noqa: ARG002 - the parts know where they are
        """Return the only state there is; the parts have the others."""
        return NoState()
