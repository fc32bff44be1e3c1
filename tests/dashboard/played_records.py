"""Records played through the real stream, and a feed that shows them standing still."""

from __future__ import annotations

from functools import cache

from ecgmon.monitor.core.events import SampleBlock
from ecgmon.monitor.dashboard.state.feed import Feed
from ecgmon.monitor.dashboard.state.session import StreamSession
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.monitor.run.stream import Stream
from ecgmon.sim.library import BUNDLED
from ecgmon.sim.record import Record, read_record

BLOCK = 360


@cache
def record(name: str) -> Record:
    return read_record(BUNDLED / "mitdb" / name)


class Player:
    """Feeds a stretch of a record to a stream, block by block, and polls the session after each."""

    def __init__(self, name: str, start_s: float = 0.0) -> None:
        self.record = record(name)
        self.at = round(start_s * self.record.fs_hz)
        self.stream = Stream(name, self.record.fs_hz, self.record.leads, all_leads=True)
        self.session = StreamSession(self.stream)

    def play(self, seconds: float, block: int = BLOCK) -> StreamSession:
        end = self.at + round(seconds * self.record.fs_hz)
        while self.at < end:
            stop = min(self.at + block, end)
            self.push(self.at, stop)
            self.at = stop
            self.session.poll()
        return self.session

    def push(self, start: int, stop: int, *, rewound: bool = False) -> None:
        samples = self.record.samples_mv(start, stop)
        self.stream.process(
            SampleBlock(
                samples, start, self.record.fs_hz, self.stream.device, self.record.leads, rewound=rewound
            )
        )

    def skip(self, seconds: float) -> None:
        self.at += round(seconds * self.record.fs_hz)


class StillFeed(Feed):
    """A feed whose sessions were played before; what the window asks of it is noted."""

    def __init__(self, *sessions: StreamSession) -> None:
        super().__init__(MonitorSettings())
        self.sessions = {session.device: session for session in sessions}
        self.asked: list[tuple[str, ...]] = []

    def acknowledge(self, device: str, kind: str | None = None) -> None:
        self.asked.append(("acknowledge", device, str(kind)))
        self.sessions[device].stream.act(lambda engine: engine.acknowledge(kind))
        self.sessions[device].poll()

    def silence(self, device: str) -> None:
        self.asked.append(("silence", device))
        self.sessions[device].stream.act(lambda engine: engine.silence())
        self.sessions[device].poll()
