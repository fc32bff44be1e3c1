"""Colours of both themes as plain data, safe for colour-blind eyes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

ThemeName = Literal["dark", "light"]


@dataclass(frozen=True, slots=True)
class Palette:
    """One theme; each colour is ``#rrggbb``.

    Classes follow Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), moved in
    lightness only. Alarm hues are kept for alarms: red, yellow and cyan appear nowhere else.
    """

    name: ThemeName
    window: str
    panel: str
    raised: str
    border: str
    paper: str
    grid_thin: str
    grid_strong: str
    text: str
    muted: str
    faint: str
    accent: str
    clean: str
    raw: str
    attribution: str
    hatch: str
    good: str
    alarm_high: str
    alarm_medium: str
    alarm_low: str
    on_alarm: str
    classes: dict[str, str]

    def beat(self, symbol: str) -> str:
        """Return the colour of a beat symbol."""
        return self.classes.get(symbol, self.muted)

    def alarm(self, priority: str) -> str:
        """Return the colour of an alarm priority."""
        return {"high": self.alarm_high, "medium": self.alarm_medium}.get(priority, self.alarm_low)


DARK = Palette(
    name="dark",
    window="#0e1216",
    panel="#151b21",
    raised="#1e262e",
    border="#27313b",
    paper="#0b0f12",
    grid_thin="#131a1f",
    grid_strong="#1d272e",
    text="#e8eef3",
    muted="#93a1ae",
    faint="#5c6a76",
    accent="#7aa7ff",
    clean="#7fe0b0",
    raw="#8b9aa7",
    attribution="#a86bff",
    hatch="#4a5762",
    good="#7fe0b0",
    alarm_high="#ff4d4d",
    alarm_medium="#ffd23f",
    alarm_low="#3fd0e6",
    on_alarm="#101010",
    classes={
        "N": "#93a1ae",
        "L": "#6cb8ee",
        "R": "#35c39b",
        "A": "#f3b63a",
        "V": "#ff8748",
        "F": "#e3a0c8",
        "Q": "#c9d1d8",
    },
)

LIGHT = Palette(
    name="light",
    window="#eef1f4",
    panel="#ffffff",
    raised="#f4f6f8",
    border="#d5dce2",
    paper="#fffdfb",
    grid_thin="#f7ebe6",
    grid_strong="#eed6cd",
    text="#17202a",
    muted="#566573",
    faint="#8796a3",
    accent="#2456c4",
    clean="#0b5d43",
    raw="#6d7a86",
    attribution="#7c3aed",
    hatch="#b9c3cb",
    good="#0b7a55",
    alarm_high="#ff5148",
    alarm_medium="#ffc61a",
    alarm_low="#19b5cf",
    on_alarm="#101010",
    classes={
        "N": "#566573",
        "L": "#0f6fb0",
        "R": "#00795a",
        "A": "#9a6200",
        "V": "#c24400",
        "F": "#a04479",
        "Q": "#3d4750",
    },
)

PALETTES: dict[ThemeName, Palette] = {"dark": DARK, "light": LIGHT}


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue of ``#rrggbb``."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def shading_ramp(colour: str, opacity: float) -> NDArray[np.uint32]:
    """Return 256 premultiplied ARGB32 pixels from clear to ``colour`` at ``opacity``.

    Strength grows with the square, so that a faint reason does not veil the paper.

    Parameters
    ----------
    colour : str
        ``#rrggbb``.
    opacity : float
        0 to 1, of the strongest attribution.
    """
    strength = (np.arange(256) / 255.0) ** 2
    alpha = strength * np.clip(opacity, 0.0, 1.0)
    channels = [np.round(alpha * value).astype(np.uint32) for value in rgb(colour)]
    whole = np.round(alpha * 255).astype(np.uint32)
    ramp: NDArray[np.uint32] = (whole << 24) | (channels[0] << 16) | (channels[1] << 8) | channels[2]
    return ramp


def shading_pixels(attribution: NDArray[np.floating], ramp: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return one image row of premultiplied ARGB32 pixels for attributions of 0 to 1."""
    levels = np.clip(np.nan_to_num(attribution) * 255.0, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(ramp[levels])
