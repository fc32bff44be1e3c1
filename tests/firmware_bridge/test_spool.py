"""What waits for a broker comes out once and in order, over restarts and full disks."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import deque
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ecgmon.firmware_bridge.errors import SpoolError
from ecgmon.firmware_bridge.spool import Spool

MEMORY = 256
"""Messages that the spool keeps in memory."""


def drain(spool: Spool, batch: int = 50) -> list[bytes]:
    left: list[bytes] = []
    while len(spool):
        some = spool.peek(batch)
        assert some
        left += some
        spool.done(len(some))
    return left


def test_an_empty_spool_has_nothing(tmp_path):
    with Spool(tmp_path / "s.sqlite", 1000) as spool:
        assert len(spool) == 0
        assert spool.peek(10) == []


def test_looking_removes_nothing(tmp_path):
    with Spool(tmp_path / "s.sqlite", 1000) as spool:
        for message in (b"a", b"b", b"c"):
            spool.put(message)
        assert spool.peek(2) == spool.peek(2) == [b"a", b"b"]
        spool.done(1)
        assert spool.peek(9) == [b"b", b"c"]
        assert len(spool) == 2


def test_while_the_broker_keeps_up_the_disk_is_spared(tmp_path):
    path = tmp_path / "s.sqlite"
    with Spool(path, 10_000) as spool:
        for number in range(1000):
            spool.put(b"%d" % number)
            spool.done(len(spool.peek(1)))
        rows = sqlite3.connect(path).execute("SELECT COUNT(*) FROM spool").fetchone()
        assert rows == (0,)


def test_the_order_holds_over_memory_and_disk(tmp_path):
    messages = [b"%05d" % number for number in range(3 * MEMORY)]
    with Spool(tmp_path / "s.sqlite", 1_000_000) as spool:
        for message in messages[: 2 * MEMORY]:
            spool.put(message)
        first = spool.peek(100)
        spool.done(100)
        for message in messages[2 * MEMORY :]:
            spool.put(message)
        assert first + drain(spool, 33) == messages


@pytest.mark.parametrize("count", [1, MEMORY, MEMORY + 1, 3 * MEMORY])
def test_a_restart_keeps_all(tmp_path, count):
    path = tmp_path / "s.sqlite"
    messages = [b"%05d" % number for number in range(count)]
    with Spool(path, 1_000_000) as spool:
        for message in messages:
            spool.put(message)
    with Spool(path, 1_000_000) as spool:
        assert len(spool) == count
        assert drain(spool) == messages
    with Spool(path, 1_000_000) as spool:
        assert len(spool) == 0


def test_several_restarts_while_some_are_delivered_keep_the_order(tmp_path):
    path, delivered = tmp_path / "s.sqlite", []
    messages = [b"%05d" % number for number in range(1200)]
    for at in range(0, 1200, 300):
        with Spool(path, 1_000_000) as spool:
            for message in messages[at : at + 300]:
                spool.put(message)
            some = spool.peek(70)
            delivered += some
            spool.done(len(some))
    with Spool(path, 1_000_000) as spool:
        assert delivered + drain(spool) == messages


def test_a_message_larger_than_the_spool_is_dropped_and_the_rest_kept(tmp_path):
    with Spool(tmp_path / "s.sqlite", 1000) as spool:
        for _ in range(MEMORY):
            spool.put(b"m")
        spool.put(b"x" * 2000)
        spool.put(b"small")
        assert spool.dropped == 1
        assert drain(spool)[-1] == b"small"


def test_dropping_the_oldest_gives_way_until_the_new_one_fits(tmp_path):
    with Spool(tmp_path / "s.sqlite", 1000, "drop_oldest") as spool:
        for _ in range(MEMORY):
            spool.put(b"m")
        for number in range(10):
            spool.put(bytes([number]) * 100)
        spool.put(b"z" * 950)
        assert spool.dropped == 10
        assert drain(spool)[MEMORY:] == [b"z" * 950]


def test_what_was_stored_before_counts_against_the_room(tmp_path):
    path = tmp_path / "s.sqlite"
    with Spool(path, 1000) as spool:
        for _ in range(MEMORY + 5):
            spool.put(b"x" * 100)
    with Spool(path, 1000) as spool:
        waiting = len(spool)
        spool.put(b"y" * 100)
        assert len(spool) == waiting
        assert spool.dropped == 1


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\x00" + bytes(200)])
def test_a_file_that_is_no_spool_is_refused_by_name(tmp_path, content):
    path = tmp_path / "s.sqlite"
    path.write_bytes(content)
    with pytest.raises(SpoolError, match="cannot be used") as caught:
        Spool(path, 1000)
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 28
    assert path.read_bytes() == content


def test_a_folder_in_its_place_is_refused(tmp_path):
    with pytest.raises(SpoolError, match="Name a folder that may be written to"):
        Spool(tmp_path, 1000)


def test_its_folder_is_made(tmp_path):
    with Spool(tmp_path / "a" / "b" / "s.sqlite", 1000) as spool:
        spool.put(b"x")
    assert (tmp_path / "a" / "b" / "s.sqlite").is_file()


class SpoolMachine(RuleBasedStateMachine):
    """Puts, looks, removes and restarts in any order, beside a plain queue that cannot be wrong."""

    @initialize(folder=st.uuids())
    def begin(self, folder):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / f"{folder}.sqlite"
        self.spool = Spool(self.path, 10_000_000)
        self.queue: deque[bytes] = deque()

    @rule(count=st.sampled_from([1, 3, 150]), size=st.integers(0, 20))
    def put(self, count, size):
        for number in range(count):
            message = b"%d" % number + bytes(size)
            self.spool.put(message)
            self.queue.append(message)

    @rule(count=st.integers(1, 400))
    def deliver(self, count):
        some = self.spool.peek(count)
        assert some == list(self.queue)[: len(some)]
        assert bool(some) == bool(self.queue)
        self.spool.done(len(some))
        for _ in some:
            self.queue.popleft()

    @rule()
    def restart(self):
        self.spool.__exit__(None, None, None)
        self.spool = Spool(self.path, 10_000_000)

    @invariant()
    def as_many_wait(self):
        if hasattr(self, "spool"):
            assert len(self.spool) == len(self.queue)

    def teardown(self):
        if hasattr(self, "spool"):
            self.spool.__exit__(None, None, None)
            self.folder.cleanup()


SpoolMachine.TestCase.settings = settings(max_examples=6, stateful_step_count=12, deadline=None)
TestSpoolAgainstAQueue = SpoolMachine.TestCase
