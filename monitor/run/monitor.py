"""The loop: takes blocks from sources, runs each device's stream, hands events to outputs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

from ecgmon.monitor.alarms.engine import AlarmEngine
from ecgmon.monitor.core.errors import EcgmonError, SignalError
from ecgmon.monitor.core.events import (
    Alarm,
    Event,
    Forgotten,
    LinkState,
    SampleBlock,
    SettingsChange,
    SourceStatus,
)
from ecgmon.monitor.core.startup import started
from ecgmon.monitor.ingest.base import Source
from ecgmon.monitor.ingest.left_out import LeftOutNews
from ecgmon.monitor.outputs.base import Output
from ecgmon.monitor.outputs.fan import OutputFan
from ecgmon.monitor.run.awaited import TICKS_HZ, Awaited
from ecgmon.monitor.run.follower import Followers
from ecgmon.monitor.run.intake import Intake
from ecgmon.monitor.run.leads import in_order
from ecgmon.monitor.run.names import DeviceNames
from ecgmon.monitor.run.presence import Presence, news_of
from ecgmon.monitor.run.quarantine import Quarantine
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.monitor.run.stream import Stream
from ecgmon.monitor.run.summary import Summary

LOG = logging.getLogger(__name__)

WATCH_PERIOD_S = 0.25


class Monitor:
    """Join sources, streams and outputs until the sources end or somebody stops it.

    A source that fails is tried again; a device whose analysis fails is set apart for a while.
    Neither costs the others anything, and each has an alarm.

    Parameters
    ----------
    settings : MonitorSettings
        Settings of pipeline, alarms and the rest.
    sources : sequence of Source
        Where blocks come from.
    outputs : sequence of Output
        Where events go, in this order: what stores comes before what announces.
    duration_s : float, optional
        Stop after so much signal of each device.
    all_leads : bool
        Keep the leads that are not analysed in the rings too, for somebody who looks.
    shown : bool
        Somebody looks at the streams; as in `Stream`.

    Attributes
    ----------
    streams : dict of str to Stream
        The devices heard so far. Safe to read from other threads.
    summary : Summary
        Counts of the run.
    finished : bool
        The run has come to its end, and what it found is written.
    """

    def __init__(
        self,
        settings: MonitorSettings,
        sources: Sequence[Source],
        outputs: Sequence[Output] = (),
        *,
        duration_s: float | None = None,
        all_leads: bool = False,
        shown: bool = True,
    ) -> None:
        self.settings = settings
        self.sources = list(sources)
        self.outputs = list(outputs)
        self._fan = OutputFan(outputs)
        self.duration_s = duration_s
        self._all_leads = all_leads
        self._shown = shown
        self.streams: dict[str, Stream] = {}
        self.summary = Summary()
        self.finished = False
        self._names = DeviceNames(self.sources)
        self._presence = Presence(
            lambda: self.streams,
            lambda device: self.settings.alarms_of(device),  # noqa: PLW0108 - settings are exchanged
            self._emit,
        )
        self._quarantine = Quarantine()
        self._followers = Followers(self.sources, self, wait=settings.waits)
        self._intakes: dict[str, Intake] = {}
        self._remembered: dict[str, dict[str, Any]] = {}
        self._patient_memory: Callable[[str], dict[str, Any] | None] = lambda _: None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopped = threading.Event()

    @property
    def awaited(self) -> dict[str, Awaited]:
        """Devices and links that there is news of, but never a sample. Safe to read as `streams` is."""
        return self._presence.awaited

    async def run(self) -> None:
        """Run until every source has ended or `stop` is called.

        Raises
        ------
        EcgmonError
            If a source can never work, a recording could not be read, or an output cannot be written.
        """
        started()
        self._loop = asyncio.get_running_loop()
        with ExitStack() as outputs:
            for output in self.outputs:
                outputs.enter_context(output)
            self._task = asyncio.create_task(self._run_sources())
            if self._stopped.is_set():
                self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            for stream in self.streams.values():
                self._emit(stream, stream.finish())
        self.finished = True
        spoilt = self._followers.spoilt()
        if spoilt is not None and not self._stopped.is_set():
            raise spoilt

    def stop(self) -> None:
        """End the run cleanly; may be called from any thread or a signal handler."""
        self._stopped.set()
        loop, task = self._loop, self._task
        if loop is not None and task is not None and not loop.is_closed():
            loop.call_soon_threadsafe(task.cancel)

    def acknowledge(self, device: str, kind: str | None = None) -> None:
        """Acknowledge one kind of alarm of a device, or all; from any thread."""
        self._act(device, lambda engine: engine.acknowledge(kind))

    def silence(self, device: str, seconds: float = 120.0) -> None:
        """Silence the present alarms of a device for a while; from any thread."""
        self._act(device, lambda engine: engine.silence(seconds))

    def pause(self, device: str, seconds: float = 120.0) -> None:
        """Pause the alarm signals of a device, new ones too unless of high priority; from any thread."""
        self._act(device, lambda engine: engine.pause(seconds))

    def resume(self, device: str) -> None:
        """End a pause and all silences of a device; from any thread."""
        self._act(device, lambda engine: engine.resume())

    def change_alarms(self, settings: MonitorSettings) -> None:
        """Go on with the alarms and patients of other settings; open alarms stay."""
        changes = {"alarms": settings.alarms, "patients": settings.patients}
        self.settings = self.settings.model_copy(update=changes)
        for stream in self.streams.values():
            rules = self.settings.alarms_of(stream.device)
            differences = stream.alarms.settings.differences(rules)
            if differences:
                at = stream.pipeline.processed
                change = SettingsChange(
                    sample=at,
                    time_s=at / stream.fs_hz,
                    known_at=at,
                    device=stream.device,
                    detail="; ".join(differences),
                )
                alarms = stream.act(partial(AlarmEngine.reconfigure, settings=rules))
                self._emit(stream, [change, *alarms])

    def remember(
        self,
        devices: Mapping[str, dict[str, Any]],
        patient_memory: Callable[[str], dict[str, Any] | None] = lambda _: None,
    ) -> None:
        """Take what an earlier run left, to go on from when a device is heard again.

        Parameters
        ----------
        devices : mapping of str to dict
            Open alarms by device, as `ecgmon.monitor.headless.open_alarms` keeps them.
        patient_memory : callable
            Gives what was learned of a device's patient, None if nothing is known.
        """
        self._remembered = dict(devices)
        self._patient_memory = patient_memory

    def origin(self, device: str) -> str:
        """Return who has a name, see `DeviceNames.origin`."""
        return self._names.origin(device)

    def problems(self) -> dict[str, str | None]:
        """Return, by kind of alarm, what is wrong with the outputs; None where all is well."""
        return self._fan.problems()

    def _act(self, device: str, action: Callable[[AlarmEngine], Sequence[Alarm]]) -> None:
        def apply() -> None:
            whose = self._presence.of(device)
            if whose is not None:
                self._emit(whose, whose.act(action))

        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(apply)

    async def _run_sources(self) -> None:
        watch = asyncio.create_task(self._watch())
        sources = asyncio.create_task(self._followers.run())
        try:
            await asyncio.wait((watch, sources), return_when=asyncio.FIRST_COMPLETED)
            if watch.done():
                watch.result()
            sources.result()
        finally:
            watch.cancel()
            sources.cancel()
            await asyncio.gather(watch, sources, return_exceptions=True)
        errors = self._followers.errors()
        if errors and len(errors) == len(self.sources):
            raise errors[0]

    def take(self, item: SampleBlock | SourceStatus, *, live: bool, source: str = "") -> bool:
        """Take what a source of a name gave; return whether its device has been heard for long enough."""
        item = self._names.told_apart(source, item)
        if isinstance(item, Forgotten):
            self._forget(item)
            return False
        if isinstance(item, SourceStatus):
            self._presence.report(item)
            return False
        if live and self._quarantine.holds(item.device):
            self._presence.hear(item.device)
            return False
        return self._feed(item, live=live)

    def source_failed(self, source: Source, reason: str, *, again: bool) -> None:
        """Report that a source does not work, and raise its alarm if it is tried again."""
        state: LinkState = "ended"
        if again:
            state = "reconnecting" if source.name in self.streams else "connecting"
            self._presence.expect(source.name)
            self._raise_source_alarm(source, reason)
        detail = f"{reason} Trying again." if again else reason
        self._presence.say(source.name, state, detail)

    def source_started(self, source: Source) -> None:
        """End the alarm of a source that works now."""
        self._raise_source_alarm(source, None)

    def source_ended(self, source: Source) -> None:
        """Report that a live source has ended; of devices that were heard, their silence tells."""
        if source.name not in self.streams:
            self._presence.say(source.name, "silent", f"{source.name} has ended")

    def _raise_source_alarm(self, source: Source, reason: str | None) -> None:
        whose = self._presence.of(source.name)
        if whose is not None:
            message = f"Source failed: {reason}" if reason is not None else "The source works"
            alarms = whose.act(lambda engine: engine.report("source_failed", reason is not None, message))
            self._emit(whose, alarms)

    def _forget(self, status: Forgotten) -> None:
        """End the stream of a device that was next to nothing; its alarms end visibly."""
        stream = self.streams.get(status.device)
        if stream is not None:
            self._emit(stream, stream.end_alarms())
        self.streams = {name: other for name, other in self.streams.items() if other is not stream}
        self._presence.forget(status.device)
        self._intakes.pop(status.device, None)
        self._names.forget(status.device)
        self._write([status])

    def _feed(self, block: SampleBlock, *, live: bool) -> bool:
        """Process a block; return whether the device has been heard for long enough."""
        intake = self._intakes.get(block.device)
        if intake is None:
            intake = self._intakes[block.device] = Intake(live=live)
        taken = intake.take(block, time.monotonic())
        for left_out in intake.news():
            self._tell(block.device, left_out)
        for part in taken:
            enough = self._process(part, live=live)
        return bool(taken) and enough

    def _tell(self, device: str, left_out: LeftOutNews) -> None:
        """Report what became of blocks that do not fit."""
        stream = self.streams.get(device)
        if stream is not None:
            status = news_of(stream, "streaming", left_out.detail)
            self._presence.report(replace(status, health={"left_out_s": left_out.seconds}))

    def _process(self, block: SampleBlock, *, live: bool) -> bool:
        stream = self._stream_of(block, live=live)
        if stream is None:
            return False
        block = in_order(block, stream.leads)
        if not self._go_along(stream, block, live=live):
            return False
        if live:
            self._presence.hear(stream.device)
            stream.hearing.hear()
        self._fan.take(block)
        self.summary.signal(block.samples_mv.shape[1] / block.fs_hz)
        self._emit(stream, self._analysed(stream, block, live=live))
        heard = stream.pipeline.processed - stream.first_sample
        return self.duration_s is not None and heard >= self.duration_s * block.fs_hz

    def _go_along(self, stream: Stream, block: SampleBlock, *, live: bool) -> bool:
        """Let a stream change its rate and leads with its device; return whether it can.

        Raises
        ------
        SignalError
            What is not live goes on at a rate that cannot be served.
        """
        if block.fs_hz != stream.fs_hz:
            was_hz = stream.fs_hz
            try:
                events = stream.change_rate(block.fs_hz, block.start)
            except SignalError as error:
                if not live:
                    raise
                self._presence.refuse(stream.device, str(error))
                return False
            self.summary.add(events, was_hz)
            self._write(events)
        if block.leads != stream.leads:
            self._emit(stream, stream.change_leads(block.leads, block.start))
        return True

    def _analysed(self, stream: Stream, block: SampleBlock, *, live: bool) -> list[Event]:
        """Process a block; a live device whose analysis fails is set apart, and begins afresh later."""
        try:
            if self._quarantine.release(stream.device):
                stream.renew()
            events = stream.process(block)
        except Exception as error:
            if not live or isinstance(error, EcgmonError):
                raise
            return self._set_apart(stream, error)
        if self._presence.unserved.pop(stream.device, None) is not None:
            events += stream.report(news_of(stream, "streaming", "the device is analysed again"))
        return events

    def _set_apart(self, stream: Stream, error: Exception) -> list[Event]:
        wait_s = self._quarantine.put(stream.device)
        LOG.error("The analysis of %s fails.", stream.device, exc_info=error)
        reason = f"its analysis fails with {error!r}; it begins afresh in {wait_s:.0f} s"
        self._presence.unserved[stream.device] = reason
        return [stream.unknown_rate(), *stream.report(news_of(stream, "unreadable", reason))]

    def _stream_of(self, block: SampleBlock, *, live: bool) -> Stream | None:
        """Return the block's stream, a new one for a device that was not heard before.

        Raises
        ------
        SignalError
            What is not live is sampled at a rate that cannot be served: its end would look
            like a success.
        """
        if block.device in self.streams:
            return self.streams[block.device]
        try:
            stream = Stream(
                block.device,
                block.fs_hz,
                block.leads,
                first_sample=block.start,
                pipeline=self.settings.pipeline,
                alarms=self.settings.alarms_of(block.device),
                all_leads=self._all_leads,
                shown=self._shown,
            )
        except Exception as error:
            if not live or not (isinstance(error, SignalError) or self.streams):
                raise
            self._presence.refuse(block.device, str(error))
            return None
        self.streams = {**self.streams, block.device: stream}
        self._resume(stream)
        self._presence.meet(stream)
        return stream

    def _resume(self, stream: Stream) -> None:
        """Go on with what the last run had learned of a device's patient, and with its open alarms."""
        memory = self._patient_memory(stream.device)
        if memory is not None:
            try:
                stream.pipeline.remember(memory, memory.get("away_s", 0.0))
                LOG.info("%s: goes on with what was learned of this patient.", stream.device)
            except (KeyError, TypeError, ValueError) as error:
                LOG.warning("%s: begins without what was learned before: %s.", stream.device, error)
        state = self._remembered.pop(stream.device, None)
        if state is None or state.get("origin", "") not in ("", self.origin(stream.device)):
            return
        with contextlib.suppress(KeyError, TypeError, ValueError):  # of another version: begin without
            self._emit(stream, stream.take_over(state))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_PERIOD_S)
            self._presence.watch(WATCH_PERIOD_S)
            self._report_problems()

    def _report_problems(self) -> None:
        """Raise or end the alarms of outputs that do not work."""
        for kind, problem in self._fan.problems().items():
            for whose in self._presence.all():
                self._emit(whose, whose.act(partial(_report_problem, kind=kind, problem=problem)))

    def _emit(self, whose: Stream | Awaited | None, events: Sequence[Event]) -> None:
        self.summary.add(events, whose.fs_hz if isinstance(whose, Stream) else TICKS_HZ)
        self._write(events)

    def _write(self, events: Sequence[Event]) -> None:
        self._fan.write(events)


def _report_problem(engine: AlarmEngine, *, kind: str, problem: str | None) -> list[Alarm]:
    return engine.report(kind, problem is not None, problem or "It works again")
