"""What a window of a size has room for: the arrangement of its parts and the size of its text."""

from __future__ import annotations

USUAL_PX = (1280, 800)
"""Width and height of a window on a screen that has room for it."""

LEAST_PX = (480, 320)
"""The smallest window."""

FULL_EM = (80.0, 53.0)
"""Room that every part takes together, in sizes of text."""

SMALL_EM = (64.0, 38.0)
"""Room that the parts of a small screen take."""

WALL_EM = 34.0
"""Height that the figures take in wall mode."""

WALL_SCALE = 1.4


def is_compact(width: int, height: int, base_px: int) -> bool:
    """Return whether there is room for the parts of a small screen only, at a size of text in pixels."""
    return width < FULL_EM[0] * base_px or height < FULL_EM[1] * base_px


def fitting_text(width: int, height: int, base_px: int, least_px: int) -> int:
    """Return the size of text that fits, in pixels, never more than ``base_px``."""
    most = int(min(width / SMALL_EM[0], height / SMALL_EM[1]))
    return min(base_px, max(most, least_px))


def wall_text(height: int, base_px: int, least_px: int) -> int:
    """Return the size of text for wall mode, in pixels: larger, as far as the figures stay whole."""
    return min(round(base_px * WALL_SCALE), max(int(height / WALL_EM), least_px))
