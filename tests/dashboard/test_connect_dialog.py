"""Choosing what to look at."""

from __future__ import annotations

import subprocess
import sys

import pytest
from PyQt6 import QtCore, QtWidgets

from ecgmon.monitor.dashboard.state.connecting import mqtt_address, record_choices, serial_address
from ecgmon.monitor.dashboard.state.feed import Feed
from ecgmon.monitor.dashboard.widgets import connect_dialog
from ecgmon.monitor.dashboard.widgets.connect_dialog import ConnectDialog
from ecgmon.monitor.ingest.registry import open_source
from ecgmon.monitor.run.settings import MonitorSettings

LEFT = QtCore.Qt.MouseButton.LeftButton
WITHOUT_QT = (
    "dashboard.drawing.calipers",
    "dashboard.drawing.decimate",
    "dashboard.drawing.export",
    "dashboard.drawing.geometry",
    "dashboard.drawing.layout",
    "dashboard.drawing.palette",
    "dashboard.drawing.scene",
    "dashboard.drawing.strip",
    "dashboard.drawing.sweep",
    "dashboard.state.trends",
    "dashboard.state.alarm_board",
    "dashboard.state.averages",
    "dashboard.state.beats",
    "dashboard.state.comparison",
    "dashboard.state.connecting",
    "dashboard.state.feed",
    "dashboard.state.history",
    "dashboard.state.keys",
    "dashboard.state.numbers",
    "dashboard.state.reason",
    "dashboard.state.remarks",
    "dashboard.state.session",
    "dashboard.state.sounds",
    "dashboard.state.timeline",
    "explain.shapley_sampling",
)


@pytest.fixture
def dialog(qtbot, monkeypatch):
    ports = [("/dev/ttyUSB7", "OpenBCI dongle")]
    monkeypatch.setattr(connect_dialog, "serial_ports", lambda: ports)
    made = ConnectDialog(None, {})
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.done(0)


def test_bundled_records_are_offered_with_the_databases_description(dialog):
    names = [record.name for record in record_choices()]
    assert names == ["mitdb/100", "mitdb/200", "mitdb/207", "mitdb/232"]
    assert "MIT-BIH" in dialog.about.text()
    assert "multiform" in dialog.about.text()


def test_two_records_picked_make_two_addresses_that_can_be_opened(dialog, qtbot):
    for row in (0, 2):
        dialog.records.item(row).setSelected(True)
    dialog.records.item(1).setSelected(False)
    qtbot.mouseClick(dialog.connect_button, LEFT)
    assert dialog.result() == QtWidgets.QDialog.DialogCode.Accepted
    assert dialog.addresses == ["replay:mitdb/100?speed=1", "replay:mitdb/207?speed=1"]
    assert [open_source(text, MonitorSettings()).name for text in dialog.addresses] == ["100", "207"]


def test_nothing_picked_is_said_and_the_dialog_stays(dialog, qtbot):
    dialog.records.clearSelection()
    qtbot.mouseClick(dialog.connect_button, LEFT)
    assert dialog.isVisible()
    assert dialog.problem.text() == "Pick at least one record."


def test_serial_ports_are_found_by_themselves(dialog, qtbot):
    dialog.tabs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: "OpenBCI dongle" in dialog.found.text(), timeout=5000)
    dialog.device.setCurrentIndex(dialog.device.findData("cyton"))
    qtbot.mouseClick(dialog.connect_button, LEFT)
    assert dialog.addresses == ["serial:/dev/ttyUSB7?device=cyton"]


def test_the_window_lives_while_a_slow_port_list_is_read(qtbot, monkeypatch):
    import time

    monkeypatch.setattr(connect_dialog, "serial_ports", lambda: time.sleep(0.8) or [])
    began = time.monotonic()
    made = ConnectDialog(None, {"tab": "1"})
    qtbot.addWidget(made)
    made.show()
    qtbot.wait(20)
    assert time.monotonic() - began < 0.7
    qtbot.waitUntil(lambda: "No serial port" in made.found.text(), timeout=5000)
    made.done(0)


def test_brokers_and_ports_become_addresses_that_the_sources_take():
    texts = (
        mqtt_address("localhost", 1883, "/ecg/+/raw", secure=False),
        mqtt_address("broker.example", 8883, "ecg/#", secure=True),
        serial_address("/dev/ttyACM0", "native"),
        serial_address("/dev/ttyACM0", "ascii", 57600),
    )
    assert texts[0] == "mqtt://localhost:1883/ecg/+/raw"
    for text in texts:
        open_source(text, MonitorSettings())


def test_the_choice_is_remembered(dialog, qtbot):
    dialog.host.setText("10.0.0.7")
    dialog.tabs.setCurrentIndex(2)
    again = ConnectDialog(None, dialog.choices())
    qtbot.addWidget(again)
    assert again.host.text() == "10.0.0.7"
    assert again.tabs.currentIndex() == 2
    again.done(0)


def test_a_refused_address_leaves_what_runs_alone():
    feed = Feed(MonitorSettings())
    with pytest.raises(Exception, match="no source of kind"):
        feed.start(["pigeon:200"])
    assert feed.addresses == ()


def test_the_models_behind_the_window_know_no_qt():
    code = "import sys\n" + "".join(f"import ecgmon.monitor.{name}\n" for name in WITHOUT_QT)
    code += "print([m for m in sys.modules if m.split('.')[0] in ('PyQt6', 'PySide6', 'pyqtgraph', 'wfdb')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
