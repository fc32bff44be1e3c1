"""Runs the monitor in a thread of its own, beside whatever owns the main one."""

from __future__ import annotations

import threading

from ecgmon.monitor.core.platform import run_async
from ecgmon.monitor.run.monitor import Monitor

AFTER_S = 15.0
"""Longest wait for an earlier run to close what it writes to."""


class MonitorThread:
    """A `Monitor` in a thread of its own, for the window.

    Parameters
    ----------
    monitor : Monitor
        What to run.
    after : MonitorThread, optional
        A run that must have ended before: what it writes to is closed by then.

    Attributes
    ----------
    error : BaseException or None
        Why the run ended, if it failed.
    """

    def __init__(self, monitor: Monitor, after: MonitorThread | None = None) -> None:
        self.monitor = monitor
        self._after = after
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="monitor", daemon=True)

    def start(self) -> None:
        """Begin the run."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the run and wait for it."""
        self.monitor.stop()
        self._thread.join(timeout_s)

    @property
    def running(self) -> bool:
        """True until the run has ended."""
        return self._thread.is_alive()

    def _main(self) -> None:
        if self._after is not None:
            self._after.stop(AFTER_S)
            self._after = None
        try:
            run_async(self.monitor.run())
        except BaseException as error:
            self.error = error
