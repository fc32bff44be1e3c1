"""Widgets by real clicks and keys, each on its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from events_of import alarm, beat, gap
from PyQt6 import QtCore, QtGui, QtTest, QtWidgets

from ecgmon.monitor.dashboard.drawing.palette import DARK
from ecgmon.monitor.dashboard.preferences import BASE_PX, Preferences, load_preferences, save_preferences
from ecgmon.monitor.dashboard.state.alarm_board import AlarmBoard
from ecgmon.monitor.dashboard.state.comparison import Comparison
from ecgmon.monitor.dashboard.state.numbers import UNKNOWN, Figure
from ecgmon.monitor.dashboard.state.timeline import KEPT_ROWS, Timeline
from ecgmon.monitor.dashboard.widgets.banner import AlarmBanner
from ecgmon.monitor.dashboard.widgets.basics import (
    Choice,
    Shortening,
    button,
    choice,
    row,
    set_flag,
    set_text,
)
from ecgmon.monitor.dashboard.widgets.event_table import EventModel, EventTable
from ecgmon.monitor.dashboard.widgets.lead_chooser import LeadChooser
from ecgmon.monitor.dashboard.widgets.numbers_panel import FigureTile, NumbersPanel
from ecgmon.monitor.dashboard.widgets.replay_bar import ReplayBar
from ecgmon.monitor.dashboard.widgets.sound_player import SoundPlayer
from ecgmon.sim.replay import ReplayControls

LEFT = QtCore.Qt.MouseButton.LeftButton


@pytest.fixture
def shown(qtbot):
    kept: list[QtWidgets.QWidget] = []

    def show(widget: QtWidgets.QWidget) -> QtWidgets.QWidget:
        kept.append(widget)
        qtbot.addWidget(widget)
        widget.show()
        qtbot.waitExposed(widget)
        return widget

    yield show
    kept.clear()


@pytest.fixture
def controls() -> ReplayControls:
    return ReplayControls(360.0, 200 * 360, start=50 * 360)


def test_the_bar_is_hidden_without_a_replay(shown):
    bar = shown(ReplayBar())
    bar.refresh(None, None)
    assert not bar.isVisible()
    bar.toggle()
    bar.skip(10)


def test_the_bar_shows_where_the_replay_is(shown, controls):
    bar = shown(ReplayBar())
    bar.refresh(controls, None)
    assert bar.isVisible()
    assert bar.where.text() == "0:50.0 / 3:20.0"
    assert bar.position.value() == 250
    assert not bar.reference.isVisible()
    bar.refresh(ReplayControls(360.0, 200 * 360, start=200 * 360 - 3), None)
    assert bar.where.text() == "end of record"


def test_a_click_pauses_and_another_goes_on(shown, controls, qtbot):
    bar = shown(ReplayBar())
    bar.refresh(controls, None)
    qtbot.mouseClick(bar.play, LEFT)
    assert controls.paused
    bar.refresh(controls, None)
    assert bar.play.text() == "Play replay"
    qtbot.mouseClick(bar.play, LEFT)
    assert not controls.paused


def sought(bar: ReplayBar) -> list[float]:
    times: list[float] = []
    bar.sought.connect(times.append)
    return times


@pytest.mark.parametrize(("seconds", "target"), [(10, 60), (-10, 40), (-500, 0), (500, 200)])
def test_winding_stays_within_the_record(shown, controls, seconds, target):
    bar = shown(ReplayBar())
    bar.refresh(controls, None)
    times = sought(bar)
    bar.skip(seconds)
    assert times == [target]


def test_a_key_on_the_slider_seeks_at_once_and_a_drag_when_it_is_let_go(shown, controls, qtbot):
    bar = shown(ReplayBar())
    bar.resize(900, 50)
    bar.refresh(controls, None)
    times = sought(bar)
    bar.position.setFocus()
    qtbot.keyClick(bar.position, QtCore.Qt.Key.Key_End)
    assert times == [200.0]
    bar.position.setSliderDown(True)
    bar.position.setSliderPosition(500)
    bar.refresh(controls, None)
    assert times == [200.0]
    assert bar.position.value() == 500
    bar.position.setSliderDown(False)
    bar.position.sliderReleased.emit()
    assert times[-1] == pytest.approx(100.0)


def test_a_speed_that_is_chosen_is_set_and_one_set_elsewhere_is_shown(shown, controls):
    bar = shown(ReplayBar())
    bar.refresh(controls, None)
    bar.speed.setCurrentIndex(bar.speed.findData(5.0))
    assert controls.speed == 5.0
    controls.speed = 20.0
    bar.refresh(controls, None)
    assert bar.speed.currentData() == 20.0
    assert controls.speed == 20.0


def test_the_score_is_shown_while_the_reference_is(shown, controls, qtbot):
    import numpy as np

    bar = shown(ReplayBar())
    comparison = Comparison(np.array([360]), ["N"], 360.0)
    bar.refresh(controls, comparison)
    assert bar.reference.isVisible()
    assert not bar.score.isVisible()
    with qtbot.waitSignal(bar.compared) as told:
        qtbot.mouseClick(bar.reference, LEFT)
    assert told.args == [True]
    bar.refresh(controls, comparison)
    assert bar.score.text() == "no beats compared yet"
    assert bar.score.isVisible()


def board_of(*alarms) -> AlarmBoard:
    board = AlarmBoard()
    for each in alarms:
        board.observe(each)
    return board


def words_of(banner: AlarmBanner) -> str:
    return " | ".join(label.text() for label in banner.findChildren(QtWidgets.QLabel) if label.text())


def test_a_quiet_banner_offers_nothing_to_press(shown):
    banner = shown(AlarmBanner())
    for board in (None, AlarmBoard()):
        banner.refresh(board, 0.0)
        assert words_of(banner) == "No alarms"
        assert not banner.acknowledge_button.isVisible()
        assert not banner.silence_button.isVisible()


def test_a_banner_says_who_what_since_when_and_how_many_more(shown, qtbot):
    banner = shown(AlarmBanner())
    board = board_of(alarm(65, "asystole"), alarm(2, "lead_off", "low", technical=True))
    banner.refresh(board, 0.0, "bed-7")
    assert "bed-7  Asystole" in words_of(banner)
    assert "since 1:05.0" in words_of(banner)
    assert "+1 more" in words_of(banner)
    assert "high priority: Asystole" in banner.accessibleDescription()
    with qtbot.waitSignal(banner.acknowledge) as told:
        qtbot.mouseClick(banner.acknowledge_button, LEFT)
    assert told.args == ["asystole"]
    with qtbot.waitSignal(banner.silence):
        qtbot.mouseClick(banner.silence_button, LEFT)


def test_a_technical_alarm_is_named_as_one_and_an_acknowledged_one_cannot_be_again(shown):
    banner = shown(AlarmBanner())
    banner.refresh(board_of(alarm(1, "lead_off", "low", "acknowledged", technical=True)), 0.0)
    assert "Technical: Lead off" in words_of(banner)
    assert "acknowledged" in words_of(banner)
    assert not banner.acknowledge_button.isEnabled()


def test_a_high_alarm_flashes_red_and_a_low_one_stays_steady(shown):
    banner = shown(AlarmBanner())
    looks = {}
    for priority in ("high", "low"):
        board = board_of(alarm(1, "asystole", priority))
        looks[priority] = set()
        for tenth in range(20):
            banner.refresh(board, tenth / 10)
            looks[priority].add(banner.styleSheet())
    assert len(looks["high"]) == 2
    assert any(f"background: {DARK.alarm_high}" in look for look in looks["high"])
    assert len(looks["low"]) == 1


def test_a_running_silence_counts_down_in_the_banner(shown):
    banner = shown(AlarmBanner())
    board = board_of(alarm(1, state="silenced"))
    board.silence(10.0)
    banner.refresh(board, 15.0)
    assert "silenced 115 s" in words_of(banner)


def test_the_table_puts_new_rows_on_top_and_keeps_the_choice(shown, qtbot):
    timeline, table = Timeline(), shown(EventTable())
    table.resize(400, 200)
    for second in range(5):
        timeline.observe(beat(second, "V"))
    table.events.refresh(timeline)
    picked = []
    table.picked.connect(picked.append)
    index = table.events.index(4, 2)
    qtbot.mouseClick(table.viewport(), LEFT, pos=table.visualRect(index).center())
    assert picked[-1].time_s == 0.0
    timeline.observe(beat(9, "A"))
    table.events.refresh(timeline)
    assert table.events.rows[0].mark == "A"
    assert table.currentIndex().row() == 5
    qtbot.keyClick(table, QtCore.Qt.Key.Key_Return)
    assert picked[-1].time_s == 0.0


def test_the_table_s_cells_have_text_colour_and_weight():
    timeline, model = Timeline(), EventModel()
    for event in (beat(61, "V"), alarm(62), gap(63)):
        timeline.observe(event)
    model.refresh(timeline)
    role = QtCore.Qt.ItemDataRole
    cells = [[model.data(model.index(r, c)) for c in range(4)] for r in range(3)]
    assert cells[2] == ["1:01.0", "V", "Ventricular premature", "90%"]
    assert [cell[1] for cell in cells] == ["·", "!", "V"]
    colours = [model.data(model.index(r, 1), role.ForegroundRole).name() for r in range(3)]
    assert colours == [DARK.muted, DARK.alarm_high, DARK.classes["V"]]
    assert model.data(model.index(0, 1), role.FontRole).bold()
    assert model.data(model.index(0, 0), role.DecorationRole) is None
    assert model.headerData(2, QtCore.Qt.Orientation.Horizontal) == "Event"
    assert model.headerData(2, QtCore.Qt.Orientation.Vertical) is None
    assert model.rowCount(model.index(0, 0)) == model.columnCount(model.index(0, 0)) == 0


def test_the_table_s_model_keeps_qt_s_rules_while_rows_come_and_go():
    timeline, model = Timeline(capacity=50), EventModel()
    QtTest.QAbstractItemModelTester(model, QtTest.QAbstractItemModelTester.FailureReportingMode.Fatal)
    for second in range(120):
        timeline.observe(beat(second, "V") if second % 3 else gap(second))
        if second % 7 == 0:
            model.refresh(timeline)
    model.refresh(timeline, frozenset({"gap"}))
    assert {row.kind for row in model.rows} == {"gap"}
    timeline.forget_from(100)
    model.refresh(timeline, frozenset({"gap"}))
    assert all(row.time_s < 100 for row in model.rows)
    model.refresh(None)
    assert model.rowCount() == 0


def test_the_table_s_model_lets_the_oldest_go():
    timeline, model = Timeline(), EventModel()
    for second in range(KEPT_ROWS):
        timeline.observe(gap(second))
    model.refresh(timeline)
    for second in range(20):
        timeline.observe(gap(KEPT_ROWS + second))
    model.refresh(timeline)
    assert model.rowCount() == KEPT_ROWS
    assert model.rows[0].time_s == KEPT_ROWS + 19
    assert model.rows[-1].time_s == 20


def test_leads_are_stepped_through_and_the_last_one_stays(shown, qtbot):
    chooser = shown(LeadChooser())
    told: list[tuple[int, ...]] = []
    chooser.chosen.connect(told.append)
    chooser.show_leads(("I", "II", "III"), (0, 1))
    assert chooser.isVisible()
    assert chooser.text() == "I + II"
    for _ in range(4):
        chooser.step()
    assert told == [(0,), (1,), (2,), (0, 1)]
    for action in chooser.list.actions():
        action.setChecked(False)
    chooser.list.actions()[2].trigger()
    assert told[-1] == (2,)
    chooser.list.actions()[2].trigger()
    assert told[-1] == (2,)
    chooser.show_leads(("I", "II", "III"), (0, 1, 2))
    assert chooser.text() == "3 leads"


def test_one_lead_leaves_nothing_to_choose(shown):
    chooser = shown(LeadChooser())
    chooser.show_leads(("I",), (0,))
    assert not chooser.isVisible()
    chooser.step()
    assert chooser.leads == (0,)


def test_a_figure_is_read_out_with_unit_and_age(shown):
    tile = shown(FigureTile("Heart rate"))
    tile.show_figure(Figure("72", "/min", 65.0))
    assert tile.text == "72"
    assert tile.accessibleDescription() == "Heart rate: 72 /min 65 s ago"
    tile.show_figure(Figure(UNKNOWN, "/min", None))
    assert tile.accessibleDescription() == "Heart rate: unknown unknown"


def test_without_a_stream_every_figure_is_a_dash(shown, heart):
    panel = shown(NumbersPanel())
    panel.refresh(heart)
    assert panel.rate.text.isdigit()
    panel.refresh(None)
    assert {tile.text for tile in panel.findChildren(FigureTile)} == {UNKNOWN}


def test_a_choice_is_as_wide_as_its_text_and_its_list_as_its_longest(shown, qtbot):
    box = shown(choice("Length", (("5 s", 5), ("a much longer name of a thing", 6)), 5))
    assert isinstance(box, Choice)
    short = box.sizeHint().width()
    box.setCurrentIndex(1)
    assert box.sizeHint().width() > short + 60
    box.setCurrentIndex(0)
    box.showPopup()
    assert box.view().minimumWidth() > short + 60
    box.hidePopup()
    assert choice("x", (("a", 1),), 99).currentIndex() == 0


def test_a_label_without_room_is_cut_and_asks_for_none(shown):
    label = Shortening("a very long sentence that nobody has room for")
    assert label.minimumSizeHint().width() == 20
    shown(label)
    label.resize(60, 20)
    assert not label.grab().toImage().isNull()


def test_text_and_flags_are_set_only_when_they_change(shown):
    label = shown(QtWidgets.QLabel("a"))
    set_flag(label, "known", "false")
    set_flag(label, "known", "false")
    assert label.property("known") == "false"
    pushed = button("Go", "Go there", tip="")
    set_text(pushed, "Stop")
    assert (pushed.text(), pushed.toolTip(), pushed.accessibleName()) == ("Stop", "Go there", "Go there")
    layout = row(label, 2, pushed)
    assert layout.stretch(1) == 2


class Beeps:
    def __init__(self, monkeypatch) -> None:
        self.count = 0
        monkeypatch.setattr(QtWidgets.QApplication, "beep", self._beep)

    def _beep(self) -> None:
        self.count += 1


def test_without_the_multimedia_module_the_system_beeps(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "PyQt6.QtMultimedia", None)
    beeps, player = Beeps(monkeypatch), SoundPlayer()
    player.update("high", 0.0)
    assert beeps.count == 0
    player.enabled = True
    player.update("high", 1.0)
    player.update("high", 2.0)
    assert beeps.count == 1
    player.enabled = False
    player.update("high", 100.0)
    assert beeps.count == 1
    folder = Path(player._folder.name)
    assert folder.exists()
    player.close()
    assert not folder.exists()


def store(tmp_path) -> QtCore.QSettings:
    return QtCore.QSettings(str(tmp_path / "p.ini"), QtCore.QSettings.Format.IniFormat)


def test_what_is_remembered_comes_back(tmp_path):
    made = Preferences(theme="light", base_px=20, sound=False, connect={"host": "h", "tab": "2"})
    made.options = made.options.__class__(mode="scroll", traces="both", leads=(2, 0), seconds=0.0, grid=False)
    save_preferences(store(tmp_path), made)
    assert load_preferences(store(tmp_path)) == made


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("theme", "pink"),
        ("base_px", "huge"),
        ("sound", "perhaps"),
        ("trace/mode", "fly"),
        ("trace/seconds", "long"),
        ("trace/leads", "a,b"),
        ("trace/traces", ""),
    ],
)
def test_a_preference_that_makes_no_sense_is_the_default(tmp_path, key, value):
    kept = store(tmp_path)
    kept.setValue(key, value)
    kept.sync()
    assert load_preferences(store(tmp_path)) == Preferences()


@pytest.mark.parametrize(("size", "kept"), [(1, BASE_PX[0]), (500, BASE_PX[1]), (15, 15)])
def test_a_size_of_text_is_kept_within_what_can_be_read(tmp_path, size, kept):
    settings = store(tmp_path)
    settings.setValue("base_px", size)
    assert load_preferences(settings).base_px == kept


def test_the_chevron_is_drawn_where_style_sheets_cannot(shown):
    chooser = shown(LeadChooser())
    chooser.show_leads(("I", "II"), (0, 1))
    chooser.resize(120, 30)
    picture = chooser.grab().toImage()
    corner = {picture.pixelColor(x, y).name() for x in range(100, 114) for y in range(10, 20)}
    assert len(corner) > 1
    assert QtGui.QColor(next(iter(corner))).isValid()
