"""What a person does at the window, done with real clicks and keys on real records."""

from __future__ import annotations

import time

import numpy as np
import pytest
import wfdb
from played_records import StillFeed
from PyQt6 import QtCore, QtGui, QtWidgets

from ecgmon.monitor.dashboard.drawing.geometry import Trace
from ecgmon.monitor.dashboard.state.feed import Feed
from ecgmon.monitor.run.settings import MonitorSettings

LEFT = QtCore.Qt.MouseButton.LeftButton


def test_the_window_lives_on_a_replayed_record(open_window, qtbot):
    feed = Feed(MonitorSettings())
    feed.start(["replay:200?speed=20&chunk_samples=72"])
    window = open_window(feed)
    qtbot.waitUntil(lambda: window.session is not None and len(window.session.beats) > 12, timeout=30_000)
    qtbot.waitUntil(window.live.numbers.rate.text.isdigit, timeout=5000)
    assert 60 < int(window.live.numbers.rate.text) < 130
    assert window.live.events.events.rowCount() > 2
    assert "MLII" in window.status.text()
    position = feed.controls.position_s
    qtbot.keyClick(window, QtCore.Qt.Key.Key_P)
    qtbot.wait(150)
    held = feed.controls.position_s
    qtbot.wait(300)
    assert feed.controls.paused
    assert feed.controls.position_s == held >= position
    qtbot.mouseClick(window.replay.play, LEFT)
    assert not feed.controls.paused


def test_winding_back_forgets_what_lies_ahead(open_window, qtbot):
    feed = Feed(MonitorSettings())
    feed.start(["replay:200?speed=20"])
    window = open_window(feed)
    qtbot.waitUntil(lambda: window.session is not None and window.session.now_s > 25, timeout=30_000)
    feed.controls.speed = 1.0
    window.replay.skip(-20.0)
    qtbot.waitUntil(lambda: window.session.now_s < 15, timeout=5000)
    assert all(beat.time_s < 15 for beat in window.session.beats)
    assert all(row.time_s < 15 for row in window.session.timeline.rows())


def test_nothing_connected_offers_a_way_to_begin(open_window, qtbot):
    window = open_window(Feed(MonitorSettings()))
    qtbot.waitUntil(window.empty.isVisible, timeout=2000)
    assert window.empty.heading.text() == "Nothing connected"
    qtbot.mouseClick(window.empty.start, LEFT)
    qtbot.waitUntil(lambda: window.session is not None, timeout=20_000)
    assert window.session.device == "200"


def test_a_source_that_cannot_work_is_said_in_the_window(open_window, qtbot):
    window = open_window(Feed(MonitorSettings()))
    window.connect_to(["replay:./nowhere/999"])
    qtbot.waitUntil(lambda: "no record" in window.empty.words.text(), timeout=10_000)
    assert window.empty.heading.text() == "That did not work"


def test_from_the_list_to_the_reason_of_a_ventricular_beat(open_window, qtbot, heart, player):
    window = open_window(StillFeed(heart))
    qtbot.waitUntil(lambda: window.live.events.events.rowCount() > 0, timeout=3000)
    table = window.live.events
    row = next(n for n, event in enumerate(table.events.rows) if event.mark == "V")
    qtbot.mouseClick(table.viewport(), LEFT, pos=table.visualRect(table.events.index(row, 2)).center())
    assert "Ventricular premature" in window.live.beat.title.text()
    assert "The model looked most at" in window.live.beat.text.text()
    qtbot.mouseClick(window.live.beat.review, LEFT)
    assert window.pages.chosen == "review"
    assert window.review.strip.chosen.symbol == "V"
    assert window.review.reason.title.text().startswith("V  Ventricular premature")


def test_stepping_goes_beat_by_beat_and_event_by_event(open_window, qtbot, heart):
    window = open_window(StillFeed(heart))
    window.open_review(10.0)
    first = window.review.strip.chosen
    qtbot.keyClick(window, QtCore.Qt.Key.Key_Period)
    second = window.review.strip.chosen
    assert second is heart.beats.after(first.index)
    qtbot.mouseClick(window.review.previous, LEFT)
    assert window.review.strip.chosen is first
    qtbot.mouseClick(window.review.next_event, LEFT)
    assert window.review.strip.chosen.notable


def test_dragging_on_the_strip_measures_it(open_window, qtbot, heart):
    window = open_window(StillFeed(heart))
    window.open_review(12.0)
    qtbot.waitUntil(window.review.view.isVisible)
    window.review.view.repaint()
    view, strip = window.review.view, window.review.strip
    one, two = (round(view.x_of(round(t * 360))) for t in (10.0, 11.0))
    qtbot.mousePress(view, LEFT, pos=QtCore.QPoint(one, 100))
    qtbot.mouseMove(view, QtCore.QPoint(two, 60))
    qtbot.mouseRelease(view, LEFT, pos=QtCore.QPoint(two, 60))
    assert strip.calipers.interval_ms == pytest.approx(1000, abs=40)
    assert strip.calipers.amplitude_mv > 0
    assert "60/min" in strip.calipers.text() or "59/min" in strip.calipers.text()


def test_a_reclassified_beat_is_kept_with_author_and_time(open_window, qtbot, heart):
    window = open_window(StillFeed(heart))
    window.open_review(10.0)
    beat = window.review.strip.chosen
    box = window.review.reclassify
    box.setCurrentIndex(box.findData("F"))
    box.activated.emit(box.currentIndex())
    again = type(window.review.remarks)(window.review.remarks.path("200").parent).of("200")
    assert again[beat.index].symbol == "F"
    assert again[beat.index].model == beat.symbol
    assert again[beat.index].author == window.review.author
    assert again[beat.index].at.endswith("+00:00")


def test_a_strip_is_exported_in_four_formats(open_window, qtbot, heart, tmp_path):
    window = open_window(StillFeed(heart))
    window.open_review(15.0)
    qtbot.wait(50)
    window.review.relabel("F")
    for suffix in (".png", ".svg", ".csv", ".hea"):
        window.review.save(tmp_path / f"strip{suffix}")
    picture = QtGui.QImage(str(tmp_path / "strip.png"))
    assert (picture.width(), picture.height()) == (2000, 700)
    assert "<svg" in (tmp_path / "strip.svg").read_text()
    table = np.genfromtxt(tmp_path / "strip.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
    assert len(table) == 20 * 360
    record = wfdb.rdrecord(str(tmp_path / "strip"))
    assert record.fs == 360
    assert record.sig_name == ["MLII_raw", "MLII_clean", "V1_raw", "V1_clean"]
    assert record.p_signal[:, 1] == pytest.approx(table["clean_mv"], abs=2e-3)
    assert record.p_signal[:, 3] == pytest.approx(table["V1_clean_mv"], abs=2e-3)
    beats = wfdb.rdann(str(tmp_path / "strip"), "ecgmon")
    assert beats.symbol == [beat.symbol for beat in window.review.strip.beats()]
    assert any(note.endswith(": F") for note in beats.aux_note)


def test_the_list_is_filtered_by_kind_and_text(open_window, qtbot, heart):
    window = open_window(StillFeed(heart))
    window.show_page("review")
    qtbot.waitUntil(lambda: window.review.events.events.rowCount() > 0)
    box = window.review.kind
    box.setCurrentIndex(box.findData("beat"))
    assert {row.kind for row in window.review.events.events.rows} == {"beat"}
    qtbot.keyClicks(window.review.search, "nothing like this")
    assert window.review.events.events.rowCount() == 0


def test_shapley_values_are_computed_while_the_window_goes_on(open_window, qtbot, heart):
    window = open_window(StillFeed(heart))
    beat = next(beat for beat in heart.beats if beat.symbol == "V")
    window.open_review(beat.time_s)
    reason = window.review.reason
    qtbot.waitUntil(reason.shap.isVisible)
    assert window.review.strip.chosen is beat
    qtbot.mouseClick(reason.shap, LEFT)
    assert reason.progress.isVisible()
    waits = []
    deadline = time.monotonic() + 60
    while reason.progress.isVisible() and time.monotonic() < deadline:
        before = time.monotonic()
        qtbot.wait(10)
        waits.append(time.monotonic() - before)
    assert reason.answer.text().startswith("SHAP: ")
    assert not reason.progress.isVisible()
    assert np.median(waits) < 0.1


def test_alarms_are_shown_acknowledged_and_silenced(open_window, qtbot, player):
    flutter = player("207", 30.0)
    feed = StillFeed(flutter.play(30.0))
    window = open_window(feed)
    qtbot.waitUntil(window.banner.acknowledge_button.isVisible, timeout=3000)
    worst = window.session.board.worst()
    qtbot.keyClick(window, QtCore.Qt.Key.Key_S)
    qtbot.keyClick(window, QtCore.Qt.Key.Key_A)
    assert feed.asked == [("silence", "207"), ("acknowledge", "207", worst.kind)]
    states = {row.kind: row.state for row in window.session.board.rows()}
    assert states.get(worst.kind) in ("acknowledged", None)


def test_several_patients_are_tiles_and_a_click_opens_one(open_window, qtbot, heart, player):
    other = player("100").play(10.0)
    window = open_window(StillFeed(heart, other))
    window.show_page("patients")
    qtbot.waitUntil(lambda: len(window.patients.tiles) == 2)
    qtbot.waitUntil(lambda: window.patients.tiles[1].rate.text().isdigit(), timeout=3000)
    tile = next(tile for tile in window.patients.tiles if tile.session.device == "100")
    qtbot.mouseClick(tile, LEFT)
    assert window.pages.chosen == "live"
    assert window.session is other


def test_trends_are_read_by_hovering_and_clicking_opens_the_review(open_window, qtbot, heart):
    window = open_window(StillFeed(heart))
    window.show_page("trends")
    qtbot.waitUntil(lambda: window.trends.rate.getPlotItem().vb.viewRange()[0][1] > 20, timeout=3000)
    plot = window.trends.rate
    at = plot.getPlotItem().vb.mapViewToScene(QtCore.QPointF(15.0, np.mean(plot.viewRange()[1])))
    plot.scene().sigMouseMoved.emit(at)
    assert "/min" in window.trends.reading.text()
    window.trends.review_asked.emit(15.0)
    assert window.pages.chosen == "review"
    assert window.review.strip.middle == 15 * 360


def test_choices_are_remembered(open_window, qtbot, heart):
    window = open_window(StillFeed(heart))
    qtbot.keyClick(window, QtCore.Qt.Key.Key_M)
    qtbot.keyClick(window, QtCore.Qt.Key.Key_T)
    qtbot.keyClick(window, QtCore.Qt.Key.Key_Plus)
    window.live.tools.opacity.setValue(35)
    window.close()
    again = open_window(StillFeed(heart))
    assert again.preferences.theme == "light"
    assert again.preferences.base_px == 15
    assert again.live.trace.options.mode == "scroll"
    assert again.live.trace.options.opacity == 0.35
    again.set_theme("dark")


def test_leads_are_chosen_by_menu_and_key_on_all_pages_and_remembered(open_window, qtbot, heart):
    window = open_window(StillFeed(heart))
    chooser = window.live.tools.leads
    qtbot.waitUntil(lambda: window.live.trace.plan is not None, timeout=2000)
    assert chooser.text() == "MLII + V1"
    assert [trace.lead for trace in window.live.trace.plan.lanes] == [0, 1]
    chooser.list.actions()[0].trigger()
    assert chooser.text() == window.review.leads.text() == "V1"
    chooser.list.actions()[1].trigger()
    assert chooser.text() == "V1"
    window.review.leads.chosen.emit((0,))
    assert chooser.text() == "MLII"
    window.close()
    again = open_window(StillFeed(heart))
    assert again.live.tools.leads.text() == "MLII"
    qtbot.keyClick(again, QtCore.Qt.Key.Key_L)
    assert again.live.tools.leads.text() == "V1"
    qtbot.keyClick(again, QtCore.Qt.Key.Key_L)
    assert again.live.tools.leads.text() == "MLII + V1"


def test_a_device_with_one_lead_offers_no_choice(open_window, qtbot, player):
    single = player("100")
    single.stream = type(single.stream)("100", 360.0, ("MLII",), all_leads=True)
    single.session = type(single.session)(single.stream)
    window = open_window(StillFeed(single.play(3.0)))
    qtbot.waitUntil(lambda: window.live.trace.plan is not None, timeout=2000)
    assert not window.live.tools.leads.isVisible()
    assert [trace.lead for trace in window.live.trace.plan.lanes] == [0]


def test_a_measure_is_taken_in_the_lead_under_the_pointer(open_window, qtbot, heart):
    window = open_window(StillFeed(heart))
    window.open_review(12.0)
    view = window.review.view
    qtbot.waitUntil(view.isVisible)
    view.repaint()
    top = round(view._plan.lanes[Trace("clean", 1)].middle)
    one, two = (round(view.x_of(round(t * 360))) for t in (10.0, 11.0))
    qtbot.mousePress(view, LEFT, pos=QtCore.QPoint(one, top))
    qtbot.mouseMove(view, QtCore.QPoint(two, top - 20))
    qtbot.mouseRelease(view, LEFT, pos=QtCore.QPoint(two, top - 20))
    calipers = window.review.strip.calipers
    assert calipers.trace.lead == 1
    assert calipers.start_mv == pytest.approx(0.0, abs=0.05)
    assert calipers.amplitude_mv == pytest.approx(20 / view._plan.lanes[calipers.trace].px_per_mv)


def test_wall_mode_shows_the_trace_alone_and_escape_leaves_it(open_window, qtbot, heart):
    window = open_window(StillFeed(heart))
    qtbot.keyClick(window, QtCore.Qt.Key.Key_F11)
    assert window.isFullScreen()
    assert not window.top.isVisible()
    assert window.live.trace.isVisible()
    qtbot.keyClick(window, QtCore.Qt.Key.Key_Escape)
    assert not window.isFullScreen()
    assert window.top.isVisible()


def test_the_reference_is_compared_and_scored(open_window, qtbot):
    feed = Feed(MonitorSettings())
    feed.start(["replay:200?speed=20"])
    window = open_window(feed)
    qtbot.waitUntil(lambda: window.session is not None, timeout=20_000)
    qtbot.waitUntil(window.replay.isVisible, timeout=5000)
    qtbot.mouseClick(window.replay.reference, LEFT)
    qtbot.waitUntil(lambda: window.session.comparison.score.found > 25, timeout=30_000)
    score = window.session.comparison.score
    assert score.sensitivity > 0.95
    assert score.predictivity > 0.95
    qtbot.waitUntil(lambda: "sensitivity" in window.replay.score.text(), timeout=2000)


def test_every_control_has_a_name_for_screen_readers(open_window, qtbot, heart):
    window = open_window(StillFeed(heart))
    kinds = (QtWidgets.QAbstractButton, QtWidgets.QComboBox, QtWidgets.QSlider, QtWidgets.QLineEdit)
    nameless = [
        control
        for kind in kinds
        for control in window.findChildren(kind)
        if not control.accessibleName() and not control.objectName().startswith("qt_")
    ]
    inner = (QtWidgets.QTableView, QtWidgets.QSpinBox, QtWidgets.QComboBox)
    assert [c for c in nameless if not isinstance(c.parent(), inner)] == []
