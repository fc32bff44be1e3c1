"""A package of somebody else, installed by pip: its parts are listed, run, and refused in plain words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SETTINGS = """
[outputs]
console = "quiet"
[outputs.tally]
path = "tally.json"
[alarms.atrial_beats_per_minute]
limit_per_min = 1
priority = "medium"
"""


def lines(path: Path, sort: str) -> list[dict]:
    return [event for event in map(json.loads, path.read_text().splitlines()) if event["type"] == sort]


def test_the_authors_own_tests_pass_where_it_is_installed(example, tmp_path):
    tests = example.parent / "project" / "tests"
    path = os.pathsep.join((str(example), str(ROOT)))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto", tests],
        env={**os.environ, "PYTHONPATH": path, "QT_QPA_PLATFORM": "offscreen"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "6 passed" in done.stdout


def test_a_device_of_another_package_that_cannot_be_simulated_is_refused_in_plain_words(ecgmon, example):
    refused = ecgmon("simulate", "--device", "belt", beside=(example,))
    assert refused.returncode == 2
    assert "belt can be read, but not simulated. Simulated are: ascii, bitalino" in refused.stderr


def test_every_part_is_listed_with_its_package(ecgmon, example):
    devices = ecgmon("devices", beside=(example,))
    assert "Imaginary chest belt; 57600 baud; from the package ecgmon-example" in devices.stdout
    assert "options: fs_hz, uv_per_count" in devices.stdout
    as_json = json.loads(ecgmon("devices", "--json", beside=(example,)).stdout)["devices"]
    assert as_json["belt"] == {
        "title": "Imaginary chest belt",
        "baud": 57600,
        "package": "ecgmon-example",
    }
    listed = [line.split() for line in ecgmon("plugins", beside=(example,)).stdout.splitlines()]
    assert listed == [
        ["decoder", "belt", "ecgmon-example", "works"],
        ["source", "capture", "ecgmon-example", "works"],
        ["output", "tally", "ecgmon-example", "works"],
        ["alarm", "atrial_beats_per_minute", "ecgmon-example", "works"],
        ["model", "example-model", "ecgmon-example", "works"],
        ["page", "count", "ecgmon-example", "works"],
    ]


def test_without_qt_a_page_is_listed_with_what_it_needs(ecgmon, example, tmp_path):
    (tmp_path / "PyQt6.py").write_text("raise ImportError('libEGL.so.1: cannot open shared object file')\n")
    done = ecgmon("plugins", beside=(tmp_path, example))
    assert done.returncode == 0, done.stderr
    (page,) = (line for line in done.stdout.splitlines() if line.startswith("page"))
    assert page.split()[1:3] == ["count", "ecgmon-example"]
    assert "needs the window, which is not installed" in page
    assert "[gui]'" in page


def test_without_other_packages_none_is_listed(ecgmon):
    done = ecgmon("plugins")
    assert done.returncode == 0
    assert done.stdout.startswith("No other package adds a part")


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("settings") / "example.toml"
    path.write_text(SETTINGS)
    return path


def test_record_100_through_its_source_and_decoder_gives_beats_alarms_and_a_tally(
    ecgmon, example, belt_capture, settings, tmp_path
):
    address = f"capture:{belt_capture}?name=bed7"
    done = ecgmon(
        "run", "--source", address, "--config", settings, "--events", "belt.jsonl", beside=(example,)
    )
    assert done.returncode == 0, done.stderr
    direct = ecgmon(
        *(
            "run",
            "--source",
            "replay:100?start_s=820&speed=max",
            "--duration",
            "100",
            "--headless",
            "--quiet",
        ),
        *("--events", "direct.jsonl"),
    )
    assert direct.returncode == 0, direct.stderr
    found, reference = lines(tmp_path / "belt.jsonl", "beat"), lines(tmp_path / "direct.jsonl", "beat")
    place = [(beat["sample"] - 820 * 360, beat["symbol"]) for beat in reference]
    assert len(place) > 110
    assert [(beat["sample"], beat["symbol"]) for beat in found] == place
    alarms = [alarm for alarm in lines(tmp_path / "belt.jsonl", "alarm") if "atrial_beats" in alarm["kind"]]
    assert alarms[0]["state"] == "active"
    assert alarms[0]["priority"] == "medium"
    assert alarms[0]["message"] == "Atrial beats: more than 1 in a minute"
    assert not any("atrial_beats" in alarm["kind"] for alarm in lines(tmp_path / "direct.jsonl", "alarm"))
    tally = json.loads((settings.parent / "tally.json").read_text())["bed7"]
    assert tally["Beat"] == len(found)
    assert tally["atrial_beats_per_minute active"] == len([a for a in alarms if a["state"] == "active"])


def test_our_own_source_reads_a_device_by_its_decoder(ecgmon, example, belt_capture, tmp_path):
    done = ecgmon(
        *("run", "--source", f"serial:{belt_capture}?device=belt&uv_per_count=5", "--headless", "--quiet"),
        *("--events", "belt.jsonl"),
        beside=(example,),
    )
    assert done.returncode == 0, done.stderr
    assert len(lines(tmp_path / "belt.jsonl", "beat")) > 110


def test_its_model_classifies(ecgmon, example, tmp_path):
    listed = ecgmon("models", beside=(example,)).stdout
    assert any(line.split()[:2] == ["example-model", "ecgmon-example"] for line in listed.splitlines())
    done = ecgmon(
        *("replay", "100", "--speed", "max", "--duration", "60", "--headless", "--quiet"),
        *("--model", "example-model", "--events", "x.jsonl"),
        beside=(example,),
    )
    assert done.returncode == 0, done.stderr
    assert {beat["symbol"] for beat in lines(tmp_path / "x.jsonl", "beat")} <= set("NLRAV?Q")


def test_a_damaged_model_of_a_package_is_refused_like_one_of_ours(ecgmon, example, tmp_path):
    folder = tmp_path / "copy"
    subprocess.run(["cp", "-r", example, folder], check=True)
    model = folder / "ecgmon_example" / "example-model.onnx"
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(data)
    done = ecgmon("replay", "100", "--model", "example-model", "--headless", beside=(folder,))
    assert done.returncode == 6
    assert "changed or damaged" in done.stderr
    listed = ecgmon("models", beside=(folder,))
    assert listed.returncode == 0
    assert "example-model" in listed.stdout
    assert "refused" in listed.stdout


@pytest.mark.parametrize(
    ("address", "code", "words"),
    [
        ("captur:/x", 2, "There is no source of kind 'captur' (captur:/x). Did you mean capture:?"),
        ("capture:/nowhere.bin", 7, "There is no capture /nowhere.bin."),
        ("capture:/x?nmae=bed7", 2, "nmae"),
        ("capture:/x?chunk_bytes=0", 2, "chunk_bytes=0 is refused"),
        ("serial:/x?device=bolt", 20, "No decoder is called 'bolt'. Did you mean belt?"),
        (
            "serial:/x?device=belt&uv_per_cuont=5",
            3,
            "unknown option uv_per_cuont. Did you mean uv_per_count?",
        ),
        ("serial:/x?device=belt&fs_hz=9000", 3, "fs_hz=9000 is refused: it must be a number above 0"),
        ("serial:/x?device=belt&buad=9600", 3, "unknown option buad. Did you mean baud?"),
    ],
)
def test_near_misses_of_addresses_are_told_apart(in_process, example, address, code, words):
    exit_code, error = in_process("run", "--source", address, "--headless", beside=example)
    assert words in error
    assert exit_code == code
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[outputs.taly]\npath = 'x'", "unknown key outputs.taly. Did you mean tally?"),
        ("[outputs.tally]\npth = 'x'", "unknown key outputs.tally.pth. Did you mean path?"),
        ("[outputs.tally]\npath = 'x'\nby_kind = 3", "outputs.tally.by_kind = 3 is refused: it must be true"),
        ("[outputs.tally]\n", "outputs.tally.path"),
        ("[outputs]\ntally = 3", "outputs.tally = 3 is refused: it must be a table with path, by_kind"),
        (
            "[alarms.atrial_beat_per_minute]",
            "unknown key alarms.atrial_beat_per_minute. Did you mean atrial_beats_per_minute?",
        ),
        (
            "[alarms.atrial_beats_per_minute]\nlimit_per_min = 0",
            "alarms.atrial_beats_per_minute.limit_per_min = 0 is refused: it must be a whole number from 1",
        ),
        ("[patients.x.alarms.atrial_beats_per_minute]\nlimit = 1", "atrial_beats_per_minute.limit"),
    ],
)
def test_settings_of_its_parts_are_checked_by_its_own_classes(in_process, example, tmp_path, text, words):
    path = tmp_path / "my.toml"
    path.write_text(text)
    command = ("run", "--source", "replay:100", "--headless", "--config", str(path))
    code, error = in_process(*command, beside=example)
    assert words in error
    assert "my.toml: " in error
    assert code == 3


def test_settings_of_a_package_that_is_not_installed_are_unknown(in_process, settings, tmp_path):
    command = ("run", "--source", "replay:100", "--headless", "--config", str(settings))
    code, error = in_process(*command, beside=tmp_path)
    assert code == 3
    assert "unknown key outputs.tally" in error or "unknown key alarms.atrial" in error


def test_an_output_that_cannot_write_ends_the_run_with_its_own_words(ecgmon, example, tmp_path):
    (tmp_path / "my.toml").write_text('[outputs.tally]\npath = "/nowhere/x.json"\n')
    done = ecgmon(
        *("replay", "100", "--speed", "max", "--duration", "5", "--headless", "--config", "my.toml"),
        beside=(example,),
    )
    assert done.returncode == 8
    assert "The tally cannot be written to /nowhere/x.json" in done.stderr
