"""Attends to a running monitor: signs of life, status, orders, state over restarts, new settings."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from ecgmon.monitor.core.errors import EcgmonError, UsageError
from ecgmon.monitor.core.names import LINE_CHARACTERS, printable
from ecgmon.monitor.core.platform import on_signals
from ecgmon.monitor.headless.control import Answer, answering
from ecgmon.monitor.headless.open_alarms import StateFile
from ecgmon.monitor.headless.patient_memory import PatientMemory
from ecgmon.monitor.headless.report import Reporter
from ecgmon.monitor.headless.systemd import alive_every_s, notify
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.service_settings import ServiceSettings
from ecgmon.monitor.run.settings import MonitorSettings

LOG = logging.getLogger(__name__)

WARD = "ECGMON_WARD"
"""Environment variable that tells a worker of its ward's process, without which it ends."""

LONGEST_S = 600.0
"""The longest silence or pause that can be asked for; settings may allow less."""

Reload = Callable[[], MonitorSettings]


class Attendant:
    """Answers requests about one monitor and carries them out.

    Parameters
    ----------
    monitor : Monitor
        The monitor.
    reload : callable, optional
        Reads the settings anew.
    """

    def __init__(self, monitor: Monitor, reload: Reload | None = None) -> None:
        self.monitor = monitor
        self.reporter = Reporter(monitor)
        self._reload = reload

    def handle(self, request: Mapping[str, Any]) -> Answer:
        """Carry out a request: ``status``, ``reload`` or one about alarms.

        Raises
        ------
        EcgmonError
            The request makes no sense, or new settings are refused.
        """
        match request.get("do"):
            case "status":
                return self.reporter.report()
            case "acknowledge" | "silence" | "pause" | "resume" as order:
                return self._act(request, order)
            case "reload":
                self.reload()
                return {"done": "reload"}
        raise UsageError("Ask for status, acknowledge, silence, pause, resume or reload.")

    def reload(self) -> None:
        """Take over the alarm settings of the file, with open alarms kept.

        Raises
        ------
        EcgmonError
            There is no file, or it is refused; the old settings stay.
        """
        if self._reload is None:
            raise UsageError("The monitor was started without a settings file.")
        self.monitor.change_alarms(self._reload())
        LOG.info("New alarm settings are in force.")

    def reload_or_tell(self) -> None:
        """Reload; settings that are refused are logged and change nothing."""
        notify("RELOADING=1")
        try:
            self.reload()
        except EcgmonError as error:
            LOG.warning("The old settings stay: %s", error)
        notify("READY=1")

    def _act(self, request: Mapping[str, Any], what: str) -> Answer:
        devices = [*self.monitor.streams, *self.monitor.awaited]
        named, kind = request.get("device"), request.get("kind")
        if not isinstance(kind, str | None):
            raise UsageError("A kind of alarm is a word, such as asystole.")
        if named is not None and (not isinstance(named, str) or named not in devices):
            heard = printable(", ".join(devices) or "none", LINE_CHARACTERS)
            raise UsageError(f"No device {printable(str(named))} is heard.", f"There is {heard}.")
        seconds = request.get("seconds", 120.0)
        if not isinstance(seconds, int | float) or not 0 < seconds <= LONGEST_S:
            raise UsageError(f"Seconds must be more than 0 and at most {LONGEST_S:g}.")
        for device in [named] if named is not None else devices:
            match what:
                case "acknowledge":
                    self.monitor.acknowledge(device, kind)
                case "silence":
                    self.monitor.silence(device, seconds)
                case "pause":
                    self.monitor.pause(device, seconds)
                case "resume":
                    self.monitor.resume(device)
        return {"done": what}


@contextlib.asynccontextmanager
async def attended(
    monitor: Monitor, settings: ServiceSettings, reload: Reload | None = None
) -> AsyncIterator[None]:
    """Attend to a monitor while the body runs.

    Open alarms of the last run, and what it had learned of each patient, are handed to the
    devices as they are heard again. A hangup signal reloads the settings.

    Parameters
    ----------
    monitor : Monitor
        Runs in this event loop, so a loop that hangs gives no sign of life.
    settings : ServiceSettings
        Where to answer and to keep state.
    reload : callable, optional
        Reads the settings anew.
    """
    attendant = Attendant(monitor, reload)
    state = StateFile(settings.state, origin=monitor.origin)
    memory = PatientMemory(
        settings.state.with_suffix(".learned"),
        settings.memory_every_s,
        settings.memory_for_s,
        origin=monitor.origin,
    )
    memory.forget_old()
    monitor.remember(state.load(), memory.load)
    tasks = [
        asyncio.create_task(_keep_state(state, memory, monitor, settings.state_every_s)),
        asyncio.create_task(_show_life(attendant.reporter)),
        asyncio.create_task(_end_with_ward(monitor)),
    ]
    try:
        with on_signals({"SIGHUP": attendant.reload_or_tell}):
            async with answering(settings.socket, attendant.handle):
                notify("READY=1")
                yield
                notify("STOPPING=1")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        state.save(monitor.streams)
        memory.save_all(monitor.streams)


async def _keep_state(state: StateFile, memory: PatientMemory, monitor: Monitor, every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        state.save(monitor.streams)
        memory.save(monitor.streams)


async def _end_with_ward(monitor: Monitor) -> None:
    ward = os.environ.get(WARD)
    while True:
        await asyncio.sleep(1.0)
        if ward not in (None, str(os.getppid())):
            LOG.error("The process that looks after this worker is gone; the worker ends.")
            monitor.stop()
            return


async def _show_life(reporter: Reporter) -> None:
    every_s = alive_every_s() or 10.0
    while True:
        reporter.follow()
        notify("WATCHDOG=1", f"STATUS={reporter.line()}")
        await asyncio.sleep(every_s)
