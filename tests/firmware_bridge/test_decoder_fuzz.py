"""Any bytes at all: no decoder raises, keeps what it cannot use, or misses the good frames behind."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgmon.firmware_bridge.decoders import make_decoder
from ecgmon.sim.devices.boards import BOARDS, Measured

OPTIONS = {"native": {"fs_hz": 250.0, "uv_per_count": 0.5}, "openview": {"profile": "healthypi4"}}
BEHIND = {"bitalino": 6, "cyton": 3}


def frames(kind, first, count):
    board = BOARDS[kind]()
    n = board.frame_samples
    wave = np.sin(np.arange(first * n, (first + count) * n))
    return [board.encode(Measured(wave[k * n : (k + 1) * n], (first + k) * n)) for k in range(count)]


@pytest.mark.parametrize("kind", BOARDS)
@given(noise=st.binary(max_size=300), first=st.integers(0, 500), step=st.integers(1, 64))
@settings(max_examples=60, deadline=None)
def test_good_frames_behind_noise_are_decoded(kind, noise, first, step):
    decoder = make_decoder(kind, OPTIONS.get(kind, {}))
    good = frames(kind, first, BEHIND.get(kind, 2) + 2)
    stream = noise + b"".join(good)
    packets = [p for at in range(0, len(stream), step) for p in decoder.feed(stream[at : at + step])]
    expected = make_decoder(kind, OPTIONS.get(kind, {}))
    wanted = [p for frame in good for p in expected.feed(frame)]
    assert packets[-1].samples_mv[0, -1] == wanted[-1].samples_mv[0, -1]


@pytest.mark.parametrize("kind", BOARDS)
@given(cuts=st.lists(st.integers(1, 90), min_size=1, max_size=40))
@settings(max_examples=30, deadline=None)
def test_pieces_do_not_matter(kind, cuts):
    stream = b"boot text\r\n" + b"".join(frames(kind, 7, 12))
    whole, pieces = make_decoder(kind, OPTIONS.get(kind, {})), make_decoder(kind, OPTIONS.get(kind, {}))
    expected = np.concatenate([p.samples_mv[0] for p in whole.feed(stream)])
    got, at = [], 0
    for cut in [*cuts, len(stream)]:
        got += pieces.feed(stream[at : at + cut])
        at += cut
    np.testing.assert_array_equal(np.concatenate([p.samples_mv[0] for p in got]), expected)


@pytest.mark.parametrize("kind", BOARDS)
def test_noise_takes_no_memory(kind):
    decoder = make_decoder(kind, OPTIONS.get(kind, {}))
    generator = np.random.default_rng(5)
    for _ in range(50):
        decoder.feed(generator.bytes(2000))
    held = sum(len(v) for v in vars(decoder).values() if isinstance(v, bytes))
    scanner = getattr(decoder, "_scanner", None)
    held += sum(len(v) for v in vars(scanner).values() if isinstance(v, bytes)) if scanner else 0
    assert held < 2000
