"""Sound, lamp and buzzer: repeated while an alarm is active, quiet when somebody has seen it."""

from __future__ import annotations

import io
import sys
import threading
import wave

import gpiozero
import numpy as np
import pytest
from gpiozero.pins.mock import MockFactory
from wire_helpers import wait_for

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.events import Priority
from ecgmon.monitor.outputs.annunciator import REPEAT_S, Annunciator, Signaller
from ecgmon.monitor.outputs.gpio import GpioSettings, Pins
from ecgmon.monitor.outputs.sound import Loudspeaker, SoundSettings, burst

QUICK = {"high": 0.05, "medium": 0.1, "low": 0.2}


class Ear(Signaller):
    def __init__(self) -> None:
        self.heard: list[Priority | None] = []
        self.broken = False
        self.lock = threading.Lock()

    def signal(self, priority: Priority) -> None:
        if self.broken:
            raise OSError("no loudspeaker")
        self.heard.append(priority)

    def rest(self) -> None:
        self.heard.append(None)


@pytest.fixture
def ear() -> Ear:
    return Ear()


def test_the_signal_is_repeated_while_the_alarm_is_active(ear, make_alarm):
    with Annunciator(ear, QUICK) as output:
        output.write([make_alarm()])
        assert wait_for(lambda: ear.heard.count("high") >= 3)
        output.write([make_alarm(state="acknowledged")])
        assert wait_for(lambda: ear.heard[-1] is None)


@pytest.mark.parametrize("state", ["acknowledged", "silenced", "latched", "inactive"])
def test_an_alarm_that_is_not_active_makes_no_sound(ear, make_alarm, state):
    with Annunciator(ear, QUICK) as output:
        output.write([make_alarm(state=state)])
        assert not wait_for(lambda: "high" in ear.heard, 0.2)


def test_the_most_urgent_alarm_is_heard(ear, make_alarm):
    with Annunciator(ear, QUICK) as output:
        output.write([make_alarm("lead_off", priority="medium")])
        assert wait_for(lambda: "medium" in ear.heard)
        output.write([make_alarm()])
        assert wait_for(lambda: "high" in ear.heard)
        output.write([make_alarm(state="silenced")])
        assert wait_for(lambda: ear.heard[-1] == "medium")


def test_a_new_alarm_is_heard_at_once(ear, make_alarm):
    with Annunciator(ear, REPEAT_S) as output:
        output.write([make_alarm("a", priority="low")])
        assert wait_for(lambda: ear.heard == ["low"])
        output.write([make_alarm("b", priority="low")])
        assert wait_for(lambda: ear.heard == ["low", "low"], 1)


def test_a_loudspeaker_that_fails_is_told(ear, make_alarm):
    ear.broken = True
    with Annunciator(ear, QUICK) as output:
        output.write([make_alarm()])
        assert wait_for(lambda: output.problem is not None)
        ear.broken = False
        assert wait_for(lambda: output.problem is None)


def test_bursts_differ_by_priority_and_do_not_clip():
    lengths = {}
    for priority in ("high", "medium", "low"):
        with wave.open(io.BytesIO(burst(priority, 1.0))) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
            lengths[priority] = file.getnframes() / file.getframerate()
        assert 30_000 < np.abs(samples.astype(int)).max() <= 32_767
    assert lengths["high"] > lengths["medium"] > lengths["low"]


def test_a_sound_reaches_the_player(tmp_path):
    heard = tmp_path / "heard.wav"
    copy = f"import sys, pathlib; pathlib.Path({str(heard)!r}).write_bytes(sys.stdin.buffer.read())"
    Loudspeaker(SoundSettings(player=(sys.executable, "-c", copy))).signal("high")
    assert heard.read_bytes() == burst("high", 0.8)


def test_a_system_without_a_player_is_told_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OutputError, match="alsa-utils"):
        Loudspeaker(SoundSettings())


def test_the_lamp_flashes_while_an_alarm_is_active(monkeypatch):
    monkeypatch.setattr(gpiozero.Device, "pin_factory", MockFactory())
    pins = Pins(GpioSettings(lamp_pin=17, buzzer_pin=18))
    lamp = gpiozero.Device.pin_factory.pin(17)
    buzzer = gpiozero.Device.pin_factory.pin(18)
    pins.signal("low")
    assert lamp.state == 1
    assert [state for _, state in buzzer.states] == [False, True, False]
    pins.rest()
    assert lamp.state == 0
    pins.signal("high")
    assert wait_for(lambda: [state for _, state in lamp.states].count(True) >= 3, 3)
    pins.close()
