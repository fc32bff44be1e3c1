"""The parts of the service one by one: protocol, notices, unit, doctor, state, reports."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from ecgmon.monitor.core.errors import SourceError, UsageError
from ecgmon.monitor.core.extras import install_command
from ecgmon.monitor.headless import doctor, unit
from ecgmon.monitor.headless.attendant import LONGEST_S, Attendant
from ecgmon.monitor.headless.control import LONGEST_REQUEST, answering, ask
from ecgmon.monitor.headless.doctor import Finding, examine
from ecgmon.monitor.headless.open_alarms import REFRESH_S, VERSION, StateFile
from ecgmon.monitor.headless.sharing import joined
from ecgmon.monitor.headless.systemd import ALIVE_SHARE, JournalFormatter, alive_every_s, notify
from ecgmon.monitor.run.settings import MonitorSettings, load_settings


async def answer_of(path: Path, data: bytes) -> dict:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(data)
    await writer.drain()
    line = await reader.readline()
    writer.close()
    return json.loads(line)


def echo(request):
    if request.get("do") == "fail":
        raise UsageError("Not that.", "Try this.")
    return {"got": request}


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b'{"do": "x", "n": [1, null]}\n', {"got": {"do": "x", "n": [1, None]}}),
        (b'{"do": "fail"}\n', {"error": "Not that. Try this."}),
        (b"[]\n", {"error": "A request is a JSON object."}),
        (b"1\n", {"error": "A request is a JSON object."}),
        (b"\n", {"error": "The request is not JSON."}),
        (b"\xff\xfe\n", {"error": "The request is not JSON."}),
        (b"{" * 500 + b"\n", {"error": "The request is not JSON."}),
        (
            b"x" * (LONGEST_REQUEST * 3) + b"\n",
            {"error": f"A request has at most {LONGEST_REQUEST} characters."},
        ),
    ],
)
async def test_each_request_has_one_answer_whatever_it_is(tmp_path, data, answer):
    async with answering(tmp_path / "s", echo):
        assert await answer_of(tmp_path / "s", data) == answer


async def test_a_caller_who_hangs_up_harms_nobody(tmp_path):
    async with answering(tmp_path / "s", echo):
        for data in (b"", b'{"do": '):
            _, writer = await asyncio.open_unix_connection(tmp_path / "s")
            writer.write(data)
            writer.close()
        assert await answer_of(tmp_path / "s", b'{"a": 1}\n') == {"got": {"a": 1}}


async def test_many_callers_are_answered_at_once(tmp_path):
    async with answering(tmp_path / "s", echo):
        asked = [answer_of(tmp_path / "s", b'{"n": %d}\n' % number) for number in range(40)]
        answers = await asyncio.gather(*asked)
    assert [answer["got"]["n"] for answer in answers] == list(range(40))


async def test_a_refusal_reaches_the_one_who_asked(tmp_path):
    async with answering(tmp_path / "s", echo):
        assert await asyncio.to_thread(ask, tmp_path / "s", {"a": "ä"}) == {"got": {"a": "ä"}}
        with pytest.raises(SourceError, match=r"Not that\. Try this\."):
            await asyncio.to_thread(ask, tmp_path / "s", {"do": "fail"})


async def test_the_socket_is_made_with_its_folder_private_and_removed(tmp_path):
    path = tmp_path / "deep" / "er" / "s"
    async with answering(path, echo):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert not path.exists()


async def test_a_path_too_long_for_a_socket_is_one_clear_line(tmp_path):
    with pytest.raises((SourceError, OSError)) as caught:
        async with answering(tmp_path / ("x" * 200), echo):
            pass
    assert str(caught.value)


def test_one_who_answers_nonsense_counts_as_nobody(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            link, _ = server.accept()
            with link:
                link.recv(100)
                link.sendall(b"not json\n")

        import threading

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(SourceError, match="No monitor answers"):
            ask(path, {"do": "status"})
        thread.join()


@pytest.mark.parametrize("abstract", [False, True])
def test_a_notice_reaches_the_service_manager_wherever_it_listens(tmp_path, monkeypatch, abstract):
    name = f"@ecgmon-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:] if abstract else name)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        assert notify("READY=1", "STATUS=ä")
        assert manager.recv(100) == "READY=1\nSTATUS=ä".encode()
    assert notify("READY=1") is False


@pytest.mark.parametrize(
    ("environment", "every_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "10000000"}, 10 * ALIVE_SHARE),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": str(os.getpid())}, 10 * ALIVE_SHARE),
    ],
)
def test_signs_of_life_come_as_often_as_they_are_wanted(monkeypatch, environment, every_s):
    for name in ("WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert alive_every_s() == every_s


def test_each_line_for_the_journal_has_its_priority():
    record = logging.LogRecord("x", logging.WARNING, "f", 1, "one\ntwo %d", (2,), None)
    assert JournalFormatter("%(message)s").format(record) == "<4>one\n<4>two 2"
    record.levelno = 35
    assert JournalFormatter("%(message)s").format(record).startswith("<6>")


def test_the_unit_names_command_settings_and_the_groups_there_are(monkeypatch):
    monkeypatch.setattr(unit, "has_group", lambda name: name != "gpio")
    text = unit.unit_text(Path("/srv/my.toml"), "/opt/bin/ecgmon")
    assert "ExecStart=/opt/bin/ecgmon run" in text
    assert "/srv/my.toml" in text
    assert "dialout audio" in text
    assert "{" not in text


def test_the_command_is_found_beside_python_then_on_the_path_then_made(monkeypatch, tmp_path):
    monkeypatch.setattr(unit.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(unit.shutil, "which", lambda _: None)
    assert unit.find_command() == f"{tmp_path / 'python'} -P -m ecgmon"
    monkeypatch.setattr(unit.shutil, "which", lambda _: "/usr/bin/ecgmon")
    assert unit.find_command() == "/usr/bin/ecgmon"
    (tmp_path / "ecgmon").write_text("")
    assert unit.find_command() == str(tmp_path / "ecgmon")


def findings(**settings) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in examine(MonitorSettings.model_validate(settings)):
        found.setdefault(finding.about, []).append(finding)
    return found


def test_a_monitor_without_sources_has_nothing_to_do():
    assert findings()["source"] == [
        Finding("fault", "source", "none is named", "Add sources = [...] to the settings.")
    ]


def test_every_source_is_looked_at(tmp_path):
    with socket.socket() as broker:
        broker.bind(("127.0.0.1", 0))
        broker.listen()
        port = broker.getsockname()[1]
        pipe = tmp_path / "ttyUSB9"
        pipe.write_text("")
        sources = [f"serial:{pipe}?device=cyton", f"mqtt://127.0.0.1:{port}/x", "replay:100"]
        found = findings(sources=sources)["source"]
    assert [finding.verdict for finding in found] == ["good"] * 3
    assert f"127.0.0.1:{port} answers" in found[1].text


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("replya:100", "Did you mean replay:?"),
        ("replay:100?sped=2", "Did you mean speed?"),
        ("serial:/dev/null?device=cytton", "Did you mean cyton?"),
        ("mqtt:ecg/+/raw", "names no broker"),
        ("mqtt://host:99999/x", "impossible host or port"),
    ],
)
def test_a_source_that_the_monitor_would_refuse_is_a_fault(address, words):
    finding = findings(sources=[address])["source"][0]
    assert finding.verdict == "fault"
    assert words in finding.text


@pytest.mark.parametrize(
    ("address", "mqtt", "asked"),
    [
        ("mqtt://broker/x", {}, ("broker", 1883)),
        ("mqtts://broker/x", {}, ("broker", 8883)),
        ("mqtt://broker/x", {"tls": True}, ("broker", 8883)),
        ("mqtt://broker/x?port=1999", {}, ("broker", 1999)),
        ("mqtt:x", {"host": "ward", "port": 1884}, ("ward", 1884)),
    ],
)
def test_the_broker_is_looked_for_where_the_monitor_would_connect(monkeypatch, address, mqtt, asked):
    seen = []

    def reach(about, host, port):
        seen.append((host, port))
        return Finding("good", about, "answers")

    monkeypatch.setattr(doctor, "_reachable", reach)
    findings(sources=[address], mqtt=mqtt)
    assert seen == [asked]


def test_a_port_behind_a_network_is_not_looked_for_among_the_files():
    assert findings(sources=["serial:socket://box:4000?device=cyton"])["source"][0].verdict == "good"


def test_a_port_without_access_says_what_group_to_join(tmp_path, monkeypatch):
    path = tmp_path / "tty"
    path.write_text("")
    monkeypatch.setattr(doctor.os, "access", lambda *_: False)
    finding = findings(sources=[f"serial:{path}?device=cyton"])["source"][0]
    assert finding.verdict == "fault"
    assert "usermod -aG dialout" in finding.cure


def test_a_full_disk_is_a_fault(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "free_bytes", lambda _: 5_000_000)
    found = findings(outputs={"recorder": {"folder": tmp_path / "rec"}})["recorder"]
    assert [finding.verdict for finding in found] == ["good", "fault"]
    assert "only 5 MB" in found[1].text


@pytest.mark.parametrize(
    ("outputs", "about", "package", "extra"),
    [
        ({"gpio": {}}, "pins", "gpiozero", "gpio"),
        ({"notify": {"urls": ["json://localhost"]}}, "notifications", "apprise", "notify"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(monkeypatch, outputs, about, package, extra):
    def find(name: str):
        return None if name == package else SimpleNamespace()

    monkeypatch.setattr(doctor.importlib.util, "find_spec", find)
    finding = findings(outputs=outputs)[about][0]
    assert (finding.verdict, finding.text) == ("fault", f"{package} is not installed")
    assert finding.cure == install_command(extra)


def test_a_clock_that_was_never_set_is_a_fault(monkeypatch):
    monkeypatch.setattr(doctor.time, "time", lambda: 1000.0)
    assert findings()["clock"][0].verdict == "fault"


def test_a_small_machine_is_told_that_it_is_too_small(monkeypatch):
    monkeypatch.setattr(doctor.platform, "architecture", lambda: ("32bit", ""))
    finding = findings()["machine"][0]
    assert (finding.verdict, finding.cure) == ("fault", "Install a 64-bit system.")


def test_a_model_that_is_not_there_is_a_fault():
    settings = {"pipeline": {"classifier": {"model": "no-such-model"}}}
    assert findings(**settings)["model"][0].verdict == "fault"


class Alarms:
    """Stands for the alarm engine of a stream."""

    def __init__(self, *states: tuple[str, str]) -> None:
        self.states = list(states)
        self.snapshots = 0

    def open_alarms(self):
        return [SimpleNamespace(kind=kind, state=state) for kind, state in self.states]

    def snapshot(self):
        self.snapshots += 1
        return {"open": self.states}


@pytest.fixture
def clock() -> list[float]:
    return [1000.0]


@pytest.fixture
def state(tmp_path, clock) -> StateFile:
    return StateFile(tmp_path / "deep" / "state.json", lambda: clock[0])


def streams(alarms: Alarms) -> dict:
    return {"bed": SimpleNamespace(alarms=alarms, fs_hz=360.0)}


def test_state_is_written_when_an_alarm_changes_and_now_and_then(state, clock, tmp_path):
    alarms = Alarms()
    state.save(streams(alarms))
    assert not (tmp_path / "deep").exists()
    alarms.states = [("asystole", "active")]
    state.save(streams(alarms))
    state.save(streams(alarms))
    assert alarms.snapshots == 1
    alarms.states = [("asystole", "acknowledged")]
    state.save(streams(alarms))
    assert alarms.snapshots == 2
    clock[0] += REFRESH_S
    state.save(streams(alarms))
    assert alarms.snapshots == 3
    clock[0] += 7.5
    kept = state.load()["bed"]
    assert kept["away_s"] == 7.5
    assert kept["fs_hz"] == 360.0
    assert stat.S_IMODE((tmp_path / "deep" / "state.json").stat().st_mode) == 0o600


def test_a_clock_that_was_set_back_makes_no_negative_absence(state, clock):
    state.save(streams(Alarms(("a", "active"))))
    clock[0] -= 500
    assert state.load()["bed"]["away_s"] == 0.0


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", '{"version": 1}', '{"version": 1, "at": "x", "devices": {}}', "\x00"],
)
def test_state_that_makes_no_sense_is_none(state, tmp_path, text):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "state.json").write_text(text)
    assert state.load() == {}


def test_state_of_another_version_is_left_aside_without_a_word(state, tmp_path, caplog):
    (tmp_path / "deep").mkdir()
    body = {"version": VERSION + 1, "at": 0, "devices": {"a": {}}}
    (tmp_path / "deep" / "state.json").write_text(json.dumps(body))
    assert state.load() == {}
    assert caplog.text == ""


class Orders:
    """Stands for a monitor of two devices; notes what is asked of it."""

    def __init__(self) -> None:
        self.streams = {"a": None, "b": None}
        self.awaited: dict[str, object] = {}
        self.asked: list[tuple[object, ...]] = []
        self.changed: list[object] = []

    def acknowledge(self, device, kind):
        self.asked.append(("acknowledge", device, kind))

    def silence(self, device, seconds):
        self.asked.append(("silence", device, seconds))

    def pause(self, device, seconds):
        self.asked.append(("pause", device, seconds))

    def resume(self, device):
        self.asked.append(("resume", device))

    def change_alarms(self, settings):
        self.changed.append(settings)


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        ({"do": "acknowledge"}, [("acknowledge", "a", None), ("acknowledge", "b", None)]),
        ({"do": "acknowledge", "device": "b", "kind": "pause"}, [("acknowledge", "b", "pause")]),
        ({"do": "silence", "device": "a"}, [("silence", "a", 120.0)]),
        ({"do": "silence", "device": "a", "seconds": LONGEST_S}, [("silence", "a", LONGEST_S)]),
        ({"do": "pause", "device": "a", "seconds": 1}, [("pause", "a", 1)]),
        ({"do": "resume"}, [("resume", "a"), ("resume", "b")]),
    ],
)
def test_an_order_reaches_the_devices_it_names(request_, asked):
    monitor = Orders()
    assert Attendant(monitor).handle(request_) == {"done": request_["do"]}  # type: ignore[arg-type]
    assert monitor.asked == asked


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({}, "Ask for status"),
        ({"do": ["silence"]}, "Ask for status"),
        ({"do": "acknowledge", "kind": 5}, "A kind of alarm is a word"),
        ({"do": "silence", "device": "c"}, r"No device c is heard\. There is a, b\."),
        ({"do": "silence", "device": ["a"]}, "No device"),
        ({"do": "silence", "seconds": 0}, "more than 0"),
        ({"do": "silence", "seconds": LONGEST_S + 1}, "at most 600"),
        ({"do": "silence", "seconds": "long"}, "Seconds must be"),
        ({"do": "reload"}, "without a settings file"),
    ],
)
def test_an_order_that_makes_no_sense_changes_nothing(request_, words):
    monitor = Orders()
    with pytest.raises(UsageError, match=words):
        Attendant(monitor).handle(request_)  # type: ignore[arg-type]
    assert monitor.asked == []


def test_settings_that_are_refused_are_logged_and_the_old_stay(tmp_path, caplog):
    path = tmp_path / "bad.toml"
    path.write_text("[alarms.asystole]\nlimit_s = 'x'\n")
    monitor = Orders()
    Attendant(monitor, lambda: load_settings(path)).reload_or_tell()  # type: ignore[arg-type]
    assert monitor.changed == []
    assert "The old settings stay" in caplog.text


def test_joined_reports_count_what_is_unknown_as_nothing():
    report = {
        "version": "1", "pid": 7, "uptime_s": 2.0, "memory_mb": None, "core_share": 0.1, "signal_s": 4.0,
        "devices": {"z": {}}, "awaited": {}, "problems": {},
    }  # fmt: skip
    whole = joined([report, {**report, "pid": 8, "uptime_s": 9.0, "devices": {"y": {}}}], [])
    assert whole["memory_mb"] == 0.0
    assert whole["uptime_s"] == 9.0
    assert [worker["pid"] for worker in whole["workers"]] == [7, 8]
    assert whole["problems"] == {}
