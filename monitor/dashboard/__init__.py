"""The window: buffers and view models in plain Python, widgets in Qt."""
