"""One device as the rest of the program sees it: pipeline, alarms, recent samples, recent events."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ecgmon.monitor.alarms.engine import AlarmEngine
from ecgmon.monitor.alarms.settings import AlarmSettings
from ecgmon.monitor.core.blocks import as_block
from ecgmon.monitor.core.eventlog import EventLog
from ecgmon.monitor.core.events import PIPELINE_HZ, Alarm, Event, SampleBlock, SourceStatus
from ecgmon.monitor.core.ring import RingBuffer
from ecgmon.monitor.dsp.resample import as_rate
from ecgmon.monitor.pipeline.pipeline import Pipeline, PipelineSettings
from ecgmon.monitor.run.companions import MOST_LEADS, Companions, row_name

RING_S = 120.0
"""Seconds of signal that the ring buffer keeps for the window."""

UNSEEN_EVENTS = 500
"""Events kept of a stream at which nobody looks: enough for the service's own report."""


class Stream:
    """A device's pipeline, alarm engine, ring buffer and event log.

    One thread feeds it; `ring`, `log` and `status` may be read from any other.

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
        Names of the leads that the ring holds, the analysed one first.
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
        self.shown_leads = leads[:MOST_LEADS] if all_leads else leads[:1]
        self.ring = _ring(len(self.shown_leads), RING_S if shown else 0.0)
        self.log = EventLog() if shown else EventLog(UNSEEN_EVENTS)
        self.status: SourceStatus | None = None
        self.busy_s = 0.0
        self.pipeline = Pipeline(pipeline, fs_hz=fs_hz, device=device, ring=self.ring if shown else None)
        self._companions = Companions(len(self.shown_leads), self.ring, pipeline or PipelineSettings(), fs_hz)
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
        self._companions.process(block)
        self.busy_s += time.thread_time() - begin
        return events

    def report(self, status: SourceStatus) -> list[Event]:
        """Take news of the link and return it with the alarms it raised or cleared."""
        self.status = status
        return self._with_alarms([status])

    def act(self, action: Callable[[AlarmEngine], Sequence[Alarm]]) -> list[Event]:
        """Let somebody acknowledge or silence alarms; return the transitions."""
        alarms: list[Event] = list(action(self.alarms))
        self.log.extend(alarms)
        return alarms

    def finish(self) -> list[Event]:
        """Give out what the end of the stream makes final."""
        return self._with_alarms(self.pipeline.finish())

    def end_alarms(self) -> list[Event]:
        """End all alarms visibly: the signal begins anew, at another place or rate."""
        ended = self.act(lambda engine: [*engine.rewind(), *engine.acknowledge()])
        self.alarms = AlarmEngine(self.alarms.settings, device=self.device, fs_hz=self.fs_hz)
        return ended

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
