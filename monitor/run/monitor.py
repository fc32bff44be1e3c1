"""The loop: takes blocks from sources, runs each device's stream, hands events to outputs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

from ecgmon.monitor.alarms.engine import AlarmEngine
from ecgmon.monitor.core.errors import EcgmonError, OutputError, SignalError
from ecgmon.monitor.core.events import Alarm, Event, LinkState, SampleBlock, SettingsChange, SourceStatus
from ecgmon.monitor.core.startup import started
from ecgmon.monitor.ingest.base import Forgotten, Source
from ecgmon.monitor.ingest.left_out import LeftOutNews
from ecgmon.monitor.outputs.base import Output
from ecgmon.monitor.outputs.fan import OutputFan
from ecgmon.monitor.run.intake import Intake
from ecgmon.monitor.run.leads import in_order
from ecgmon.monitor.run.names import DeviceNames
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.monitor.run.stream import Stream
from ecgmon.monitor.run.summary import Summary

LOG = logging.getLogger(__name__)

SILENT_AFTER_S = 2.0
"""A live device that sends nothing for so long is called silent."""

WATCH_PERIOD_S = 0.25


class Monitor:
    """Join sources, streams and outputs until the sources end or somebody stops it.

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
        self._names = DeviceNames(self.sources)
        self._heard: dict[str, float] = {}
        self._intakes: dict[str, Intake] = {}
        self._refused: set[str] = set()
        self._remembered: dict[str, dict[str, Any]] = {}
        self._patient_memory: Callable[[str], dict[str, Any] | None] = lambda _: None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopped = threading.Event()

    async def run(self) -> None:
        """Run until every source has ended or `stop` is called.

        Raises
        ------
        EcgmonError
            If a source can never work or an output cannot be written.
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

    def problems(self) -> dict[str, str | None]:
        """Return, by kind of alarm, what is wrong with the outputs; None where all is well."""
        return self._fan.problems()

    def _act(self, device: str, action: Callable[[AlarmEngine], Sequence[Alarm]]) -> None:
        def apply() -> None:
            if device in self.streams:  # it may have been forgotten meanwhile
                self._write(self.streams[device].act(action))

        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(apply)

    async def _run_sources(self) -> None:
        watch = asyncio.create_task(self._watch())
        try:
            ends = await asyncio.gather(*(self._end_of(source) for source in self.sources))
        finally:
            watch.cancel()
        errors = [error for error in ends if error is not None]
        if errors and len(errors) == len(ends):
            raise errors[0]

    async def _end_of(self, source: Source) -> EcgmonError | None:
        """Follow a source to its end; one that fails does not disturb the others."""
        try:
            await self._follow(source)
        except EcgmonError as error:
            if isinstance(error, OutputError):
                raise
            ended = SourceStatus(
                sample=0, time_s=0.0, known_at=0, device=source.name, state="ended", detail=str(error)
            )
            self._report(ended)
            return error
        return None

    async def _follow(self, source: Source) -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(source)
            items: AsyncIterator[SampleBlock | SourceStatus] = aiter(source)
            async for given in items:
                item = self._names.told_apart(source, given)
                if isinstance(item, Forgotten):
                    self._forget(item)
                elif isinstance(item, SourceStatus):
                    self._report(item)
                elif self._feed(item, live=source.live):
                    return

    def _forget(self, status: Forgotten) -> None:
        """End the stream of a device that was next to nothing; its alarms end visibly."""
        stream = self.streams.get(status.device)
        self.streams = {name: other for name, other in self.streams.items() if other is not stream}
        for kept in (self._heard, self._intakes):
            kept.pop(status.device, None)
        self._names.forget(status.device)
        self._write([*(stream.end_alarms() if stream is not None else ()), status])

    def _feed(self, block: SampleBlock, *, live: bool) -> bool:
        """Process a block; return whether the device has been heard for long enough."""
        intake = self._intakes.get(block.device)
        if intake is None:
            intake = self._intakes[block.device] = Intake(live=live)
        taken = intake.take(block, time.monotonic())
        for news in intake.news():
            self._tell(block.device, news)
        for part in taken:
            enough = self._process(part, live=live)
        return bool(taken) and enough

    def _tell(self, device: str, news: LeftOutNews) -> None:
        """Report what became of blocks that do not fit."""
        stream = self.streams.get(device)
        if stream is not None:
            status = self._status(stream, "streaming", news.detail)
            self._emit(stream, stream.report(replace(status, health={"left_out_s": news.seconds})))

    def _process(self, block: SampleBlock, *, live: bool) -> bool:
        stream = self._stream_of(block, live=live)
        if stream is None:
            return False
        block = in_order(block, stream.leads)
        if not self._go_along(stream, block, live=live):
            return False
        if live:
            self._hear(stream)
        self._fan.take(block)
        self.summary.signal(block.samples_mv.shape[1] / block.fs_hz)
        events = stream.process(block)
        self._emit(stream, events)
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
                if stream.status is None or stream.status.state != "silent":
                    self._emit(stream, stream.report(self._status(stream, "silent", str(error))))
                return False
            self.summary.add(events, was_hz)
            self._write(events)
        if block.leads != stream.leads:
            self._emit(stream, stream.change_leads(block.leads, block.start))
        return True

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
        except SignalError as error:
            if not live:
                raise
            self._refuse(block, str(error))
            return None
        self.streams = {**self.streams, block.device: stream}
        self._resume(stream)
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
        if state is None:
            return
        with contextlib.suppress(KeyError, TypeError, ValueError):  # of another version: begin without
            self._emit(stream, stream.take_over(state))

    def _refuse(self, block: SampleBlock, reason: str) -> None:
        """Say once that a device cannot be followed."""
        if block.device not in self._refused:
            self._refused.add(block.device)
            self._report(
                SourceStatus(
                    sample=block.start,
                    time_s=block.start / block.fs_hz if block.fs_hz > 0 else 0.0,
                    known_at=block.start,
                    device=block.device,
                    state="ended",
                    detail=reason,
                )
            )

    def _report(self, status: SourceStatus) -> None:
        stream = self.streams.get(status.device)
        if stream is not None:
            self._emit(stream, stream.report(status))
        else:
            self._write([status])

    def _hear(self, stream: Stream) -> None:
        silent = stream.status is not None and stream.status.state == "silent"
        self._heard[stream.device] = time.monotonic()
        if silent:
            self._emit(stream, stream.report(self._status(stream, "streaming", "samples arrive again")))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_PERIOD_S)
            now = time.monotonic()
            for device, heard in self._heard.items():
                stream = self.streams[device]
                known = stream.status is not None and stream.status.state in ("silent", "ended")
                if now - heard >= SILENT_AFTER_S and not known:
                    detail = f"no samples for {SILENT_AFTER_S:g} s"
                    self._emit(stream, stream.report(self._status(stream, "silent", detail)))
            self._let_time_pass()
            self._report_problems()

    def _let_time_pass(self) -> None:
        """Let silences and escalations of silent devices run on."""
        for stream in self.streams.values():
            if stream.status is not None and stream.status.state == "silent":
                self._emit(stream, stream.act(lambda engine: engine.idle(WATCH_PERIOD_S)))

    def _report_problems(self) -> None:
        """Raise or end the alarms of outputs that do not work."""
        for kind, problem in self._fan.problems().items():
            for stream in self.streams.values():
                alarms = stream.act(partial(_report_problem, kind=kind, problem=problem))
                self._emit(stream, alarms)

    @staticmethod
    def _status(stream: Stream, state: LinkState, detail: str) -> SourceStatus:
        at = stream.pipeline.processed
        return SourceStatus(
            sample=at,
            time_s=at / stream.fs_hz,
            known_at=at,
            device=stream.device,
            state=state,
            detail=detail,
        )

    def _emit(self, stream: Stream, events: Sequence[Event]) -> None:
        self.summary.add(events, stream.fs_hz)
        self._write(events)

    def _write(self, events: Sequence[Event]) -> None:
        self._fan.write(events)


def _report_problem(engine: AlarmEngine, *, kind: str, problem: str | None) -> list[Alarm]:
    return engine.report(kind, problem is not None, problem or "It works again")
