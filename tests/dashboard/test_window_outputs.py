"""What is kept while the window runs: every source that was looked at, not only the first."""

from __future__ import annotations

import json
import time
from functools import partial
from types import SimpleNamespace

import pytest
from played_records import Player, StillFeed

from ecgmon.monitor.cli.loop import stored
from ecgmon.monitor.dashboard.state.feed import Feed
from ecgmon.monitor.run.settings import load_settings
from ecgmon.monitor.run.stream import Stream


class SlowOutput:
    """An output that takes its time to close, and notes what it was told."""

    def __init__(self, log):
        self.log = log

    def __enter__(self):
        self.log.append("open")
        return self

    def __exit__(self, *_):
        time.sleep(0.6)
        self.log.append("closed")

    def write(self, events):
        pass


def wait_until(true, seconds=60.0):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("again", ["100", "207"])
def test_a_source_chosen_later_is_stored_and_recorded_like_the_first(tmp_path, again):
    settings = load_settings(
        None,
        {
            "duration_s": 12.0,
            "replay": {"speed": "max"},
            "outputs": {
                "events": str(tmp_path / "events.jsonl"),
                "store": {"address": f"sqlite:///{tmp_path / 'events.db'}"},
                "recorder": {"folder": str(tmp_path / "signals")},
            },
        },
    )
    feed = Feed(settings, partial(stored, settings))
    for record in ("100", again):
        feed.start([f"replay:{record}"])
        wait_until(lambda: not feed.running)
        assert feed.error is None
    feed.stop()
    rows = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    beats = [row["device"] for row in rows if row["type"] == "beat"]
    assert set(beats) == {"100", again}
    assert beats.count(again) > (15 if again == "100" else 5)
    recorded = {path.relative_to(tmp_path / "signals").parts[0] for path in tmp_path.rglob("*.hea")}
    assert recorded == {"100", again}


def test_changing_the_source_does_not_wait_for_what_closes_slowly():
    log = []
    settings = load_settings(None, {"replay": {"speed": "max"}, "duration_s": 2.0})
    feed = Feed(settings, lambda _: [SlowOutput(log)])
    feed.start(["replay:100?speed=1"])
    wait_until(lambda: "open" in log)
    began = time.monotonic()
    feed.start(["replay:200"])
    assert time.monotonic() - began < 0.3
    wait_until(lambda: not feed.running)
    feed.stop()
    assert log == ["open", "closed", "open", "closed"]


def test_a_device_that_changes_its_rate_is_shown_anew():
    player = Player("100")
    feed = StillFeed(player.play(2.0))
    fresh = Stream("100", 250.0, ("MLII",), all_leads=True)
    feed._thread = SimpleNamespace(monitor=SimpleNamespace(streams={"100": fresh}, awaited={}), error=None)
    feed.poll()
    assert feed.sessions["100"].stream is fresh
