"""The command ``events``: finds what is stored and exports it, without names unless asked."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ecgmon.monitor.cli import main
from ecgmon.monitor.core.events import Alarm, Beat, RhythmChange, SourceStatus
from ecgmon.monitor.outputs.store import StoreOutput
from ecgmon.monitor.store.settings import StoreSettings


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "events.db"
    place = {"sample": 360, "time_s": 1.0, "known_at": 360}
    alarm = Alarm(**place, kind="asystole", priority="high", state="active", message="No beat for 4 s")
    beat = Beat(
        **place, symbol="V", aami="V", probabilities={}, r_known_at=360, rr_s=None, quality=1.0, device="ecg"
    )
    with StoreOutput(StoreSettings(address=str(path))) as output:
        output.store.name_patient("ecg", "Jane Roe")
        output.write([SourceStatus(**place, state="streaming", detail="at 360 Hz"), beat])
        output.write([RhythmChange(**place, rhythm="AFIB"), alarm])
    return path


def ask(store: Path, *arguments: str) -> int:
    return main(["events", "--store", str(store), *arguments])


def test_events_are_printed_one_a_line(store, capsys):
    assert ask(store) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[0].endswith("ecg  source  streaming  at 360 Hz")
    assert lines[2].endswith("ecg  alarm  high  asystole  active  No beat for 4 s")
    assert lines[3].endswith("ecg  minute  V 1")


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (["--kind", "alarm"], 1),
        (["--kind", "asystole"], 1),
        (["--kind", "AFIB"], 1),
        (["--since", "1h"], 4),
        (["--until", "1h"], 0),
        (["--since", "2026-01-01T00:00"], 4),
        (["--device", "other"], 0),
        (["--last", "2"], 2),
    ],
)
def test_events_are_found_by_kind_time_and_device(store, capsys, arguments, count):
    assert ask(store, *arguments) == 0
    assert len(capsys.readouterr().out.splitlines()) == count


def test_a_csv_export_can_be_read_back(store, tmp_path):
    assert ask(store, "--format", "csv", "--output", str(tmp_path / "out.csv")) == 0
    with (tmp_path / "out.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["type"] for row in rows] == ["source", "rhythm", "alarm", "minute"]
    assert rows[2]["kind"] == "asystole"
    assert json.loads(rows[3]["details"])["beats"] == {"V": 1}


def test_a_json_export_holds_the_events_themselves(store, capsys):
    assert ask(store, "--format", "json", "--kind", "alarm") == 0
    alarm = json.loads(capsys.readouterr().out)
    assert (alarm["kind"], alarm["state"], alarm["sample"]) == ("asystole", "active", 360)
    assert abs(alarm["at"] - time.time()) < 60


def test_a_parquet_export_can_be_read_back(store, tmp_path):
    assert ask(store, "--format", "parquet", "--output", str(tmp_path / "out.parquet")) == 0
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.column("kind").to_pylist() == ["streaming", "AFIB", "asystole", None]


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_names_are_left_out_unless_they_are_asked_for(store, capsys, form):
    ask(store, "--format", form)
    assert "Jane Roe" not in capsys.readouterr().out
    ask(store, "--format", form, "--names")
    assert "Jane Roe" in capsys.readouterr().out


def test_a_time_that_makes_no_sense_is_refused(store, capsys):
    assert ask(store, "--since", "yesterday") == 2
    assert "--since yesterday is no time" in capsys.readouterr().err


def test_a_store_that_is_not_there_is_one_clear_line(tmp_path, capsys):
    assert ask(tmp_path / "none.db") == 8
    assert "there is no event store" in capsys.readouterr().err
