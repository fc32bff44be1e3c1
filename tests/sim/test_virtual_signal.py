"""What a virtual device measures is the record's own signal, at the device's rate."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from ecgmon.monitor.cli import main
from ecgmon.monitor.core.errors import MissingExtraError
from ecgmon.sim.devices.signal import record_signal, resampled
from ecgmon.sim.library import find_record
from ecgmon.sim.record import read_record


@pytest.fixture
def no_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "scipy"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "scipy", None)


def test_the_signal_at_the_records_rate_is_the_record() -> None:
    record = read_record(find_record("100", None))
    signal = record_signal("100", record.fs_hz, duration_s=10.0)
    np.testing.assert_allclose(signal, record.samples_mv(0, 3600)[0])


@pytest.mark.parametrize("fs_hz", [125.0, 250.0, 500.0])
def test_a_second_lasts_a_second_at_every_rate(fs_hz: float) -> None:
    seconds = np.arange(7200) / 360.0
    wave = resampled(np.sin(2 * np.pi * 2.0 * seconds), 360.0, fs_hz)
    assert wave.size == pytest.approx(20 * fs_hz, abs=1)
    inner = slice(int(fs_hz), int(19 * fs_hz))
    expected = np.sin(4 * np.pi * np.arange(wave.size) / fs_hz)
    np.testing.assert_allclose(wave[inner], expected[inner], atol=0.01)


def test_a_missing_sample_holds_the_last_value() -> None:
    wave = np.full(720, 0.5)
    wave[300:360] = np.nan
    np.testing.assert_allclose(resampled(wave, 360.0, 360.0), 0.5)


@pytest.mark.usefixtures("no_scipy")
def test_without_scipy_the_command_says_which_extra_brings_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--record", "200", "--duration", "1"]) == MissingExtraError.exit_code
    errors = capsys.readouterr().err
    assert errors.startswith(
        "ecgmon: Playing a record at another rate needs the package scipy, which is not installed."
    )
    assert "[sim]'" in errors
