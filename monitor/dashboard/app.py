"""Opens the window and runs it until it is closed."""

from __future__ import annotations

import signal
import sys

from PyQt6 import QtCore, QtWidgets

from ecgmon.monitor.core.errors import EcgmonError
from ecgmon.monitor.dashboard.state.feed import Feed, OutputMaker, no_outputs
from ecgmon.monitor.dashboard.window import MainWindow
from ecgmon.monitor.run.settings import MonitorSettings

SWITCH_S = 0.001
"""Longest wait of the window's thread for the one that computes; Python's own 5 ms cost frames."""


def application() -> QtWidgets.QApplication:
    """Return the one Qt application, made if there is none."""
    sys.setswitchinterval(SWITCH_S)
    app = QtWidgets.QApplication.instance()
    if not isinstance(app, QtWidgets.QApplication):
        app = QtWidgets.QApplication(sys.argv[:1])
    app.setApplicationName("ecgmon")
    app.setOrganizationName("ecgmon")
    app.setStyle("Fusion")
    return app


def run_window(settings: MonitorSettings, make_outputs: OutputMaker = no_outputs) -> int:
    """Show the window and return the exit code once it is closed.

    Parameters
    ----------
    settings : MonitorSettings
        Settings; ``sources`` are opened at once.
    make_outputs : callable
        Returns the outputs of a run; called with True for one that follows another.

    Raises
    ------
    EcgmonError
        A source named in the settings makes no sense.
    """
    app = application()
    feed = Feed(settings, make_outputs)
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
