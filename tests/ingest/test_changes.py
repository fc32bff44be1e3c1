"""What a device changes while it runs: time runs on, alarms stay, and nothing is left out unsaid."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from ecgmon.firmware_bridge.decoders.native import Hello, NativeDecoder, encode_data, encode_hello
from ecgmon.firmware_bridge.packet import Packet, StreamFormat
from ecgmon.monitor.core.events import Alarm, Beat, Event, Gap, SettingsChange
from ecgmon.monitor.ingest.clock_settings import ClockSettings
from ecgmon.monitor.ingest.inbox import Inbox
from ecgmon.monitor.ingest.live import LiveDevice
from ecgmon.monitor.ingest.live_settings import MqttSettings
from ecgmon.monitor.run.monitor import Monitor
from ecgmon.monitor.run.settings import MonitorSettings
from ecgmon.sim.synthetic import Episode, SyntheticEcg, SyntheticSettings, synthesise

CHANGE_S, STEP_S = 27.0, 0.2
HEART = [("sinus", 12), ("asystole", 7), ("sinus", 8), ("asystole", 8), ("sinus", 5)]
"""Asystole that is over and latched before the change, and one that begins with it."""

Message = dict[str, Any]
Sent = Callable[[float, int], list[Message]]


@cache
def ecg(fs_hz: float) -> SyntheticEcg:
    episodes = [Episode(rhythm=rhythm, seconds=seconds) for rhythm, seconds in HEART]
    return synthesise(episodes, SyntheticSettings(fs_hz=fs_hz, noise_mv=0.01))


def message(time_s: float, seq: int, fs_hz: float = 250.0, leads: Sequence[str] = ("II",)) -> Message:
    first, last = round(time_s * fs_hz), round((time_s + STEP_S) * fs_hz)
    rows = [ecg(fs_hz).samples_mv[first:last].round(4).tolist()] * len(leads)
    return {"fs_hz": fs_hz, "seq": seq, "t0": 1000 + time_s, "lead": list(leads), "samples": rows}


def changing(**after: Any) -> Sent:
    return lambda time_s, seq: [message(time_s, seq, **(after if time_s >= CHANGE_S else {}))]


def restarting(time_s: float, seq: int) -> list[Message]:
    """Count and clock begin anew, and the rate is another."""
    if time_s < CHANGE_S:
        return [message(time_s, seq)]
    anew = round((time_s - CHANGE_S) / STEP_S)
    return [{**message(time_s, anew, 500.0), "t0": time_s - CHANGE_S}]


def one_differs(time_s: float, seq: int) -> list[Message]:
    return [message(time_s, seq, 500.0 if abs(time_s - CHANGE_S) < STEP_S / 2 else 250.0)]


def two_publishers(time_s: float, seq: int) -> list[Message]:
    other = [message(time_s, seq + 9000, 500.0)] if time_s >= CHANGE_S else []
    return [message(time_s, seq), *other]


def every_rate(time_s: float, seq: int) -> list[Message]:
    return [{**message(time_s, seq), "fs_hz": 250.0 if time_s < CHANGE_S else 100.0 + seq}]


def heard(sent: Sent) -> tuple[Monitor, list[Event]]:
    """Let a monitor hear what a device sends, each message as soon as it is whole."""
    monitor, events, box = Monitor(MonitorSettings(), []), [], Inbox("bed", MqttSettings())
    monitor._fan.write = events.extend  # type: ignore[method-assign]
    for seq in range(round(sum(seconds for _, seconds in HEART) / STEP_S)):
        time_s = round(seq * STEP_S, 6)
        for sending in sent(time_s, seq):
            box.put(json.dumps(sending).encode(), 50 + time_s + STEP_S)
            for block in box.take():
                monitor.take(block, live=True)
            for news in box.device.news():
                monitor.take(news, live=True)
    return monitor, events


def alarms(events: list[Event], kind: str) -> list[tuple[str, float]]:
    """Return states with the seconds at which they were known, by the rate that counted then."""
    fs_hz, found = 250.0, []
    for event in events:
        if isinstance(event, SettingsChange) and "sampled at" in event.detail:
            fs_hz = float(event.detail.split()[2])
        if isinstance(event, Alarm) and event.kind == kind and not event.escalation:
            found.append((event.state, event.known_at / fs_hz))
    return found


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(changing(fs_hz=500.0), id="a faster rate"),
        pytest.param(changing(fs_hz=128.0), id="a slower rate"),
        pytest.param(changing(leads=["V5"]), id="another name of the lead"),
        pytest.param(changing(leads=["V1", "II"]), id="a further lead in front"),
        pytest.param(changing(fs_hz=128.0, leads=["I", "II", "III"]), id="rate and leads"),
        pytest.param(restarting, id="a restart at another rate"),
        pytest.param(one_differs, id="one message that differs"),
        pytest.param(two_publishers, id="two publishers on one topic"),
    ],
)
def test_a_change_ends_no_alarm_and_hides_no_asystole(sent):
    monitor, events = heard(sent)
    states = alarms(events, "asystole")
    assert [state for state, _ in states] == ["active", "latched", "active", "latched"]
    assert states[2][1] <= CHANGE_S + 4.7 + 3 * STEP_S
    beats = [event.time_s for event in events if isinstance(event, Beat)]
    truth = ecg(250.0).r_s[1:-1]
    assert len(beats) == pytest.approx(len(truth), abs=2)
    assert max(np.abs(truth - beat).min() for beat in beats[1:-1]) < 0.03
    assert monitor.streams["bed"].alarms.open_alarms()[0].kind == "asystole"


def test_one_message_that_differs_costs_itself_and_is_said():
    monitor, events = heard(one_differs)
    assert monitor.streams["bed"].fs_hz == 250.0
    assert [event.length_samples for event in events if isinstance(event, Gap)] == [50]
    assert not any(isinstance(event, SettingsChange) for event in events)
    assert not alarms(events, "signal_lost")
    said = monitor.streams["bed"].status
    assert said is not None
    assert "500 Hz, lead II in place of 250 Hz, lead II" in said.detail
    assert said.health["left_out_messages"] == 1


@pytest.mark.parametrize("sent", [two_publishers, every_rate])
def test_forms_that_take_turns_are_refused_and_said_within_three_seconds(sent):
    monitor, events = heard(sent)
    assert monitor.streams["bed"].fs_hz == 250.0
    assert not any(isinstance(event, SettingsChange) for event in events)
    (state, known_s), *rest = alarms(events, "signal_lost")
    assert (state, rest) == ("active", [])
    assert CHANGE_S <= known_s <= CHANGE_S + 3.0


def test_a_device_that_was_away_and_comes_back_at_another_rate_leaves_a_gap_of_that_time():
    def away(time_s: float, seq: int) -> list[Message]:
        return [] if CHANGE_S - 6 <= time_s < CHANGE_S else changing(fs_hz=500.0)(time_s, seq)

    _, events = heard(away)
    (gap,) = [event for event in events if isinstance(event, Gap)]
    assert (gap.reason, gap.length_samples) == ("rate_change", 1500)
    assert [state for state, _ in alarms(events, "asystole")] == ["active", "latched", "active", "latched"]
    assert alarms(events, "signal_lost")[0][0] == "active"


def test_a_rate_told_less_exactly_or_not_at_all_is_the_same_rate():
    box = Inbox("bed", MqttSettings())
    for seq, fs_hz in enumerate([250.0, 249.7, None, 250.4]):
        sending = message(0.2 * seq, seq)
        box.put(json.dumps({**sending, "fs_hz": fs_hz}).encode(), 0.2 * seq)
    assert [(block.start, block.fs_hz) for block in box.take()] == [
        (0, 250.0),
        (50, 250.0),
        (100, 250.0),
        (150, 250.0),
    ]


def test_a_hello_in_the_middle_of_a_chunk_changes_the_leads_of_what_follows_only():
    decoder, device = NativeDecoder(), LiveDevice("band", ClockSettings())
    start = encode_hello(Hello(250.0, 1.0, ("I",))) + encode_data([1000] * 10, 0, 0)
    assert device.blocks([(decoder.feed(start), 1.0)], decoder.format)
    frames = [encode_data([1000] * 10, seq, seq * 40_000) for seq in range(1, 3)]
    frames += [encode_hello(Hello(250.0, 1.0, ("I", "II")))]
    frames += [encode_data([1000, 2000] * 10, seq, seq * 40_000) for seq in range(3, 7)]
    blocks = device.blocks([(decoder.feed(b"".join(frames)), 1.24)], decoder.format)
    assert [(block.start, block.leads, block.samples_mv.shape) for block in blocks] == [
        (10, ("I",), (1, 20)),
        (30, ("I", "II"), (2, 40)),
    ]


@pytest.mark.parametrize("other", [StreamFormat(500.0), StreamFormat(250.0, ("I", "II"))])
def test_what_is_held_behind_a_silence_is_kept_when_the_form_changes(other: StreamFormat):
    device, usual = LiveDevice("band", ClockSettings()), StreamFormat(250.0)
    for seq in range(20):
        device.blocks([([Packet(np.zeros((1, 50)))], 0.2 * (seq + 1))], usual)
    assert device.blocks([([Packet(np.ones((1, 50)))], 30.0)], usual) == []
    packets = [Packet(np.zeros((len(other.leads), 50))) for _ in range(4)]
    held = device.blocks([(packets, 30.1)], other)[0]
    assert held.samples_mv.tolist() == [[1.0] * 50]
    assert held.start > 7000


def test_a_device_that_runs_slow_is_followed_after_a_change_too():
    """It claims 500 and then 130 Hz, and is slower by half a per cent: its index stays true to the clock."""
    device, end = LiveDevice("band", ClockSettings()), 0.0
    for seq in range(900):
        fs_hz = 500.0 if seq < 20 else 130.0
        length = round(0.2 * fs_hz)
        now_s = 0.2 * (seq + 1) / 0.995
        packet = Packet(np.zeros((1, length)), seq)
        for block in device.blocks([([packet], now_s)], StreamFormat(fs_hz)):
            end = block.end / block.fs_hz
    assert end == pytest.approx(900 * 0.2 / 0.995, abs=0.1)


def test_each_further_change_within_a_minute_needs_longer_agreement():
    box = Inbox("bed", MqttSettings())
    rates = []
    for seq in range(240):
        fs_hz = (250.0, 500.0)[seq // 6 % 2]
        box.put(json.dumps(message(STEP_S * (seq % 40), seq, fs_hz)).encode(), STEP_S * seq)
        rates += [block.fs_hz for block in box.take()]
    changes = sum(a != b for a, b in pairwise(rates))
    assert 1 <= changes <= 3
