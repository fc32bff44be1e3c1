"""What the window looks at: a monitor in its own thread, and one session for each of its streams."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ecgmon.monitor.core.errors import EcgmonError
from ecgmon.monitor.dashboard.state.alarm_board import AlarmBoard
from ecgmon.monitor.dashboard.state.awaited import AwaitedSession
from ecgmon.monitor.dashboard.state.session import StreamSession
from ecgmon.monitor.ingest.base import Source
from ecgmon.monitor.ingest.registry import open_sources
from ecgmon.monitor.outputs.base import Output
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.monitor.run.thread import AFTER_S, MonitorThread
from ecgmon.sim.record import Reference
from ecgmon.sim.replay import ReplayControls

OutputMaker = Callable[[bool], list[Output]]


def no_outputs(_: bool) -> list[Output]:
    """Keep nothing and tell nobody."""
    return []


class Feed:
    """Opens sources, runs them off the window's thread, and follows what they give.

    Parameters
    ----------
    settings : MonitorSettings
        Settings of everything.
    make_outputs : callable
        Returns the outputs of a run; called with True for one that follows another, as when
        other sources are chosen in the window.
    """

    def __init__(self, settings: MonitorSettings, make_outputs: OutputMaker = no_outputs) -> None:
        self.settings = settings
        self.sessions: dict[str, StreamSession] = {}
        self.awaited: dict[str, AwaitedSession] = {}
        self.addresses: tuple[str, ...] = ()
        self.problem = ""
        self._make_outputs = make_outputs
        self._thread: MonitorThread | None = None
        self._sources: list[Source] = []

    @property
    def running(self) -> bool:
        """True while sources are read."""
        return self._thread is not None and self._thread.running

    @property
    def replaying(self) -> bool:
        """True where all that is shown is a recording."""
        return all(address.startswith("replay:") for address in self.addresses)

    def start(self, addresses: Sequence[str]) -> None:
        """Read the sources at these addresses from now on.

        Raises
        ------
        EcgmonError
            An address makes no sense, or an output cannot be had; what ran before goes on.
        """
        self.follow(open_sources(tuple(addresses), self.settings), addresses)

    def follow(self, sources: Sequence[Source], addresses: Sequence[str]) -> None:
        """Read other sources from now on; what ran before ends, off the window's thread.

        Raises
        ------
        EcgmonError
            An output cannot be had; what ran before goes on.
        """
        before = self._thread
        outputs = self._make_outputs(before is not None)
        limit_s = self.settings.duration_s
        monitor = Monitor(self.settings, sources, outputs, duration_s=limit_s, all_leads=True)
        if before is not None:
            before.monitor.stop()
        self.sessions = {}
        self.awaited = {}
        self.problem = ""
        self.addresses = tuple(addresses)
        self._sources = list(sources)
        self._thread = MonitorThread(monitor, after=before)
        self._thread.start()

    def stop(self) -> None:
        """End the run and wait until everything is written."""
        if self._thread is not None:
            self._thread.stop(AFTER_S)

    def poll(self) -> None:
        """Take what is new of every stream."""
        if self._thread is None:
            return
        for device, stream in self._thread.monitor.streams.items():
            known = self.sessions.get(device)
            if known is None or known.stream is not stream or known.leads != stream.shown_leads:
                self.sessions[device] = StreamSession(stream)
        for forgotten in self.sessions.keys() - self._thread.monitor.streams.keys():
            del self.sessions[forgotten]
        awaited = self._thread.monitor.awaited
        self.awaited = {
            name: self.awaited.get(name) or AwaitedSession(one)
            for name, one in awaited.items()
            if name not in self.sessions
        }
        for one in self._followed().values():
            one.poll()
        controls = self.controls
        if controls is not None:
            controls.hold_at_end = True
        error = self._thread.error
        if error is not None and not self.problem:
            self.problem = str(error) if isinstance(error, EcgmonError) else f"The monitor stopped: {error!r}"

    def _followed(self) -> dict[str, StreamSession | AwaitedSession]:
        return {**self.sessions, **self.awaited}

    @property
    def boards(self) -> dict[str, AlarmBoard]:
        """Alarms by device or link, heard or not."""
        return {name: one.board for name, one in self._followed().items()}

    @property
    def news(self) -> str:
        """What is said of the devices and links that have given no sample; those with an alarm first."""
        first = sorted(self.awaited.values(), key=lambda one: one.urgency)
        return "\n".join(one.words for one in first)

    @property
    def error(self) -> BaseException | None:
        """Why the run ended, if it failed."""
        return self._thread.error if self._thread is not None else None

    @property
    def controls(self) -> ReplayControls | None:
        """Knobs of the replay, if exactly one record is replayed."""
        if len(self._sources) != 1:
            return None
        controls = getattr(self._sources[0], "controls", None)
        return controls if isinstance(controls, ReplayControls) else None

    @property
    def reference(self) -> Reference | None:
        """Reference annotations of the record replayed, if there are any."""
        if len(self._sources) != 1:
            return None
        reference = getattr(self._sources[0], "reference", None)
        return reference if isinstance(reference, Reference) else None

    def acknowledge(self, device: str, kind: str | None = None) -> None:
        """Acknowledge alarms of a device."""
        if self._thread is not None and device in self.boards:
            self._thread.monitor.acknowledge(device, kind)

    def silence(self, device: str) -> None:
        """Silence a device's present alarms for two minutes."""
        if self._thread is not None and device in self.boards:
            self._thread.monitor.silence(device)
