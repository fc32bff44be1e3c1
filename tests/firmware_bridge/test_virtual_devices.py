"""Virtual boards send what their decoders read, and break when asked to."""

from functools import cache

import numpy as np
import pytest

from ecgmon.firmware_bridge.decoders import make_decoder
from ecgmon.sim.devices.boards import BOARDS
from ecgmon.sim.devices.device import VirtualDevice
from ecgmon.sim.devices.faults import FaultSettings
from ecgmon.sim.devices.signal import record_signal, resampled

OPTIONS = {
    "native": {},
    "ascii": {"fs_hz": 250},
    "openview": {"profile": "healthypi4"},
    "cyton": {},
    "bitalino": {},
    "polar": {},
}
STEP_MV = {"native": 5e-4, "ascii": 3e-3, "openview": 0.0124, "cyton": 3e-5, "bitalino": 3e-3, "polar": 1e-3}


def stream(kind, signal_of, faults=None, seconds=6.0):
    board = BOARDS[kind]()
    decoder = make_decoder(kind, OPTIONS[kind])
    device = VirtualDevice(board, signal_of(board.fs_hz), faults)
    boot = device.advance(0.0)
    device.receive(decoder.start_command)
    data = boot + b"".join(device.advance(t) for t in np.arange(0, seconds + 0.5, 0.05))
    return decoder, data


@cache
def record():
    return record_signal("200", 360.0, duration_s=6.0)


def signal_of(fs_hz):
    return resampled(record(), 360.0, fs_hz)


@pytest.mark.parametrize("kind", BOARDS)
def test_record_200_comes_out_as_it_went_in(kind):
    decoder, data = stream(kind, signal_of)
    packets = [p for at in range(0, len(data), 61) for p in decoder.feed(data[at : at + 61])]
    got = np.concatenate([p.samples_mv[0] for p in packets])
    sent = signal_of(BOARDS[kind]().fs_hz)
    assert decoder.format.fs_hz == BOARDS[kind]().fs_hz
    assert sent.size - BOARDS[kind]().frame_samples < got.size <= sent.size
    inside = np.abs(sent[: got.size]) < 1.49
    np.testing.assert_allclose(got[inside], sent[: got.size][inside], atol=STEP_MV[kind])
    assert decoder.counters.bad_frames == (kind == "native")  # its boot text


@pytest.mark.parametrize("kind", BOARDS)
@pytest.mark.parametrize("fault", ["flip_rate", "drop_rate", "double_rate"])
def test_damaged_bytes_cost_no_more_than_their_frames(kind, fault):
    rate = 5e-4 if kind in {"native", "polar"} else 2e-3
    decoder, clean = stream(kind, signal_of)
    whole = sum(p.n_samples for p in decoder.feed(clean))
    decoder, damaged = stream(kind, signal_of, FaultSettings(**{fault: rate, "seed": 4}))
    packets = decoder.feed(damaged)
    got = sum(int(np.isfinite(p.samples_mv[0]).sum()) for p in packets)
    frame = BOARDS[kind]().frame_samples
    per_frame = len(clean) / (whole / frame)
    expected_loss = min(1.0, rate * per_frame)
    assert got >= whole * (1 - 3 * expected_loss) - 3 * frame
    assert got <= whole * 1.01 + frame


def test_a_cyton_is_silent_until_started_and_after_it_is_stopped():
    board = BOARDS["cyton"]()
    device = VirtualDevice(board, np.zeros(1000))
    assert device.advance(0.0).endswith(b"$$$")
    assert device.advance(1.0) == b""
    device.receive(b"b")
    device.advance(1.0)
    assert len(device.advance(2.0)) == 33 * 250
    device.receive(b"s")
    assert device.advance(3.0) == b""


def test_a_pause_loses_frames_and_the_counter_runs_on():
    decoder, data = stream("cyton", signal_of, FaultSettings(pauses=((1.0, 0.5),)))
    seqs = [p.seq for p in decoder.feed(data)]
    assert len(seqs) == 1500 - 125
    assert (seqs[250] - seqs[249]) % 256 == 126


def test_lead_off_is_told_where_the_device_can_tell():
    faults = FaultSettings(lead_off=((2.0, 1.0),))
    for kind in ("native", "ascii"):
        decoder, data = stream(kind, signal_of, faults)
        off = sum(p.n_samples for p in decoder.feed(data) if p.lead_off)
        assert off == pytest.approx(250, abs=25)


def test_a_fast_clock_sends_more():
    _, slow = stream("cyton", lambda fs: np.zeros(10_000))
    _, fast = stream("cyton", lambda fs: np.zeros(10_000), FaultSettings(drift_ppm=20_000))
    assert len(fast) / len(slow) == pytest.approx(1.02, abs=0.002)


def test_resampling_keeps_instants():
    x = np.zeros(3600)
    x[1800] = 1
    for to_hz in (250.0, 129.4, 1000.0):
        assert np.argmax(resampled(x, 360.0, to_hz)) / to_hz == pytest.approx(5.0, abs=0.5 / to_hz)
