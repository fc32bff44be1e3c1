"""Plays alarm sounds by whatever player the system has."""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.events import Priority
from ecgmon.monitor.outputs.annunciator import Annunciator, Signaller
from ecgmon.monitor.outputs.kind import OutputKind

RATE_HZ = 22_050
PLAY_S = 10.0
EDGE_S = 0.02
PLAYERS = (("pw-play", "-"), ("paplay",), ("aplay", "-q", "-"))

PULSE_S: Mapping[Priority, float] = {"high": 0.15, "medium": 0.2, "low": 0.2}
PAUSES_S: Mapping[Priority, Sequence[float]] = {
    "high": (0.1, 0.1, 0.3, 0.1, 0.6, 0.1, 0.1, 0.3, 0.1),
    "medium": (0.2, 0.2),
    "low": (),
}
"""Pauses between the pulses of a burst: ten pulses for high priority, three for medium, one
for low, spaced as IEC 60601-1-8 describes."""

PITCH_HZ: Mapping[Priority, float] = {"high": 880.0, "medium": 660.0, "low": 440.0}


class SoundSettings(Settings):
    """Settings of the alarm sound.

    Parameters
    ----------
    volume : float
        0 to 1.
    player : tuple of str
        Command that plays a WAV file from standard input; empty to search for one.
    """

    volume: float = Field(default=0.8, ge=0, le=1)
    player: tuple[str, ...] = ()


def burst(priority: Priority, volume: float) -> bytes:
    """Return the WAV file of one burst.

    Parameters
    ----------
    priority : {"high", "medium", "low"}
        How urgent it sounds.
    volume : float
        0 to 1.
    """
    pulse = _pulse(PITCH_HZ[priority], PULSE_S[priority]) * volume
    parts = [pulse]
    for pause_s in PAUSES_S[priority]:
        parts += [np.zeros(round(pause_s * RATE_HZ)), pulse]
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((np.concatenate(parts) * 32_000).astype("<i2").tobytes())
    return stream.getvalue()


def _pulse(pitch_hz: float, length_s: float) -> NDArray[np.float64]:
    """Return a tone with four harmonics, which can be located by ear, and soft edges."""
    t = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    order = np.arange(1, 6)[:, None]
    tone = (np.sin(2 * np.pi * pitch_hz * order * t) / order).sum(axis=0)
    soft = tone * np.minimum(1.0, np.minimum(t, t[::-1]) / EDGE_S)
    return np.asarray(soft / np.abs(soft).max(), dtype=np.float64)


class Loudspeaker(Signaller):
    """Plays a burst.

    Parameters
    ----------
    settings : SoundSettings
        How loud, and by what.

    Raises
    ------
    OutputError
        There is no player.
    """

    name = "Sound"

    def __init__(self, settings: SoundSettings) -> None:
        self._command: Sequence[str] = settings.player or _find_player()
        self._bursts = {p: burst(p, settings.volume) for p in PITCH_HZ}

    def signal(self, priority: Priority) -> None:
        """See `Signaller.signal`."""
        subprocess.run(
            self._command, input=self._bursts[priority], check=True, timeout=PLAY_S, capture_output=True
        )


def _find_player() -> Sequence[str]:
    for command in PLAYERS:
        path = shutil.which(command[0])
        if path is not None:
            return (path, *command[1:])
    raise OutputError(
        "No program that plays sound was found.",
        "Install pipewire, pulseaudio-utils or alsa-utils, or name one in [outputs.sound] that plays a WAV"
        " file from its standard input, such as player = ['play', '-'].",
    )


OUTPUT = OutputKind("Alarm sounds", SoundSettings, lambda settings, _: Annunciator(Loudspeaker(settings)))
