"""Makes the pictures of the window that stand in the documentation, from bundled records.

Run from the project's folder: ``python docs/make_screenshots.py [FOLDER]``.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from PyQt6 import QtCore

from ecgmon.monitor.dashboard.app import application
from ecgmon.monitor.dashboard.drawing.calipers import Calipers
from ecgmon.monitor.dashboard.state.feed import Feed
from ecgmon.monitor.dashboard.state.remarks import RemarkBook
from ecgmon.monitor.dashboard.widgets.connect_dialog import ConnectDialog
from ecgmon.monitor.dashboard.window import MainWindow
from ecgmon.monitor.run.settings import MonitorSettings

PATIENCE_S = 120.0
TILES_SHOWN = (
    ("200", 4, "bed-1"),
    ("207", 30, "bed-2"),
    ("100", 60, "bed-3"),
    ("232", 120, "bed-4"),
    ("200", 300, "bed-5"),
    ("100", 700, "bed-6"),
    ("207", 240, "bed-7"),
    ("232", 600, "bed-8"),
    ("200", 900, "bed-9"),
)


class Studio:
    """One window after another, each photographed.

    Parameters
    ----------
    folder : Path
        Where the pictures go.
    store : Path
        Where the window's settings and remarks go meanwhile.
    """

    def __init__(self, folder: Path, store: Path) -> None:
        self.folder = folder
        self.app = application()
        self._store = store
        self.window: MainWindow | None = None

    def open(self, *addresses: str, theme: str = "dark") -> MainWindow:
        """Show a window on sources."""
        self.close()
        feed = Feed(MonitorSettings())
        if addresses:
            feed.start(addresses)
        store = QtCore.QSettings(str(self._store / "shots.ini"), QtCore.QSettings.Format.IniFormat)
        self.window = MainWindow(feed, store, RemarkBook(self._store))
        self.window.set_theme("light" if theme == "light" else "dark")
        self.window.resize(1280, 800)
        self.window.show()
        return self.window

    def wait(self, seconds: float) -> None:
        """Let the window live for a while."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.app.processEvents()
            time.sleep(0.004)

    def until(self, condition: Callable[[], bool]) -> None:
        """Let the window live until something is true."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError("the window did not get there")
            self.wait(0.02)

    def shoot(self, name: str, when: Callable[[MainWindow], bool] = lambda _: True) -> None:
        """Take the picture as soon as something is true of the window."""
        window = self.window
        assert window is not None
        self.wait(0.5)
        self.until(lambda: when(window))
        window.grab().save(str(self.folder / f"{name}.png"))
        print(f"{name}.png", flush=True)

    def close(self) -> None:
        """Put the window away."""
        if self.window is not None:
            self.window.close()
            self.window.deleteLater()
            self.window = None
            self.app.processEvents()


def play_to(studio: Studio, window: MainWindow, seconds: float, last_s: float = 4.0) -> None:
    """Play fast up to the last seconds, and those at their own pace."""
    studio.until(lambda: window.feed.controls is not None and window.session is not None)
    controls = window.feed.controls
    assert controls is not None
    studio.until(lambda: controls.position_s >= seconds - last_s)
    controls.speed = 1.0
    studio.until(lambda: controls.position_s >= seconds)


def live_pages(studio: Studio) -> None:
    """Live in both themes, the alarm, and the wall."""
    for theme in ("dark", "light"):
        window = studio.open("replay:200?speed=10", theme=theme)
        play_to(studio, window, 38.5)
        studio.shoot(f"live-{theme}")
    for theme in ("dark", "light"):
        window = studio.open("replay:207?speed=10&start_s=14", theme=theme)
        window.replay.reference.setChecked(True)
        play_to(studio, window, 49.0)
        studio.shoot(f"alarm-{theme}", lambda window: window.banner._look.startswith("active/high/True"))
    for theme in ("dark", "light"):
        window = studio.open("replay:200?speed=10", theme=theme)
        window.set_wall(True)
        window.showNormal()
        window.resize(1600, 900)
        play_to(studio, window, 30.0)
        studio.shoot(f"wall-{theme}")


def past_pages(studio: Studio) -> None:
    """Review and trends in both themes."""
    for theme in ("dark", "light"):
        window = studio.open("replay:200?speed=20", theme=theme)
        play_to(studio, window, 180.0, last_s=0.5)
        session = window.session
        assert session is not None
        shown = [beat for beat in session.beats if beat.symbol == "V"][30]
        window.open_review(shown.time_s)
        strip = window.review.strip
        assert strip is not None
        before = session.beats.before(shown.index)
        assert before is not None
        strip.calipers = Calipers(before.time_s, 0.9, shown.time_s, -1.0)
        studio.shoot(f"review-{theme}")
        window.show_page("trends")
        studio.shoot(f"trends-{theme}")
        assert window.pages.chosen != "review"


def other_pages(studio: Studio) -> None:
    """Tiles, connect, help, and nothing connected."""
    for theme in ("dark", "light"):
        addresses = [
            f"replay:{record}?start_s={start}&device={bed}&speed=2" for record, start, bed in TILES_SHOWN
        ]
        window = studio.open(*addresses, theme=theme)
        studio.until(lambda w=window: len(w.feed.sessions) == len(TILES_SHOWN))
        window.show_page("patients")
        studio.wait(14.0)
        studio.shoot(f"tiles-{theme}")
    window = studio.open()
    studio.wait(0.3)
    studio.shoot("empty-dark")
    for theme in ("dark", "light"):
        window.set_theme("light" if theme == "light" else "dark")
        for name, dialog in (("connect", ConnectDialog(None, {}, window)), ("help", window.help_dialog())):
            dialog.show()
            studio.wait(0.4)
            dialog.grab().save(str(studio.folder / f"{name}-{theme}.png"))
            dialog.close()


def main() -> None:
    """Make all pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as store:
        studio = Studio(folder, Path(store))
        live_pages(studio)
        past_pages(studio)
        other_pages(studio)
        studio.close()


if __name__ == "__main__":
    main()
