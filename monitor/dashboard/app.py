"""Opens the window and runs it until it is closed."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from pyqtgraph.Qt import QtCore, QtWidgets

from monitor.dashboard.feed import Feed
from monitor.dashboard.window import MainWindow
from monitor.errors import EcgmonError
from monitor.outputs.base import Output
from monitor.settings import MonitorSettings


def application() -> QtWidgets.QApplication:
    """Return the one Qt application, made if there is none."""
    app = QtWidgets.QApplication.instance()
    if not isinstance(app, QtWidgets.QApplication):
        app = QtWidgets.QApplication(sys.argv[:1])
    app.setApplicationName("ecgmon")
    app.setOrganizationName("ecgmon")
    app.setStyle("Fusion")
    return app


def run_window(settings: MonitorSettings, outputs: Sequence[Output] = ()) -> int:
    """Show the window and return the exit code once it is closed.

    Parameters
    ----------
    settings : MonitorSettings
        Settings; ``sources`` are opened at once.
    outputs : sequence of Output
        Take the events.

    Raises
    ------
    EcgmonError
        A source named in the settings makes no sense.
    """
    app = application()
    feed = Feed(settings, outputs)
    if settings.sources:
        feed.start(settings.sources)
    window = MainWindow(feed)
    window.show()
    signal.signal(signal.SIGINT, lambda *_: window.close())
    awake = QtCore.QTimer()  # lets Python see a Ctrl-C while Qt's loop runs
    awake.start(200)
    code = int(app.exec())
    error = feed.error
    if isinstance(error, EcgmonError):
        raise error
    return code
