"""The window's own keys, in one list that it binds and the help shows; pages add theirs."""

from __future__ import annotations

KEYS: tuple[tuple[str, str, str], ...] = (
    ("Space", "freeze", "Hold the picture, or go on"),
    ("P", "play", "Play or pause the replay"),
    ("Left", "back", "Wind back 10 s"),
    ("Right", "forward", "Wind forward 10 s"),
    ("R", "reference", "Compare with the reference annotations"),
    ("A", "acknowledge", "Acknowledge the alarm shown"),
    ("S", "silence", "Silence alarms for 2 min"),
    ("M", "mode", "Sweep or scroll"),
    ("L", "leads", "Next lead, or the usual ones together"),
    ("+", "larger", "Larger text"),
    ("-", "smaller", "Smaller text"),
    ("T", "theme", "Dark or light"),
    ("U", "sound", "Alarm sound on or off"),
    ("F11", "wall", "Full-screen wall mode"),
    ("Ctrl+O", "connect", "Connect"),
    ("?", "help", "This list"),
    ("Escape", "leave", "Leave wall mode"),
)
"""Key, action and what it does."""
