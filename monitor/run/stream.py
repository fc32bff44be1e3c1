"""One device as the rest of the program sees it: pipeline, alarms, recent samples, recent events."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ecgmon.monitor.alarms.engine import AlarmEngine
from ecgmon.monitor.alarms.settings import AlarmSettings
from ecgmon.monitor.core.blocks import as_block
from ecgmon.monitor.core.eventlog import EventLog
from ecgmon.monitor.core.events import (
    PIPELINE_HZ,
    Alarm,
    Event,
    HeartRate,
    SampleBlock,
    SettingsChange,
    SourceStatus,
)
from ecgmon.monitor.core.ring import RingBuffer
from ecgmon.monitor.dsp.resample import as_rate
from ecgmon.monitor.ingest.agreement import lead_words
from ecgmon.monitor.pipeline.pipeline import Pipeline, PipelineSettings
from ecgmon.monitor.run.companions import MOST_LEADS, Companions, row_name
from ecgmon.monitor.run.hearing import Hearing
from ecgmon.monitor.run.leads import by_row, shown_with

RING_S = 120.0
"""Seconds of signal that the ring buffer keeps for the window."""

UNSEEN_EVENTS = 500
"""Events kept of a stream at which nobody looks: enough for the service's own report."""


class Stream:
    """A device's pipeline, alarm engine, ring buffer and event log.

    One thread feeds it; `ring`, `log` and `status` may be read from any other.

    A device may change its rate or its leads: `change_rate` and `change_leads` go on with
    the same alarms, ring and log.

    Parameters
    ----------
    device : str
        Name of the device.
    fs_hz : float
        Sampling rate of the source in Hz.
    leads : tuple of str
        Names of the leads; the first is the one that is analysed.
    first_sample : int
        Source index of the first sample.
    pipeline : PipelineSettings
        Settings of the chain.
    alarms : AlarmSettings
        Settings of the alarm engine.
    all_leads : bool
        Keep the leads that are not analysed in the ring too, cleaned, for somebody who looks.
    shown : bool
        Somebody looks at the signal. If not, the ring stays empty and the log short: a
        ward's worth of streams then needs little memory.

    Attributes
    ----------
    shown_leads : tuple of str
        Names of the leads that the ring holds, by row, the analysed one first.
    busy_s : float
        Seconds of processor time spent on this device so far.

    Raises
    ------
    SignalError
        If the rate cannot be served.
    """

    def __init__(
        self,
        device: str,
        fs_hz: float,
        leads: tuple[str, ...] = ("ECG",),
        *,
        first_sample: int = 0,
        pipeline: PipelineSettings | None = None,
        alarms: AlarmSettings | None = None,
        all_leads: bool = False,
        shown: bool = True,
    ) -> None:
        self.device = device
        fs_hz = as_rate(fs_hz)
        self.fs_hz = fs_hz
        self.leads = leads
        self.first_sample = first_sample
        self._most_shown = MOST_LEADS if all_leads else 1
        self.shown_leads = leads[: self._most_shown]
        self._settings = pipeline or PipelineSettings()
        self.ring = _ring(len(self.shown_leads), RING_S if shown else 0.0)
        self._shown = shown
        self.log = EventLog() if shown else EventLog(UNSEEN_EVENTS)
        self.status: SourceStatus | None = None
        self.hearing = Hearing()
        self.busy_s = 0.0
        self.pipeline = self._pipeline_at(fs_hz)
        self._companions = self._companions_at(fs_hz)
        self.alarms = AlarmEngine(alarms or AlarmSettings(), device=device, fs_hz=fs_hz)

    def process(
        self,
        block: SampleBlock | ArrayLike,
        *,
        start: int | None = None,
        gain: ArrayLike | None = None,
        zero: ArrayLike = 0.0,
    ) -> list[Event]:
        """Take the next samples and return what they made known, alarms included.

        Parameters
        ----------
        block : SampleBlock or array
            Samples of this device, in any shape that `ecgmon.Pipeline.process` takes.
        start : int, optional
            Index of an array's first sample, as there.
        gain, zero : float or array of shape (n_leads,)
            What an array of whole numbers means, as there.

        Returns
        -------
        list of Event
            What became known.

        Raises
        ------
        SignalError
            The block has another rate than the stream, or it cannot be told what the values
            mean.
        """
        begin = time.thread_time()
        block = as_block(
            block,
            fs_hz=self.fs_hz,
            following=max(self.pipeline.processed, self.first_sample),
            start=start,
            gain=gain,
            zero=zero,
            leads=self.leads if len(self.leads) > 1 else None,
            device=self.device,
        )
        ended = self.end_alarms() if block.rewound else []
        events = [*ended, *self._with_alarms(self.pipeline.process(block))]
        self._companions.process(by_row(block, self.shown_leads))
        self.busy_s += time.thread_time() - begin
        return events

    def report(self, status: SourceStatus) -> list[Event]:
        """Take news of the link and return it, as of now, with the alarms it raised or cleared."""
        at = self.pipeline.processed
        if status.known_at != at:  # its source may be ahead, or already at another rate
            status = replace(status, sample=at, time_s=at / self.fs_hz, known_at=at)
        self.status = status
        return self._with_alarms([status])

    def act(self, action: Callable[[AlarmEngine], Sequence[Alarm]]) -> list[Event]:
        """Let somebody acknowledge or silence alarms; return the transitions."""
        alarms: list[Event] = list(action(self.alarms))
        self.log.extend(alarms)
        return alarms

    def renew(self) -> None:
        """Begin the analysis afresh, as after a fault in it; alarms, ring and log stay."""
        self.pipeline = self._pipeline_at(self.fs_hz)
        self._companions = self._companions_at(self.fs_hz)

    def unknown_rate(self) -> HeartRate:
        """Say, and log, that the heart rate is not known from here on."""
        at = self.pipeline.processed
        event = HeartRate(sample=at, time_s=at / self.fs_hz, known_at=at, device=self.device, bpm=None)
        self.log.extend([event])
        return event

    def finish(self) -> list[Event]:
        """Give out what the end of the stream makes final."""
        return self._with_alarms(self.pipeline.finish())

    def change_rate(self, fs_hz: float, start: int) -> list[Event]:
        """Go on at another rate, at the same second; patient memory and alarms stay.

        Parameters
        ----------
        fs_hz : float
            The new rate in Hz.
        start : int
            Index, at the new rate, of the first sample to come.

        Returns
        -------
        list of Event
            What the end of the signal at the old rate makes known, at that rate, and the change
            itself.

        Raises
        ------
        SignalError
            The rate cannot be served; nothing has changed.
        """
        fs_hz = as_rate(fs_hz)
        pipeline, before, was_hz = self._pipeline_at(fs_hz), self.pipeline, self.fs_hz
        lost = before.processed
        again = max(lost, round(start / fs_hz * was_hz))
        ended = self._with_alarms(before.break_off(again, "rate_change"))
        pipeline.remember(before.patient_memory(), (again - lost) / was_hz)
        self.first_sample = round(self.first_sample / was_hz * fs_hz)
        self.fs_hz = fs_hz
        self.pipeline = pipeline
        self._companions = self._companions_at(fs_hz)
        self.alarms.follow(fs_hz)
        return [*ended, *self._changed(start, f"sampled at {fs_hz:g} Hz, was {was_hz:g} Hz")]

    def change_leads(self, leads: tuple[str, ...], start: int) -> list[Event]:
        """Go on with other leads; if the analysed one is gone, the first is analysed in its place.

        Parameters
        ----------
        leads : tuple of str
            Names of the leads to come, the one to be analysed first.
        start : int
            Index of the first sample to come.
        """
        before, self.leads = self.leads, leads
        shown = shown_with(self.shown_leads, leads, self._most_shown)
        for lead, name in enumerate(shown):
            if self.shown_leads[lead : lead + 1] != (name,):
                self.ring.renew(row_name("raw", lead), np.nan)
                self.ring.renew(row_name("clean", lead), np.nan)
        if shown != self.shown_leads:
            self.shown_leads = shown
            self._companions = self._companions_at(self.fs_hz)
        detail = f"{lead_words(leads)} in place of {lead_words(before)}"
        if leads[0] != before[0]:
            detail += f"; {lead_words(leads[:1])} is analysed, as {lead_words(before[:1])} is gone"
        return self._changed(start, detail)

    def take_over(self, state: dict[str, Any]) -> list[Event]:
        """Take over the open alarms of an earlier run, which may have had another rate.

        Parameters
        ----------
        state : dict
            ``alarms`` and ``away_s``, as `ecgmon.monitor.headless.open_alarms` keeps them.

        Raises
        ------
        KeyError, TypeError, ValueError
            The state is of another version or damaged; nothing is taken over.
        """
        fs_hz = float(state["alarms"]["fs_hz"])
        if not fs_hz > 0:
            raise ValueError(f"alarms at {fs_hz} Hz")
        engine = AlarmEngine(self.alarms.settings, self.device, fs_hz)
        engine.follow(self.fs_hz)
        alarms: list[Event] = list(engine.take_over(state["alarms"], state["away_s"]))
        self.alarms = engine
        self.log.extend(alarms)
        return alarms

    def end_alarms(self) -> list[Event]:
        """End all alarms visibly: a replay was wound to another place."""
        ended = self.act(lambda engine: [*engine.rewind(), *engine.acknowledge()])
        self.alarms = AlarmEngine(self.alarms.settings, device=self.device, fs_hz=self.fs_hz)
        return ended

    def _pipeline_at(self, fs_hz: float) -> Pipeline:
        ring = self.ring if self._shown else None
        return Pipeline(self._settings, fs_hz=fs_hz, device=self.device, ring=ring)

    def _companions_at(self, fs_hz: float) -> Companions:
        return Companions(len(self.shown_leads), self.ring, self._settings, fs_hz)

    def _changed(self, start: int, detail: str) -> list[Event]:
        """Return, and log, that the device sends in another form from a sample on."""
        change = SettingsChange(
            sample=start, time_s=start / self.fs_hz, known_at=start, device=self.device, detail=detail
        )
        self.log.extend([change])
        return [change]

    def _with_alarms(self, events: list[Event]) -> list[Event]:
        alarms = self.alarms.process(events, self.pipeline.settled)
        if alarms:
            events = sorted([*events, *alarms], key=lambda event: event.known_at)
        self.log.extend(events)
        return events


def _ring(leads: int, seconds: float) -> RingBuffer:
    """Return a ring with a raw and a clean row for each lead, and one for the attribution."""
    rows = {row_name(kind, lead): np.nan for lead in range(max(leads, 1)) for kind in ("raw", "clean")}
    return RingBuffer(max(1, int(seconds * PIPELINE_HZ)), {**rows, "attribution": 0.0})
