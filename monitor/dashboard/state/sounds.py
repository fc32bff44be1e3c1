"""Alarm sounds as WAV bytes: the pulse patterns of IEC 60601-1-8, made, not recorded."""

from __future__ import annotations

import io
import wave

import numpy as np

RATE_HZ = 22050
PULSES = {
    "high": (0.0, 0.2, 0.4, 0.75, 0.95, 1.5, 1.7, 1.9, 2.25, 2.45),
    "medium": (0.0, 0.4, 0.8),
    "low": (0.0, 0.5),
}
"""Onsets in seconds: bursts of ten, three and two pulses."""

REPEAT_S = {"high": 7.0, "medium": 12.0, "low": 30.0}
LENGTH_S = {"high": 0.15, "medium": 0.2, "low": 0.2}
PITCH_HZ = {"high": 660.0, "medium": 523.0, "low": 440.0}


def burst(priority: str) -> bytes:
    """Return one burst of a priority as a mono 16-bit WAV file."""
    length, pitch = LENGTH_S[priority], PITCH_HZ[priority]
    time_s = np.arange(round(length * RATE_HZ)) / RATE_HZ
    tone = sum(np.sin(2 * np.pi * pitch * k * time_s) / k for k in (1, 2, 3, 4, 5))
    edge = np.minimum(1.0, np.minimum(time_s, length - time_s) / 0.02)
    total = np.zeros(round((PULSES[priority][-1] + length + 0.05) * RATE_HZ))
    for onset in PULSES[priority]:
        at = round(onset * RATE_HZ)
        total[at : at + time_s.size] += tone * edge
    samples = (total / np.max(np.abs(total)) * 0.5 * 32767).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(samples.tobytes())
    return file.getvalue()


class SoundSchedule:
    """Says when a burst is due."""

    def __init__(self) -> None:
        self._priority: str | None = None
        self._next_s = 0.0

    def due(self, priority: str | None, now_s: float) -> str | None:
        """Return the priority whose burst starts at ``now_s``, if one does.

        Parameters
        ----------
        priority : str or None
            Most urgent priority that sounds.
        now_s : float
            Monotonic seconds.
        """
        if priority is None:
            self._priority = None
            return None
        if priority != self._priority:
            self._priority, self._next_s = priority, now_s
        if now_s < self._next_s:
            return None
        self._next_s = now_s + REPEAT_S[priority]
        return priority
