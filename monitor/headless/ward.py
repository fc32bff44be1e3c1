"""Runs one service as several processes, each with its part of the devices, and looks after them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ecgmon.monitor.core.errors import INTERNAL_FAULT_EXIT_CODE, EcgmonError, SourceError
from ecgmon.monitor.core.platform import on_signals, require_linux
from ecgmon.monitor.headless.attendant import WARD
from ecgmon.monitor.headless.control import Answer, answering, ask
from ecgmon.monitor.headless.sharing import joined, part_of
from ecgmon.monitor.headless.systemd import alive_every_s, log_to_journal, notify
from ecgmon.monitor.run.settings import MonitorSettings

LOG = logging.getLogger(__name__)

PYTHON = (sys.executable, "-P")
"""Starts a worker. With -P nothing is imported from the folder one happens to be in, which may hold
files with the names of our modules or of those that we import."""

RESTART_S = 1.0
"""Pause before a worker that died is started again."""

CHECK_S = 5.0
"""Seconds between two looks at the workers."""

HUNG_CHECKS = 6
"""A worker that has not answered so many times in a row is killed and started again."""

END_S = 20.0
"""Workers that have not ended by themselves after this time are killed."""


class Worker:
    """One process of the ward.

    Parameters
    ----------
    place : int
        Its number, from 0.
    command : sequence of str
        What it runs.
    socket : Path
        Where it answers.
    """

    def __init__(self, place: int, command: Sequence[str], socket: Path) -> None:
        self.place = place
        self.socket = socket
        self.unanswered = 0
        self._command = command
        self.ended = False
        self._process: asyncio.subprocess.Process | None = None
        self._ending = False

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.returncode is None

    async def live(self) -> int:
        """Run the process, again if it dies; return its exit code once it ends by itself."""
        inherited = {k: v for k, v in os.environ.items() if k not in ("NOTIFY_SOCKET", "WATCHDOG_USEC")}
        environment = {**inherited, WARD: str(os.getpid())}
        code = INTERNAL_FAULT_EXIT_CODE
        while not self._ending:
            self._process = await asyncio.create_subprocess_exec(*self._command, env=environment)
            code = await self._process.wait()
            self.unanswered = 0
            if self._ending or 0 <= code < INTERNAL_FAULT_EXIT_CODE:
                break
            LOG.error("Worker %d died (%d); it is started again.", self.place, code)
            await asyncio.sleep(RESTART_S)
        self.ended = True
        return code

    def end(self) -> None:
        """Ask the process to end, for good."""
        self._ending = True
        self.tell("SIGTERM")

    def kill(self) -> None:
        """End the process at once, if it lives."""
        self.tell("SIGKILL")

    def tell(self, name: str) -> None:
        """Send a signal to the process by the signal's name, if it lives."""
        if self.running and self._process is not None:
            self._process.send_signal(signal.Signals[name])


class Ward:
    """All workers of a service, seen from outside as one monitor.

    Parameters
    ----------
    settings : MonitorSettings
        Of the whole service.
    words : sequence of str
        Command line of the service; each worker gets it with its number.
    count : int
        Number of workers.

    Raises
    ------
    UsageError
        The settings cannot be dealt out.
    """

    def __init__(self, settings: MonitorSettings, words: Sequence[str], count: int) -> None:
        assert settings.service is not None
        self._socket = settings.service.socket
        self._workers: list[Worker] = []
        for place in range(count):
            part = part_of(settings, place, count).service
            assert part is not None
            command = [*PYTHON, "-m", "ecgmon", *words, "--worker", f"{place}/{count}"]
            self._workers.append(Worker(place, command, part.socket))
        self._askers = ThreadPoolExecutor(count, thread_name_prefix="ask")

    async def run(self) -> int:
        """Run all workers until they end; return an exit code that is not 0 if all of them failed."""
        with on_signals({"SIGINT": self._end, "SIGTERM": self._end, "SIGHUP": self._reload}):
            async with answering(self._socket, self.handle), self._watched():
                codes = await asyncio.gather(*(worker.live() for worker in self._workers))
        notify("STOPPING=1")
        return min(codes)

    def handle(self, request: Mapping[str, Any]) -> Answer:
        """Ask all workers and join their answers; an order reaches those whom it concerns.

        Raises
        ------
        EcgmonError
            No worker answers, or none can carry the order out.
        """
        answers, refusals = self._ask_all(request)
        if not answers:
            raise SourceError(next(iter(refusals.values()), "All workers have ended."))
        return joined(answers, sorted(refusals)) if request.get("do") == "status" else answers[0]

    def _ask_all(self, request: Mapping[str, Any]) -> tuple[list[Answer], dict[int, str]]:
        def one(worker: Worker) -> Answer | str:
            try:
                return ask(worker.socket, request)
            except EcgmonError as error:
                return str(error)

        answers: list[Answer] = []
        refusals: dict[int, str] = {}
        asked = [worker for worker in self._workers if not worker.ended]
        for worker, answer in zip(asked, self._askers.map(one, asked), strict=True):
            if isinstance(answer, str):
                refusals[worker.place] = answer
            else:
                answers.append(answer)
        return answers, refusals

    @contextlib.asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._show_life()), asyncio.create_task(self._find_the_hung())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _show_life(self) -> None:
        ready = False
        while True:
            running = sum(worker.running for worker in self._workers)
            notify("WATCHDOG=1", f"STATUS={running} of {len(self._workers)} workers run")
            if not ready and all(worker.ended or worker.socket.exists() for worker in self._workers):
                notify("READY=1")
                ready = True
            await asyncio.sleep((alive_every_s() or 10.0) if ready else 0.1)

    async def _find_the_hung(self) -> None:
        while True:
            await asyncio.sleep(CHECK_S)
            _, refusals = await asyncio.to_thread(self._ask_all, {"do": "status"})
            for worker in self._workers:
                worker.unanswered = worker.unanswered + 1 if worker.place in refusals else 0
                if worker.unanswered >= HUNG_CHECKS and worker.running:
                    LOG.error("Worker %d hangs; it is started again.", worker.place)
                    worker.unanswered = 0
                    worker.kill()

    def _reload(self) -> None:
        for worker in self._workers:
            worker.tell("SIGHUP")

    def _end(self) -> None:
        for worker in self._workers:
            worker.end()
        asyncio.get_running_loop().call_later(END_S, self._kill)

    def _kill(self) -> None:
        for worker in self._workers:
            worker.kill()


def run_ward(settings: MonitorSettings, words: Sequence[str], count: int) -> int:
    """Run a service as so many processes until it ends; return its exit code.

    Parameters
    ----------
    settings, words, count
        As for `Ward`.

    Raises
    ------
    PlatformError
        This is not Linux.
    """
    require_linux("a service of several processes", "Leave out workers: one process does it all.")
    log_to_journal()
    begin = time.monotonic()
    LOG.info("The devices are dealt out to %d workers.", count)
    code = asyncio.run(Ward(settings, words, count).run())
    LOG.info("All workers have ended after %.0f s.", time.monotonic() - begin)
    return code
