"""The dialog that chooses what to look at: records, a serial port, or a broker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt6 import QtCore, QtWidgets

from ecgmon.monitor.dashboard.state.connecting import (
    RecordChoice,
    device_kinds,
    mqtt_address,
    record_choices,
    replay_address,
    serial_address,
    serial_ports,
)
from ecgmon.monitor.dashboard.widgets.basics import button, choice, column, label, row, set_text, wrapped
from ecgmon.monitor.dashboard.widgets.replay_bar import SPEEDS

REFRESH_MS = 3000
MOST_TILES = 16


class PortFinder(QtCore.QThread):
    """Reads the list of serial ports, which can take long, off the window's thread."""

    found = QtCore.pyqtSignal(list)

    def run(self) -> None:
        """Read once."""
        self.found.emit(serial_ports())


class ConnectDialog(QtWidgets.QDialog):
    """Choose sources; `addresses` says what was chosen.

    Parameters
    ----------
    data_dir : Path or None
        More records.
    remembered : dict of str to str
        What was chosen last time, by field.
    """

    def __init__(
        self,
        data_dir: Path | None,
        remembered: dict[str, str],
        parent: QtWidgets.QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Connect")
        self.setMinimumSize(640, 500)
        self.addresses: list[str] = []
        self._records = record_choices(data_dir)
        self._finder: PortFinder | None = None
        self.tabs = QtWidgets.QTabWidget()
        self.problem = wrapped()
        self.connect_button = button("Connect", "Connect", self.accept)
        self.connect_button.setObjectName("primary")
        self.connect_button.setDefault(True)
        self.tabs.addTab(self._record_tab(remembered), "Replay a record")
        self.tabs.addTab(self._serial_tab(remembered), "Serial device")
        self.tabs.addTab(self._mqtt_tab(remembered), "MQTT broker")
        self.tabs.setCurrentIndex(int(remembered.get("tab", "0")))
        cancel = button("Cancel", "Cancel", self.reject)
        whole = column(self.tabs, self.problem, spacing=10, margins=(16, 12, 16, 14))
        whole.addLayout(row(1, cancel, self.connect_button))
        self.setLayout(whole)
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._find_ports)
        self._timer.start(REFRESH_MS)
        self._find_ports()

    def choices(self) -> dict[str, str]:
        """Return the fields, to be remembered."""
        return {
            "tab": str(self.tabs.currentIndex()),
            "records": ",".join(record.name for record in self._picked()),
            "speed": str(self.speed.currentData()),
            "port": self.port.currentText(),
            "device": str(self.device.currentData()),
            "host": self.host.text(),
            "mqtt_port": str(self.mqtt_port.value()),
            "topic": self.topic.text(),
        }

    def accept(self) -> None:
        """Take the choice if it is whole, else say what is missing."""
        addresses, problem = self._chosen()
        if problem:
            set_text(self.problem, problem)
            return
        self.addresses = addresses
        super().accept()

    def done(self, result: int) -> None:
        """Wait for the port list before the dialog goes."""
        self._timer.stop()
        if self._finder is not None:
            self._finder.wait()
        super().done(result)

    def _chosen(self) -> tuple[list[str], str]:
        tab = self.tabs.currentIndex()
        if tab == 0:
            picked = self._picked()
            if not picked:
                return [], "Pick at least one record."
            if len(picked) > MOST_TILES:
                return [], f"At most {MOST_TILES} at once."
            return [replay_address(record.name, float(self.speed.currentData())) for record in picked], ""
        if tab == 1:
            port = str(self.port.currentData() or self.port.currentText())
            if not port:
                return [], "No serial port was found. Plug the device in; the list refreshes by itself."
            return [serial_address(port, str(self.device.currentData()))], ""
        if not self.host.text().strip():
            return [], "Say which broker, such as localhost."
        return [
            mqtt_address(
                self.host.text(), self.mqtt_port.value(), self.topic.text(), secure=self.secure.isChecked()
            )
        ], ""

    def _picked(self) -> Sequence[RecordChoice]:
        return [self._records[index.row()] for index in self.records.selectedIndexes()]

    def _record_tab(self, remembered: dict[str, str]) -> QtWidgets.QWidget:
        self.records = QtWidgets.QListWidget()
        self.records.setAccessibleName("Records")
        self.records.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.ExtendedSelection)
        before = remembered.get("records", "mitdb/200").split(",")
        for record in self._records:
            item = QtWidgets.QListWidgetItem(f"{record.name}   {record.title}")
            self.records.addItem(item)
            item.setSelected(record.name in before)
        self.about = wrapped()
        self.about.setMinimumHeight(92)
        self.about.setAlignment(QtCore.Qt.AlignmentFlag.AlignTop)
        self.speed = choice("Replay speed", SPEEDS, float(remembered.get("speed", "1")))
        self.records.itemSelectionChanged.connect(self._describe)
        self.records.itemDoubleClicked.connect(lambda _: self.accept())
        self._describe()
        return _page(
            wrapped("Several records become tiles. Others are replayed by name: ecgmon replay NAME."),
            self.records,
            self.about,
            row(label("Speed"), self.speed, 1),
        )

    def _serial_tab(self, remembered: dict[str, str]) -> QtWidgets.QWidget:
        self.port = choice("Serial port", (), "")
        self.port.setEditable(True)
        self.port.setEditText(remembered.get("port", ""))
        self.device = choice("Kind of device", device_kinds(), remembered.get("device", "native"))
        self.found = wrapped("Looking for ports …")
        form = QtWidgets.QFormLayout()
        form.setVerticalSpacing(12)
        form.addRow("Device", self.device)
        form.addRow("Port", self.port)
        form.addRow("", self.found)
        return _page(wrapped("Plug the device in; ports are found by themselves."), form, 1)

    def _mqtt_tab(self, remembered: dict[str, str]) -> QtWidgets.QWidget:
        self.host = QtWidgets.QLineEdit(remembered.get("host", "localhost"))
        self.host.setAccessibleName("Broker")
        self.mqtt_port = QtWidgets.QSpinBox()
        self.mqtt_port.setRange(1, 65535)
        self.mqtt_port.setValue(int(remembered.get("mqtt_port", "1883")))
        self.mqtt_port.setAccessibleName("Port of the broker")
        self.topic = QtWidgets.QLineEdit(remembered.get("topic", "ecg/+/raw"))
        self.topic.setAccessibleName("Topic")
        self.secure = QtWidgets.QCheckBox("Encrypted (TLS)")
        form = QtWidgets.QFormLayout()
        form.setVerticalSpacing(12)
        form.addRow("Broker", self.host)
        form.addRow("Port", self.mqtt_port)
        form.addRow("Topic", self.topic)
        form.addRow("", self.secure)
        return _page(wrapped("Every device that publishes under the topic becomes a tile."), form, 1)

    def _describe(self) -> None:
        picked = self._picked()
        if len(picked) == 1:
            set_text(self.about, picked[0].description)
        else:
            set_text(self.about, f"{len(picked)} records side by side." if picked else "")

    def _find_ports(self) -> None:
        if self._finder is None or self._finder.isFinished():
            self._finder = PortFinder()
            self._finder.found.connect(self._show_ports)
            self._finder.start()

    def _show_ports(self, ports: list[tuple[str, str]]) -> None:
        before = self.port.currentText()
        known = [self.port.itemData(number) for number in range(self.port.count())]
        if known != [port for port, _ in ports]:
            self.port.clear()
            for port, _ in ports:
                self.port.addItem(port, port)
            self.port.setEditText(before or (ports[0][0] if ports else ""))
        words = ", ".join(f"{port} ({title})" for port, title in ports)
        set_text(self.found, f"Found: {words}" if ports else "No serial port found yet.")


def _page(*parts: QtWidgets.QWidget | QtWidgets.QLayout | int) -> QtWidgets.QWidget:
    page = QtWidgets.QWidget()
    box = column(spacing=10, margins=(4, 14, 4, 4))
    for part in parts:
        if isinstance(part, int):
            box.addStretch(part)
        elif isinstance(part, QtWidgets.QLayout):
            box.addLayout(part)
        else:
            box.addWidget(part)
    page.setLayout(box)
    return page
