"""What is heard at a port, in a capture or from a broker is recognised, and what is printed reads it."""

import asyncio
import functools
import json
import tomllib
from dataclasses import dataclass

import numpy as np
import pytest

from ecgmon.firmware_bridge.decoders import DECODERS
from ecgmon.firmware_bridge.decoders.polar import PolarSettings
from ecgmon.firmware_bridge.device import DeviceKind
from ecgmon.firmware_bridge.links import Chunk, MemoryLink
from ecgmon.firmware_bridge.packet import Packet, StreamDecoder, StreamFormat
from ecgmon.monitor.core.errors import SettingsError, UsageError
from ecgmon.monitor.core.events import SampleBlock
from ecgmon.monitor.ingest import listen_port
from ecgmon.monitor.ingest.address import Address
from ecgmon.monitor.ingest.listen_broker import MOST_TOPICS, TopicsHeard
from ecgmon.monitor.ingest.listen_bytes import readings
from ecgmon.monitor.ingest.listen_paste import common_pattern, serial_paste
from ecgmon.monitor.ingest.listen_port import Heard, PortWanted, hear_link
from ecgmon.monitor.ingest.listen_signal import SignalLook
from ecgmon.monitor.ingest.listen_topics import read_topics
from ecgmon.monitor.ingest.listening import by_settings, listen, port_report
from ecgmon.monitor.ingest.live_settings import MqttSettings
from ecgmon.monitor.ingest.registry import open_source
from ecgmon.monitor.run.settings import MonitorSettings, load_settings
from ecgmon.sim.devices.boards import BOARDS
from ecgmon.sim.devices.device import VirtualDevice
from ecgmon.sim.devices.signal import record_signal, resampled

SECONDS = 14


@functools.cache
def ecg(fs_hz):
    return resampled(record_signal("100", 360.0, duration_s=SECONDS), 360.0, fs_hz)


def counts(bits, fs_hz=250):
    return np.round((ecg(fs_hz) * 1.1 / 3.3 + 0.5) * (2**bits - 1)).astype(int)


def breath(a_second=0.25):
    return np.round(300 + 80 * np.sin(2 * np.pi * a_second * np.arange(ecg(250).size) / 250)).astype(int)


def lines(*columns, head="", between=","):
    rows = (between.join(map(str, row)) for row in zip(*columns, strict=True))
    return (head + "\n".join(rows) + "\n").encode()


def heard(data, per_s=None, live=False):
    """Return bytes as a capture, or as they come from a port that sends so many in a second."""
    step = 1000 if per_s is None else per_s // 10
    pieces = [data[at : at + step] for at in range(0, len(data), step)]
    chunks = [Chunk(piece, 5 + n / 10 if live else None) for n, piece in enumerate(pieces)]
    return Heard("capture", live=live, seconds=len(pieces) / 10 if live else 0.0, chunks=chunks)


def board_chunks(kind):
    board = BOARDS[kind]()
    device = VirtualDevice(board, ecg(board.fs_hz))
    board.streaming = True
    return [Chunk(data, t) for t in np.arange(0, SECONDS - 1, 0.05) if (data := device.advance(t))]


def openview(profile_type, payloads):
    frames = (
        b"\x0a\xfa" + len(one).to_bytes(2, "little") + profile_type + one + b"\x00\x0b" for one in payloads
    )
    return b"".join(frames)


TEXTS = {
    "ten bits": (lines(counts(10)), {}),
    "twelve bits": (lines(counts(12)), {}),
    "labels": (lines([f"EKG:{n}" for n in counts(10)]), {}),
    "volts": (lines([f"{v:.4f}" for v in ecg(250) * 1.1 + 1.65]), {"unit": "v"}),
    "millivolts": (lines([f"{v:.3f}" for v in ecg(250)]), {"unit": "mv"}),
    "microvolts": (lines(np.round(1e3 * ecg(250)).astype(int)), {"unit": "uv"}),
    "signed counts": (
        lines(np.round(1e4 * ecg(250)).astype(int)),
        {"unit": "adc", "signed": True, "adc_max": 32767},
    ),
    "another wave in front": (lines(breath(1.2), counts(10)), {"column": 1}),
    "named": (lines(breath(), counts(10), head="resp;ecg\n", between=";"), {}),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_text_is_read_by_what_is_printed(kind, tmp_path):
    data, wanted = TEXTS[kind]
    report = port_report(heard(data), PortWanted("capture"))
    best = report.readings[0]
    assert (best.device, best.recognised, best.look.doubt) == ("ascii", True, "")
    assert best.options | wanted == best.options
    assert {key for key in best.options if key != "fs_hz"} - {"gain"} == set(wanted)
    assert best.rate == "assumed"  # a capture without times tells none
    assert best.look.bpm == pytest.approx(74 * best.look.fs_hz / 250, rel=0.05)
    assert 0.3 < best.look.height_mv < 5
    (tmp_path / "capture").write_bytes(data)
    paste = serial_paste(str(tmp_path / "capture"), "ascii", None, best.options)
    (tmp_path / "s.toml").write_text(paste.toml)
    settings = load_settings(tmp_path / "s.toml")
    for source in (
        open_source(paste.address, MonitorSettings()),
        open_source(settings.sources[0], settings),
    ):
        assert asyncio.run(n_samples(source)) > 0.9 * ecg(250).size


async def n_samples(source):
    async with source:
        return sum([item.samples_mv.shape[1] async for item in source if isinstance(item, SampleBlock)])


@pytest.mark.parametrize("kind", BOARDS)
def test_a_board_is_recognised_with_the_rate_that_it_tells(kind):
    best = readings(board_chunks(kind))[0]
    assert (best.device, best.recognised, best.is_ecg) == (kind, True, True)
    assert best.understood > 0.95
    assert best.look.fs_hz == BOARDS[kind]().fs_hz
    assert best.rate == ("measured" if kind == "ascii" else "told")
    assert best.look.bpm == pytest.approx(74, rel=0.05)
    assert best.options == {"ascii": {"fs_hz": 250.0}, "openview": {"profile": "healthypi4"}}.get(kind, {})


def test_the_profile_of_a_board_is_the_one_whose_rate_comes():
    payloads = [int(v).to_bytes(4, "little", signed=True) + bytes(8) for v in 1e5 * ecg(100)]
    best = readings(heard(openview(b"\x02", payloads), 1900, live=True).chunks)[0]
    assert best.options["profile"] == "ads1293"
    assert 1.0 < best.look.height_mv < 2.5, "the scale that nobody knows gives usual waves"
    assert any("uv_per_count" in note and "guess" in note for note in best.notes)


def test_an_ecg_on_another_channel_is_found():
    raw = np.round(np.outer(ecg(250), np.arange(8) == 2) / (4.5e3 / (2**23 - 1) / 24)).astype(int)
    frames = (
        bytes((0xA0, n % 256))
        + b"".join(int(v).to_bytes(3, "big", signed=True) for v in row)
        + bytes(6)
        + b"\xc0"
        for n, row in enumerate(raw)
    )
    best = readings(heard(b"".join(frames)).chunks)[0]
    assert (best.device, best.options, best.is_ecg) == ("cyton", {"channels": (3,)}, True)


@dataclass
class GreedyDecoder(StreamDecoder):
    """Two bytes a sample: it takes whatever comes."""

    settings: PolarSettings

    def __post_init__(self):
        self.format = StreamFormat(self.settings.fs_hz)
        self._rest = b""

    def feed(self, data):
        data = self._rest + data
        whole = len(data) // 2 * 2
        self._rest = data[whole:]
        self.counters.frames += whole // 2
        return [Packet(np.frombuffer(data[:whole], "<i2").astype(float)[None] / 1e3)] if whole else []

    def reset(self):
        self._rest = b""


GREEDY = DeviceKind("Takes whatever comes", PolarSettings, GreedyDecoder)


def test_a_decoder_that_takes_anything_needs_an_ecg_to_be_believed(monkeypatch):
    ours = {"greedy": f"{__name__}:GREEDY", **DECODERS._own}
    monkeypatch.setattr(DECODERS, "_own", ours)
    assert readings(board_chunks("cyton"))[0].device == "cyton"
    assert not any(one.recognised for one in readings(heard(np.random.default_rng(3).bytes(20_000)).chunks))
    data = np.round(1e3 * ecg(130)).astype("<i2").tobytes()
    assert readings(heard(data).chunks)[0].device == "greedy"


def test_what_is_no_ecg_is_recognised_with_its_doubt():
    best = readings(heard(lines(breath())).chunks)[0]
    assert (best.device, best.is_ecg) == ("ascii", False)
    assert "no R peaks" in best.look.doubt


@pytest.mark.parametrize(
    "data", [np.random.default_rng(3).bytes(20_000), b"all is well\n" * 900, bytes(20_000), b""]
)
def test_nothing_is_recognised_in_what_no_device_sent(data):
    report = port_report(heard(data), PortWanted("capture"))
    assert not report.found
    assert report.advice
    assert report.silent == (not data)


def test_an_option_that_the_user_says_is_kept_and_checked():
    chunks = heard(lines(counts(10))).chunks
    assert readings(chunks, "ascii", {"fs_hz": "500"})[0].look.fs_hz == 500
    assert readings(chunks, "", {"adc_max": "1023"})[0].options["adc_max"] == "1023"
    with pytest.raises(SettingsError, match="gian"):
        readings(chunks, "ascii", {"gian": "3"})
    with pytest.raises(UsageError, match="gian"):
        readings(chunks, "", {"gian": "3"})


class SpeedyLink(MemoryLink):
    """A port behind which a device sends lines at one speed; at any other, what comes is garbled."""

    def __init__(self, speed, data):
        super().__init__("/dev/ttyTEST")
        self._speed, self._data, self.speeds = speed, data, []

    async def set_speed(self, baud):
        self.speeds.append(baud)

    async def read(self):
        await asyncio.sleep(0.02)
        piece, self._data = self._data[:400], self._data[400:]
        garbled = bytes(byte ^ 0x95 for byte in piece)
        return (
            Chunk(piece if self.speeds[-1:] == [self._speed] else garbled, self._clock()) if piece else None
        )


async def test_the_speed_of_a_port_is_found(monkeypatch):
    monkeypatch.setattr(listen_port, "_GLANCE_S", 0.2)
    link = SpeedyLink(9600, lines(counts(10)) * 3)
    got = await hear_link(link, PortWanted("/dev/ttyTEST"), 1.0, lambda _: None, asyncio.Event())
    assert link.speeds == [115_200, 57_600, 9600]
    report = port_report(got, PortWanted("/dev/ttyTEST"))
    assert (report.heard.baud, report.readings[0].device) == (9600, "ascii")
    assert "baud" not in report.found[0].paste.address  # it is the one of the device


async def test_who_stops_while_speeds_are_tried_sees_what_came(monkeypatch):
    monkeypatch.setattr(listen_port, "_GLANCE_S", 0.2)
    stop, link = asyncio.Event(), SpeedyLink(1, lines(counts(10)) * 3)
    asyncio.get_running_loop().call_later(0.1, stop.set)
    got = await hear_link(link, PortWanted("/dev/ttyTEST"), 60.0, lambda _: None, stop)
    assert (got.baud, link.speeds) == (115_200, [115_200, 115_200])
    assert got.n_bytes


async def test_a_stranger_is_not_spoken_to_and_a_silent_one_is_asked_who_it_is(monkeypatch):
    monkeypatch.setattr(listen_port, "_BOOT_S", 0.1)
    monkeypatch.setattr(listen_port, "_GLANCE_S", 0.1)
    link = MemoryLink("/dev/ttyTEST")
    got = await hear_link(link, PortWanted("/dev/ttyTEST"), 0.3, lambda _: None, asyncio.Event())
    report = port_report(got, PortWanted("/dev/ttyTEST"))
    assert report.silent
    assert link.written == b""
    assert {"device=cyton", "device=bitalino"} <= set(
        report.advice.replace("(", " ").replace(",", " ").replace(")", " ").split()
    )
    await hear_link(link, PortWanted("/dev/ttyTEST", "cyton", 115_200), 0.1, lambda _: None, asyncio.Event())
    assert link.written == b"bs"


async def test_a_port_that_goes_away_leaves_what_it_sent():
    link = MemoryLink()
    link.feed(lines(counts(10)))
    asyncio.get_running_loop().call_later(0.1, link.unplug)
    got = await hear_link(link, PortWanted("memory"), 30.0, lambda _: None, asyncio.Event())
    assert "gone" in got.ended
    assert port_report(got, PortWanted("memory")).found


def chunked(values, encode, n=50):
    return [encode([round(float(v), 4) for v in values[at : at + n]]) for at in range(0, len(values) - n, n)]


def topics(messages, name="ecg/bed1/raw", per_s=5):
    got = TopicsHeard("broker:1883", "ecg/#", seconds=len(messages) / per_s)
    for n, message in enumerate(messages):
        data = message if isinstance(message, bytes) else message.encode()
        got.take(name, data, n / per_s, retained=False)
    return got


MESSAGES = {
    "as documented": (ecg(250), lambda v: json.dumps({"fs_hz": 250, "samples": v}), {}),
    "csv of counts": (
        counts(12),
        lambda v: ",".join(f"{n:.0f}" for n in v),
        {"payload": "numbers", "unit": "adc", "adc_max": 4095, "fs_hz": 250.0},
    ),
    "a list": (ecg(250), json.dumps, {"payload": "numbers", "unit": "mv", "fs_hz": 250.0}),
    "other names": (
        ecg(250),
        lambda v: json.dumps({"ecg": v, "sampleRate": 250, "resp": v[::-1]}),
        {"fields": {"samples": "ecg", "fs_hz": "sampleRate"}},
    ),
    "nested microvolts": (
        1e3 * ecg(250),
        lambda v: json.dumps({"d": {"ecg": {"timestamp": 5, "data": [round(n) for n in v]}}}),
        {"fields": {"samples": "d.ecg.data", "t0": "d.ecg.timestamp"}, "unit": "uv", "fs_hz": 250.0},
    ),
    "text": (
        ecg(250),
        lambda v: json.dumps({"fs_hz": 250, "samples": [str(n) for n in v]}),
        {"text_numbers": True},
    ),
    "counts that say so": (
        counts(12),
        lambda v: json.dumps({"fs_hz": 250, "unit": "adc", "samples": v}),
        {"adc_max": 4095},
    ),
    "counts that do not": (
        counts(10),
        lambda v: json.dumps({"fs_hz": 250, "samples": v}),
        {"unit": "adc", "adc_max": 1023},
    ),
}


@pytest.mark.parametrize("kind", MESSAGES)
def test_messages_are_read_by_what_is_printed(kind, tmp_path):
    values, encode, wanted = MESSAGES[kind]
    (best,) = found = read_topics(topics(chunked(values, encode)), MqttSettings())
    assert (best.recognised, best.look.doubt, best.options) == (True, "", wanted)
    assert best.look.bpm == pytest.approx(74, rel=0.05)
    assert bool(best.refused) == bool(best.why)
    (reads,) = by_settings(Address.parse("mqtt://hub:1883/ecg/#"), "ecg/#", found)
    assert tomllib.loads(reads.paste.toml).get("mqtt", {}) == wanted
    (tmp_path / "s.toml").write_text(reads.paste.toml)
    assert load_settings(tmp_path / "s.toml").mqtt.fs_hz == wanted.get("fs_hz")
    address = reads.paste.address
    assert open_source(address, load_settings(tmp_path / "s.toml")).settings.payload == wanted.get(
        "payload", "auto"
    )


def test_single_numbers_are_read():
    (best,) = read_topics(topics([str(n) for n in counts(12)], per_s=250), MqttSettings())
    assert (best.is_ecg, best.options["adc_max"], best.options["fs_hz"]) == (True, 4095, 250)


@pytest.mark.parametrize(
    "messages",
    [
        ['{"temperature": 21.5, "t": 3}'] * 60,
        ["on"] * 60,
        [bytes([0, 9, 200, 1]) * 9] * 60,
        ["21.5"],
        ['{"samples": ["a", "b"]}'] * 60,
        ["{" * 5000, "[" * 50_000],
    ],
)
def test_topics_without_an_ecg_are_shown_and_not_recognised(messages):
    (one,) = found = read_topics(topics(messages), MqttSettings())
    assert not one.recognised
    assert one.holds
    assert not by_settings(Address.parse("mqtt://hub/x"), "x", found)


def test_topics_of_one_kind_share_a_pattern_and_strangers_do_not_spoil_it():
    got = topics(chunked(ecg(250), json.dumps))
    for n, message in enumerate(chunked(ecg(250), json.dumps)):
        got.take("ecg/bed2/raw", message.encode(), n / 5, retained=False)
        got.take("ecg/bed2/status", b"online", n / 5, retained=True)
    found = read_topics(got, MqttSettings())
    (reads,) = by_settings(Address.parse("mqtt://hub/ecg/#"), "ecg/#", found)
    assert reads.paste.address == "mqtt://hub/ecg/+/raw?payload=numbers&unit=mv&fs_hz=250"
    assert (set(reads.reads), reads.others) == ({"ecg/bed1/raw", "ecg/bed2/raw"}, ())


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        (["a/b"], "a/b"),
        (["a/1/raw", "a/2/raw"], "a/+/raw"),
        (["a/1/raw", "b/2/raw"], ""),
        (["a/1", "a/1/raw"], ""),
    ],
)
def test_the_common_pattern_of_topics_is_the_narrowest(names, pattern):
    assert common_pattern(names) == pattern


def test_a_flood_of_topics_is_bounded():
    got = TopicsHeard("hub:1883", "#")
    for n in range(MOST_TOPICS + 50):
        got.take(f"t/{n}", b"1", float(n), retained=False)
    assert (len(got.topics), got.left_out) == (MOST_TOPICS, 50)


@pytest.mark.parametrize(
    ("signal", "fs_hz", "doubt"),
    [
        (np.zeros(3000), 250, "no R peaks"),
        (np.full(3000, np.nan), 250, "no sample"),
        (np.sin(np.arange(3000) / 40), 250, "no R peaks"),
        (np.tanh(3 * np.sin(np.arange(3000) / 33)), 250, "broad"),
        (np.random.default_rng(1).normal(size=3000), 250, "quality is poor"),
        (np.zeros(300), 250, "too few"),
        (np.zeros(300), 1, "1 Hz"),
    ],
)
def test_a_signal_that_is_no_ecg_is_doubted(signal, fs_hz, doubt):
    assert doubt in SignalLook.at(signal, fs_hz).doubt


async def test_what_cannot_be_listened_to_is_refused():
    with pytest.raises(UsageError, match="cannot be listened to"):
        await listen(Address.parse("replay:100"), MqttSettings(), 1.0, lambda _: None, asyncio.Event())
