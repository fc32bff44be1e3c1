"""What was announced and not delivered survives the end of a run, however it ends, and is told once."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from wire_helpers import WebServer, wait_for

from ecgmon.monitor.outputs.mailbox import Message, Rank
from ecgmon.monitor.outputs.notify import NotifySettings, WebhookSettings, WebhookSink, notify_output
from ecgmon.monitor.outputs.outbox import Outbox
from ecgmon.monitor.outputs.queued import QueuedOutput

KILLED = """
import os, signal, sqlite3, sys, time
from pathlib import Path
from ecgmon.monitor.core.events import Alarm
from ecgmon.monitor.outputs.notify import WebhookSettings, WebhookSink
from ecgmon.monitor.outputs.queued import QueuedOutput
path = Path(sys.argv[2])
with QueuedOutput(WebhookSink(WebhookSettings(url=sys.argv[1])), outbox=path) as output:
    place = {"sample": 0, "time_s": 0.0, "known_at": 0, "state": "active", "priority": "high"}
    output.write([Alarm(**place, kind="asystole", message=f"{i}") for i in range(3)])
    while sqlite3.connect(path).execute("SELECT count(*) FROM waiting").fetchone()[0] < 3:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "state.outbox"


def webhook(web: WebServer, path: Path, **keys: float) -> QueuedOutput:
    sink = WebhookSink(WebhookSettings(url=f"http://127.0.0.1:{web.port}/hook"))
    return QueuedOutput(sink, first_pause_s=0.05, outbox=path, **keys)


def kept(path: Path) -> int:
    database = sqlite3.connect(path)
    count = int(database.execute("SELECT count(*) FROM waiting").fetchone()[0])
    database.close()
    return count


def test_alarms_of_a_run_that_was_killed_are_told_by_the_next_once(web, path):
    web.status = 503
    command = [sys.executable, "-c", KILLED, f"http://127.0.0.1:{web.port}/hook", str(path)]
    assert subprocess.run(command, timeout=60, check=False).returncode == -9
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    web.status = 200
    with webhook(web, path):
        assert wait_for(lambda: len(web.posts) == 3)
    assert kept(path) == 0
    with webhook(web, path):
        time.sleep(0.1)
    assert [post["message"] for _, post in web.posts] == ["0", "1", "2"]


def test_after_a_restart_only_who_was_not_told_is_told(web, bad_web, path, make_alarm):
    urls = tuple(f"json://127.0.0.1:{server.port}" for server in (web, bad_web))
    bad_web.status = 500
    with notify_output(NotifySettings(urls=urls), path, 0.05) as output:
        output.write([make_alarm()])
        assert wait_for(lambda: len(web.posts) == 1 and output.problem is not None)
    bad_web.status = 200
    with notify_output(NotifySettings(urls=urls[::-1]), path, 0.05):
        assert wait_for(lambda: len(bad_web.posts) == 1)
    assert len(web.posts) == 1
    assert kept(path) == 0


def test_what_is_too_old_by_the_next_run_is_said_and_forgotten(web, path):
    output = webhook(web, path, too_old_s=100.0)
    earlier = Outbox(path, output.sink.recipient)
    earlier.open()
    earlier.keep(Message("", {"message": "old"}, Rank.HIGH, made=time.time() - 101))
    earlier.close()
    with output:
        assert wait_for(lambda: output.problem == "Webhook: messages not delivered: 1 too old")
    assert web.posts == []
    assert kept(path) == 0


def test_a_damaged_file_is_set_aside_and_a_new_one_begun(web, path, make_alarm):
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)
    with webhook(web, path) as output:
        output.write([make_alarm()])
        assert wait_for(lambda: len(web.posts) == 1 and output.problem is None)
    assert path.with_name("state.outbox.damaged").exists()
    assert kept(path) == 0


def test_without_its_file_alarms_are_told_and_the_trouble_too(web, tmp_path, make_alarm):
    (tmp_path / "file").touch()
    with webhook(web, tmp_path / "file" / "state.outbox") as output:
        assert output.problem == "Webhook: what waits is kept in memory only, as its file cannot be used"
        output.write([make_alarm()])
        assert wait_for(lambda: len(web.posts) == 1)
