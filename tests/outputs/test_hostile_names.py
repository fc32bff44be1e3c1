"""A name that a stranger chose reaches no terminal, table, topic or file as it is."""

from __future__ import annotations

import csv
import io
import json
import logging

import numpy as np
import pytest

from ecgmon.monitor.cli.commands.events import write_table
from ecgmon.monitor.core.events import Alarm, Beat, Event, Forgotten, SampleBlock
from ecgmon.monitor.headless.systemd import PrintableFormatter
from ecgmon.monitor.outputs.annotations import AnnotationOutput
from ecgmon.monitor.outputs.console import ConsoleOutput
from ecgmon.monitor.outputs.hass import discovery
from ecgmon.monitor.outputs.jsonl import JsonLinesOutput
from ecgmon.monitor.recorder.recorder import Recorder
from ecgmon.monitor.recorder.settings import RecorderSettings
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.monitor.store.export import write_csv
from ecgmon.monitor.store.rows import RowMaker
from ecgmon.monitor.wfdb.records import read_info

NAMES = (
    "\x1b[2Jbed",
    "bed\r\nALARM",
    "bed\u202e1",
    '=HYPERLINK("http://x")',
    "../../x",
    "\ud800",
    "b" * 70_000,
)
PLACE = {"sample": 360, "time_s": 1.0, "known_at": 360}


def events_of(name: str) -> list[Event]:
    beat = {"symbol": "N", "aami": "N", "probabilities": {}, "r_known_at": 360, "rr_s": None, "quality": 1.0}
    alarm = {"kind": "asystole", "priority": "high", "state": "active", "message": f"No beat of {name}"}
    return [Beat(**PLACE, **beat, device=name), Alarm(**PLACE, **alarm, device=name)]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_hostile_name_does_nothing_wherever_it_goes(name, tmp_path):
    events = events_of(name)
    shown, table, cells = io.StringIO(), io.StringIO(), io.StringIO()
    with ConsoleOutput(colour=False, stream=shown) as console:
        console.write(events)
    stored = [{"id": 1, "at": 0.0, "device": name, "type": "alarm", "message": name, "sample": 1}]
    write_table(iter(stored), table, {})
    for text, lines in ((shown.getvalue(), 2), (table.getvalue(), 1)):
        assert len(text.splitlines()) == lines
        assert text.replace("\n", "").isprintable()
        assert len(text) < 3000
    write_csv(stored, cells, {})
    cells.seek(0)
    (row,) = csv.DictReader(cells)
    assert row["device"][0] not in "=+-@\t\r"
    with AnnotationOutput(tmp_path / "a" / "b") as annotations:
        annotations.write(events)
    assert len(list((tmp_path / "a" / "b").iterdir())) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]
    with JsonLinesOutput(tmp_path / "events.jsonl") as lines_out:
        lines_out.write(events)
    assert [
        json.loads(line)["device"] for line in (tmp_path / "events.jsonl").read_bytes().split(b"\n")[:-1]
    ] == [name, name]
    identifier, payload = discovery(name, "ecgmon/x", "ecgmon/status")
    assert identifier.replace("-", "_").isidentifier()
    assert payload["device"]["name"].isprintable()
    record = logging.LogRecord("ecgmon", logging.INFO, "", 0, "%s is heard", (name,), None)
    assert all(line.isprintable() for line in PrintableFormatter("%(message)s").format(record).splitlines())


def test_settings_find_a_patient_by_what_the_device_is_called_and_by_what_events_call_it():
    limits = {"alarms": {"asystole": {"limit_s": 6.0}}}
    settings = MonitorSettings.model_validate(
        {"patients": {"bed 1": {"name": "Roe", **limits}, "bed-2": limits}}
    )
    assert settings.known_devices() == {"bed 1", "bed-1~bdd49f", "bed-2"}
    assert settings.alarms_of("bed-1~bdd49f").asystole.limit_s == 6.0
    assert settings.alarms_of("bed-2").asystole.limit_s == 6.0
    assert settings.alarms_of("bed-1").asystole.limit_s == 4.0
    assert settings.names()["bed-1~bdd49f"] == "Roe"


def test_nothing_stays_open_for_a_device_that_is_forgotten(tmp_path):
    gone = Forgotten(**PLACE, state="ended", device="once")
    with AnnotationOutput(tmp_path / "a") as annotations:
        annotations.write([*events_of("once"), gone])
        assert [path.name for path in (tmp_path / "a").iterdir()] == ["once.ecgmon"]
    recorder = Recorder(RecorderSettings(folder=tmp_path / "r"))
    recorder.open()
    recorder.take(SampleBlock(np.zeros((1, 500)), 0, 250.0, "once"))
    recorder.events([gone])
    (header,) = (tmp_path / "r" / "once" / "signal").glob("*.hea")
    assert read_info(header)[1]
    rows = RowMaker(lambda: 0.0)
    assert [row["type"] for row in rows.take([*events_of("once"), gone])] == ["alarm", "minute", "source"]
    assert rows.finish() == []
