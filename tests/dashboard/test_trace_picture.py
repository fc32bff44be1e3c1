"""The moving picture: painted bit by bit it must equal what one would paint at once."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6 import QtGui, QtWidgets
from pyqtgraph.functions import ndarray_from_qimage

from ecgmon.monitor.dashboard.drawing.layout import SWEEP_GAP_S
from ecgmon.monitor.dashboard.drawing.palette import DARK, rgb
from ecgmon.monitor.dashboard.widgets.trace_view import TraceView


def pixels(image: QtGui.QImage) -> np.ndarray:
    image = image.convertToFormat(QtGui.QImage.Format.Format_RGB32)
    return ndarray_from_qimage(image)[..., :3].astype(int)


def shown(view: TraceView) -> np.ndarray:
    return pixels(view.grab().toImage())


@pytest.fixture
def view(qtbot):
    widget = TraceView()
    widget.resize(754, 300)
    widget.set_options(mm_per_mv=10.0)
    qtbot.addWidget(widget)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def follow(view, player, seconds, block=36, frames=4):
    """Play a stretch and paint some frames after each block, as the timer would."""
    for _ in range(round(seconds * 360 / block)):
        session = player.play(block / 360, block)
        for frame in range(1, frames + 1):
            view.frame(session.history.end / 360 + frame * block / 360 / frames)


@pytest.mark.parametrize("mode", ["sweep", "scroll"])
def test_the_picture_painted_in_steps_equals_one_painted_at_once(view, player, mode):
    heart = player("200")
    view.set_options(mode=mode, traces="clean")
    view.set_session(heart.session)
    follow(view, heart, 13.0)
    steps = shown(view)
    view.rebuild()
    view.frame(1e6)
    whole = shown(view)
    differs = (np.abs(steps - whole).max(axis=2) > 60).mean()
    assert differs < 0.004


def test_a_ventricular_beat_is_shaded_and_named(view, player):
    heart = player("200")
    view.set_options(traces="clean", opacity=0.8)
    view.set_session(heart.session)
    follow(view, heart, 8.0)
    found = [beat for beat in heart.session.beats if beat.symbol == "V"]
    assert found
    picture = shown(view)
    column = round(view.x_of(found[-1].index))
    tag = picture[4:24, column - 9 : column - 5].reshape(-1, 3)
    orange = np.array(rgb(DARK.classes["V"])[::-1])
    assert (np.abs(tag - orange).max(axis=1) < 12).mean() > 0.5
    violet = picture[40:-8, column - 40 : column + 30]
    assert (violet[..., 0] - violet[..., 1]).max() > 60


def test_lost_samples_leave_a_hatched_hole(view, player):
    heart = player("200")
    view.set_options(traces="clean", grid=False)
    view.set_session(heart.session)
    follow(view, heart, 4.0)
    heart.skip(2.0)
    follow(view, heart, 3.0)
    green = np.array(rgb(DARK.clean)[::-1])
    picture = shown(view)
    hole = picture[30:, round(view.x_of(360 * 4 + 100)) : round(view.x_of(360 * 6 - 100))]
    assert not (np.abs(hole - green).max(axis=2) < 30).any()
    assert (hole.max(axis=2) > 40).any()


def test_two_leads_stand_one_above_the_other_each_with_letters_and_gaps(view, player):
    heart = player("200")
    view.set_options(traces="clean", leads=(0, 1), grid=False, opacity=0.8)
    view.set_session(heart.session)
    follow(view, heart, 4.0)
    heart.skip(2.0)
    follow(view, heart, 3.0)
    picture = shown(view)
    green = np.array(rgb(DARK.clean)[::-1])
    hole = slice(round(view.x_of(360 * 4 + 100)), round(view.x_of(360 * 6 - 100)))
    column = round(view.x_of(next(beat.index for beat in heart.session.beats if beat.symbol == "V")))
    shaded = []
    for lane in view.plan.lanes.values():
        rows = picture[round(lane.top) : round(lane.bottom)]
        body = rows[34:, round(view.x_of(360)) : round(view.x_of(1300))]
        assert (np.abs(body - green).max(axis=2) < 40).any(axis=0).mean() > 0.9
        assert not (np.abs(rows[30:, hole] - green).max(axis=2) < 30).any()
        assert (rows[30:, hole].max(axis=2) > 40).any()
        tag = rows[4:24, column - 9 : column - 5].reshape(-1, 3)
        assert (np.abs(tag - np.array(rgb(DARK.classes["V"])[::-1])).max(axis=1) < 12).mean() > 0.5
        shaded.append(bool((rows[..., 0] - rows[..., 1]).max() > 60))
    assert shaded == [True, False]


def test_freezing_holds_the_picture_and_resuming_shows_now(view, player):
    heart = player("200")
    view.set_session(heart.session)
    follow(view, heart, 5.0)
    view.set_frozen(True)
    before = shown(view)
    follow(view, heart, 3.0)
    assert (shown(view) == before).all()
    view.set_frozen(False)
    view.frame(1e6)
    assert view.head == heart.session.history.end


def test_after_a_long_time_away_it_shows_now_and_not_a_backlog(view, player):
    heart = player("200")
    view.set_session(heart.session)
    follow(view, heart, 3.0)
    view.hide()
    heart.play(100.0)
    view.show()
    view.frame(200.0)
    assert view.head == heart.session.history.end


def test_a_window_that_slept_longer_than_the_ring_goes_on_with_now(view, player):
    heart = player("200")
    view.set_session(heart.session)
    follow(view, heart, 3.0)
    for _ in range(130):
        heart.push(heart.at, heart.at + 360)
        heart.at += 360
    view.frame(200.0)
    heart.session.poll()
    view.frame(200.016)
    history = heart.session.history
    assert view.head == history.end == heart.stream.ring.row_end("clean")
    assert np.isnan(history.trace("clean", 4 * 360, 8 * 360)).all()
    assert np.isfinite(history.trace("clean", 30 * 360, history.end)).all()
    assert len(heart.session.beats.between(4 * 360, 100 * 360)) > 100


def test_a_click_picks_the_beat_under_it(view, player, qtbot):
    from PyQt6 import QtCore

    heart = player("200")
    view.set_session(heart.session)
    follow(view, heart, 8.0)
    wanted = heart.session.beats.tail(4)[0]
    with qtbot.waitSignal(view.beat_picked) as picked:
        at = QtCore.QPoint(round(view.x_of(wanted.index)), 120)
        qtbot.mouseClick(view, QtCore.Qt.MouseButton.LeftButton, pos=at)
    assert picked.args == [wanted.index]


def test_the_sweep_keeps_a_blank_stretch_ahead_of_its_cursor(view, player):
    heart = player("200")
    view.set_options(traces="clean", grid=False)
    view.set_session(heart.session)
    follow(view, heart, 14.0)
    left = round(view.x_of(view.head)) + 4
    width = round(SWEEP_GAP_S * 360 * view.plan.page.px_per_sample) - 8
    blank = shown(view)[:, left : left + width]
    assert (blank == np.array(rgb(DARK.paper)[::-1])).all()


def test_the_view_says_its_scale(view, player):
    heart = player("200")
    view.set_session(heart.session)
    follow(view, heart, 1.0)
    assert view.scale_text() == "25 mm/s   10 mm/mV"
    assert isinstance(view, QtWidgets.QWidget)
