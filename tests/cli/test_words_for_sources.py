"""What people have in hand is taken where a record or a source is expected, or answered with the command."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from as_a_user import Ecgmon
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.monitor.cli import main
from ecgmon.monitor.cli.addresses import advice, as_record, as_replay, as_source, replay_address
from ecgmon.monitor.core.errors import UsageError
from ecgmon.monitor.ingest.address import Address
from ecgmon.sim.library import BUNDLED

PORTS = ["/dev/ttyUSB0", "/dev/ttyACM3", "/dev/serial/by-id/usb-x", "/dev/cu.usbmodem1", "COM3", "com12"]
SOURCES = ["serial:/dev/ttyUSB0?device=cyton", "mqtt://broker/ecg/+/raw", "mqtts://b:8883/t", "tcp://h:1"]
RECORDS = ["200", "svdb/800", "./folder/200", "../200.dat", "/data/x/200.hea", "~/r/200", "C:\\data\\200"]


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_stays_a_record_and_is_a_source_as_replay(record: str) -> None:
    assert as_record(record) == record
    assert Address.parse(as_source(record)).path == record
    assert as_source(record).startswith("replay:")


@pytest.mark.parametrize("source", [*SOURCES, "replay:200?speed=max", "foreign:thing"])
def test_a_source_address_stays_as_it_is(source: str) -> None:
    assert as_source(source) == source


@pytest.mark.parametrize("port", PORTS)
def test_a_port_is_answered_with_the_address_that_says_what_is_connected(port: str) -> None:
    with pytest.raises(UsageError) as told:
        as_source(port)
    assert f"--source 'serial:{port}?device=KIND'" in str(told.value)
    with pytest.raises(UsageError) as told:
        as_record(port)
    assert f"Run: ecgmon run --source 'serial:{port}?device=KIND'" in str(told.value)


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_given_as_a_record_is_answered_with_the_command_that_takes_it(source: str) -> None:
    with pytest.raises(UsageError) as told:
        as_record(source)
    assert told.value.hint == f"Run: ecgmon run --source '{source}'"


def test_a_replay_address_is_taken_as_a_record() -> None:
    assert as_record("replay:svdb/800") == "svdb/800"
    assert as_record("replay:./my%20records/200") == "./my records/200"


def test_a_replay_address_keeps_its_options_where_something_is_replayed() -> None:
    assert as_replay("replay:svdb/800?speed=max") == "replay:svdb/800?speed=max"
    assert as_replay("./my records/200") == "replay:./my%20records/200"
    with pytest.raises(UsageError, match="Run: ecgmon run --source 'mqtt://b/t'"):
        as_replay("mqtt://b/t")


def test_options_of_a_replay_are_refused_where_none_is_replayed() -> None:
    with pytest.raises(UsageError) as told:
        as_record("replay:./my%20records/200?start_s=5")
    assert told.value.hint == "Name the record alone: './my records/200'"


def test_replay_takes_the_address_that_run_takes(ecgmon: Ecgmon) -> None:
    done = ecgmon("replay", "replay:200?speed=max", "--duration", "5", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert "signal      5.0 s" in done.stdout


@pytest.mark.parametrize(
    "url",
    [
        "https://physionet.org/files/mitdb/1.0.0/200.dat",
        "https://physionet.org/content/mitdb/1.0.0/200.hea",
        "https://www.physionet.org/files/mitdb/1.0.0/200",
    ],
)
def test_a_page_of_physionet_is_answered_with_the_records_name(url: str) -> None:
    for take in (as_record, as_source):
        with pytest.raises(UsageError, match=r"it is fetched: mitdb/200$"):
            take(url)


@pytest.mark.parametrize("url", ["http://example.org/200.dat", "https://physionet.org/about/"])
def test_another_web_address_is_answered_with_what_to_do(url: str) -> None:
    for take in (as_record, as_source):
        with pytest.raises(UsageError, match="Download the record"):
            take(url)


def test_a_port_under_any_name_is_known_by_its_kind(tmp_path: Path) -> None:
    controller, terminal = os.openpty()
    link = tmp_path / "ttyECG"
    link.symlink_to(os.ttyname(terminal))
    try:
        with pytest.raises(UsageError, match="is a port"):
            as_source(str(link))
        with pytest.raises(UsageError, match="is a device"):
            as_record(str(link))
    finally:
        os.close(controller)
        os.close(terminal)


def test_an_ordinary_file_or_folder_is_no_port(tmp_path: Path) -> None:
    (tmp_path / "200.hea").write_text("")
    assert as_record(str(tmp_path / "200.hea")) == str(tmp_path / "200.hea")
    assert as_record(str(tmp_path)) == str(tmp_path)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=30))
def test_any_text_is_taken_or_refused_but_never_breaks(text: str) -> None:
    for take in (as_record, as_source):
        try:
            taken = take(text)
        except UsageError as error:
            taken = error.hint
        assert taken or text == "replay:"
    advice(text)


@given(st.from_regex(r"[A-Za-z0-9 _?#%&+=,;@.-]{1,20}(/[A-Za-z0-9 _?#%&+=-]{1,10})?", fullmatch=True))
def test_a_record_of_any_name_survives_being_made_an_address(record: str) -> None:
    address = Address.parse(replay_address(record))
    assert (address.path, address.options) == (record, {})


@pytest.mark.parametrize(
    ("word", "command"),
    [
        ("200", "ecgmon replay 200"),
        ("svdb/800", "ecgmon replay svdb/800"),
        ("./my records/200", "ecgmon replay './my records/200'"),
        ("mqtt://b/t", "ecgmon run --source 'mqtt://b/t'"),
        ("/dev/ttyUSB0", "ecgmon run --source 'serial:/dev/ttyUSB0?device=KIND'"),
    ],
)
def test_what_stands_in_place_of_a_command_is_answered_with_the_command(word: str, command: str) -> None:
    assert advice(word) == f"Run: {command}"


def test_a_word_that_is_nothing_gets_no_advice() -> None:
    assert advice("xyzzy") == ""


@pytest.mark.parametrize("how", ["200", "mitdb/200", "./mitdb/200.dat", "./mitdb/200.hea", "{}/mitdb/200"])
def test_run_plays_a_record_however_it_is_named(how: str, ecgmon: Ecgmon, tmp_path: Path) -> None:
    (tmp_path / "mitdb").mkdir()
    for file in (BUNDLED / "mitdb").glob("200.*"):
        shutil.copy(file, tmp_path / "mitdb")
    source = how.format(tmp_path)
    done = ecgmon("run", "--source", source, "--speed", "max", "--duration", "5", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert "signal      5.0 s" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("replay", "/dev/ttyUSB0"),
        ("run", "--source", "/dev/ttyUSB0"),
        ("dashboard", "--source", "COM3"),
        ("explain", "mqtt://b/t", "--beat", "3"),
        ("evaluate", "qrs", "/dev/ttyUSB0"),
        ("simulate", "--record", "http://x/y"),
        ("bridge", "--source", "/dev/ttyUSB0", "--broker", "mqtt://b"),
    ],
    ids=lambda words: words[0],
)
def test_every_command_that_takes_one_gives_the_advice(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "ecgmon run --source '" in errors or "--source 'serial:" in errors or "Download" in errors
