"""The keys, in one list that the window binds and the help shows."""

from __future__ import annotations

KEYS: tuple[tuple[str, str, str], ...] = (
    ("Space", "freeze", "Hold the picture, or go on"),
    ("P", "play", "Play or pause the replay"),
    ("Left", "back", "Wind back 10 s"),
    ("Right", "forward", "Wind forward 10 s"),
    ("R", "reference", "Compare with the reference annotations"),
    ("A", "acknowledge", "Acknowledge the alarm shown"),
    ("S", "silence", "Silence alarms for 2 min"),
    (",", "previous", "Previous beat in review"),
    (".", "next", "Next beat in review"),
    ("Shift+,", "previous_event", "Previous notable beat in review"),
    ("Shift+.", "next_event", "Next notable beat in review"),
    ("M", "mode", "Sweep or scroll"),
    ("L", "leads", "Next lead, or the usual ones together"),
    ("+", "larger", "Larger text"),
    ("-", "smaller", "Smaller text"),
    ("T", "theme", "Dark or light"),
    ("U", "sound", "Alarm sound on or off"),
    ("F11", "wall", "Full-screen wall mode"),
    ("Ctrl+O", "connect", "Connect"),
    ("1", "page1", "Live"),
    ("2", "page2", "Review"),
    ("3", "page3", "Trends"),
    ("4", "page4", "Patients"),
    ("?", "help", "This list"),
    ("Escape", "leave", "Leave wall mode"),
)
"""Key, action and what it does."""
