"""A broken package stops nothing but what uses it, and every error names it and the way out."""

from __future__ import annotations

import json

import pytest


def test_listings_show_what_is_broken_and_why(ecgmon, broken):
    devices = ecgmon("devices", beside=(broken,))
    assert devices.returncode == 0
    assert "cannot be loaded (SystemExit: this module ends the program)" in devices.stdout
    assert "it is a dict and not a DeviceKind" in devices.stdout
    assert "OpenBCI Cyton" in devices.stdout
    as_json = json.loads(ecgmon("devices", "--json", beside=(broken,)).stdout)["devices"]
    assert as_json["crashing"]["package"] == "ecgmon-broken"
    assert "SystemExit" in as_json["crashing"]["problem"]
    models = ecgmon("models", beside=(broken,))
    assert models.returncode == 0
    refused = [line.split()[0] for line in models.stdout.splitlines() if "refused" in line]
    assert refused == ["crashing", "missing-model", "numbered"]
    plugins = ecgmon("plugins", beside=(broken,))
    assert plugins.returncode == 0
    assert plugins.stdout.count("SystemExit") == 6
    assert "Half'> is not a class derived from ecgmon.monitor.dashboard.pages.base.Page" in plugins.stdout


def test_a_run_that_uses_none_of_it_is_not_disturbed(ecgmon, broken, tmp_path):
    words = ("replay", "100", "--speed", "max", "--duration", "20", "--headless", "--json")
    with_it, without_it = ecgmon(*words, beside=(broken,)), ecgmon(*words)
    assert with_it.returncode == 0, with_it.stderr
    assert with_it.stdout == without_it.stdout
    assert len(with_it.stdout.splitlines()) > 20


def test_listening_finds_a_device_beside_decoders_that_fail(ecgmon, broken, tmp_path):
    capture = tmp_path / "lines.txt"
    capture.write_text("".join(f"{512 + 80 * (n % 200 == 7)}\n" for n in range(3000)))
    done = ecgmon("devices", "--listen", capture, beside=(broken,))
    assert (done.returncode, done.stderr) == (0, "")
    assert "device=ascii" in done.stdout
    refused = ecgmon("devices", "--listen", f"serial:{capture}?device=half", beside=(broken,))
    assert (refused.returncode, "ecgmon-broken" in refused.stderr) == (9, True)


def test_a_name_of_our_own_stays_ours(ecgmon, broken, tmp_path):
    (tmp_path / "noise.bin").write_bytes(b"noise")
    done = ecgmon("run", "--source", "serial:noise.bin?device=cyton&gain=12", "--headless", beside=(broken,))
    assert done.returncode == 24, done.stderr
    assert "no cyton frame" in done.stderr


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("serial:/x?device=crashing", "cannot be loaded (SystemExit: this module ends the program)"),
        ("serial:/x?device=not-a-kind", "does not fit: it is a dict and not a DeviceKind"),
        ("serial:/x?device=half", "lacks counters, format, start_command, stop_command, reset"),
        ("crashing:/x", "cannot be loaded"),
        ("nosource:/x", "lacks name, live, __aenter__, __aexit__, __aiter__"),
        ("bursting:/x", "fails to open a source (RuntimeError: no such card)"),
    ],
)
def test_an_address_that_needs_it_is_refused_with_its_name_and_a_way_out(in_process, broken, address, words):
    code, error = in_process("run", "--source", address, "--headless", beside=broken)
    assert words in error
    assert "ecgmon-broken" in error
    assert "pip uninstall ecgmon-broken" in error or "update or remove the package" in error
    assert code == 9
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[outputs.crashing]", "'crashing' of ecgmon.outputs comes from the package ecgmon-broken"),
        ("[outputs.hollow]", "The output hollow of the package ecgmon-broken made a NoneType"),
        ("[outputs.bursting]", "fails to make an output (RuntimeError: no such card)"),
        ("[alarms.crashing]", "'crashing' of ecgmon.alarms comes from the package ecgmon-broken"),
        ("[alarms.hollow]", "The alarm hollow of the package ecgmon-broken made a NoneType"),
    ],
)
def test_settings_that_need_it_are_refused_with_its_name(in_process, broken, tmp_path, text, words):
    path = tmp_path / "my.toml"
    path.write_text(text)
    command = ("replay", "100", "--speed", "max", "--duration", "5", "--headless", "--config", str(path))
    code, error = in_process(*command, beside=broken)
    assert words in error
    assert code == 9


@pytest.mark.parametrize(("model", "code"), [("crashing", 9), ("missing-model", 6), ("numbered", 9)])
def test_a_model_that_needs_it_is_refused(in_process, broken, model, code):
    exit_code, error = in_process("replay", "100", "--model", model, "--headless", beside=broken)
    assert exit_code == code
    assert "ecgmon-broken" in error


def test_two_packages_that_offer_one_name_are_both_named(ecgmon, broken, example, tmp_path):
    twin = tmp_path / "twin"
    info = twin / "belt_twin-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: belt-twin\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[ecgmon.decoders]\nbelt = ecgmon_example.belt:DEVICE\n")
    done = ecgmon("run", "--source", "serial:/x?device=belt", "--headless", beside=(example, twin))
    assert done.returncode == 9
    assert "offered by more than one package: belt-twin and ecgmon-example" in done.stderr
    assert "belt" in ecgmon("devices", beside=(example, twin)).stdout
