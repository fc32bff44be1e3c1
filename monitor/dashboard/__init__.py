"""The window: buffers and view models in plain Python, widgets in Qt."""

import os

os.environ["PYQTGRAPH_QT_LIB"] = "PyQt6"
"""The plots must use the same Qt as the widgets, whatever else is installed."""
