"""What the window remembers between two runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from PyQt6 import QtCore

from ecgmon.monitor.dashboard.drawing.layout import ViewOptions
from ecgmon.monitor.dashboard.drawing.palette import PALETTES, ThemeName

BASE_PX = (10, 26)


@dataclass(slots=True)
class Preferences:
    """Choices of the person at the window.

    Parameters
    ----------
    theme : {"dark", "light"}
        Colours.
    base_px : int
        Size of text in pixels.
    sound : bool or None
        Whether alarms sound; None means only where no replay runs.
    options : ViewOptions
        Choices of the live trace.
    connect : dict of str to str
        Fields of the connect dialog.
    """

    theme: ThemeName = "dark"
    base_px: int = 14
    sound: bool | None = None
    options: ViewOptions = field(default_factory=ViewOptions)
    connect: dict[str, str] = field(default_factory=dict)


def load_preferences(store: QtCore.QSettings) -> Preferences:
    """Return what was remembered; what makes no sense is replaced by the default."""
    made = Preferences()
    theme = store.value("theme", made.theme)
    if theme in PALETTES:
        made.theme = theme
    made.base_px = min(max(_number(store.value("base_px"), made.base_px), BASE_PX[0]), BASE_PX[1])
    made.sound = {"true": True, "false": False}.get(str(store.value("sound", "")))
    kept: dict[str, Any] = {}
    for each in fields(ViewOptions):
        default = getattr(made.options, each.name)
        kept[each.name] = _like(store.value(f"trace/{each.name}"), default)
    if kept["mode"] in ("sweep", "scroll") and kept["traces"] in ("both", "clean", "raw"):
        made.options = ViewOptions(**kept)
    store.beginGroup("connect")
    made.connect = {key: str(store.value(key)) for key in store.childKeys()}
    store.endGroup()
    return made


def save_preferences(store: QtCore.QSettings, preferences: Preferences) -> None:
    """Remember everything."""
    store.setValue("theme", preferences.theme)
    store.setValue("base_px", preferences.base_px)
    if preferences.sound is not None:
        store.setValue("sound", "true" if preferences.sound else "false")
    for key, value in asdict(preferences.options).items():
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        store.setValue(f"trace/{key}", text)
    for key, value in preferences.connect.items():
        store.setValue(f"connect/{key}", value)
    store.sync()


def _number(value: object, default: int) -> int:
    try:
        return int(str(value))
    except ValueError:
        return default


def _like(value: object, default: object) -> object:
    """Return a stored text as the type of its default."""
    if value is None:
        return default
    text = str(value)
    if isinstance(default, tuple):
        return tuple(int(part) for part in text.split(",") if part.strip().isdigit())
    if isinstance(default, bool):
        return text in ("True", "true")
    if isinstance(default, float):
        try:
            return float(text)
        except ValueError:
            return default
    return text
