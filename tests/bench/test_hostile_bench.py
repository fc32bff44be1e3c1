"""A dozen hostile payloads and names beside two beds, through a real broker and the real loop."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "ingest"))

from mosquitto import BINARY, Mosquitto

from benchmarks.hostile import keep, witnessed
from benchmarks.hostile_items import items

pytestmark = pytest.mark.skipif(BINARY is None, reason="mosquitto is not installed")

CHOSEN = {
    *("zeros", "chance", "hello of long names", "a megabyte and a half", "deep list", "surrogate"),
    *("rate 1e-17", "samples of 1e300", "lead of two lines", "another rate each time"),
    *("/etc/passwd'", "garbage on a bed's own topic"),
}
SPEED = 4.0


def test_a_dozen_hostile_items_live_and_retained_change_nothing_of_two_beds(tmp_path):
    broker = Mosquitto(tmp_path)
    broker.start()
    try:
        places = [place for place, item in enumerate(items()) if item.label in CHOSEN]
        assert len(places) >= 12
        clean = witnessed(broker.port, speed=SPEED)
        keep(broker.port, [items()[place] for place in places])
        found = witnessed(broker.port, places, speed=SPEED, folder=tmp_path / "out")
    finally:
        broker.kill()
    assert len(clean.beats) > 30
    assert clean.asystole
    assert found.beats == clean.beats
    assert found.asystole == clean.asystole
    written = sorted(path.name for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert {"bed1.ecgmon", "bed2.ecgmon", "events.jsonl"} <= set(written)
    assert all(name.isprintable() for name in written)
