"""Time hygiene: gaps of the true length, clocks followed, order restored."""

import numpy as np
import pytest

from ecgmon.firmware_bridge.packet import Packet, StreamFormat
from ecgmon.monitor.ingest.clock.grid import FractionalResampler
from ecgmon.monitor.ingest.clock.keeper import Timekeeper
from ecgmon.monitor.ingest.clock.order import Reorder
from ecgmon.monitor.ingest.clock.rate import usual_rate
from ecgmon.monitor.ingest.clock.settings import ClockSettings


def wave(t_s):
    return np.sin(2 * np.pi * 5 * t_s)


class Device:
    """Sends packets of a 5 Hz sine, at its own rate and with its own counter and clock."""

    def __init__(self, true_hz, n=10, modulus=None, clock=False, jitter_s=0.0):
        self.true_hz, self.n, self.modulus, self.clock = true_hz, n, modulus, clock
        self.jitter_s, self.sent, self.random = jitter_s, 0, np.random.default_rng(3)

    def packet(self):
        k = self.sent * self.n + np.arange(self.n)
        seq = None if self.modulus is None else self.sent % self.modulus
        clock = k[0] / self.true_hz if self.clock else None
        self.sent += 1
        due = 100 + (k[-1] + 1) / self.true_hz
        arrival = due + abs(self.random.normal(0, self.jitter_s)) if self.jitter_s else due
        return Packet(wave(k / self.true_hz)[None], seq, clock), arrival

    def skip(self, n_packets):
        self.sent += n_packets


def run(keeper, device, n_packets):
    return [placed for _ in range(n_packets) for placed in keeper.place(*as_batch(device.packet()))]


def as_batch(item):
    packet, when = item
    return [packet], when


FORMS = {
    "counter of 16": (StreamFormat(250.0, seq_modulus=16), {"modulus": 16}),
    "counter of 256": (StreamFormat(250.0, seq_modulus=256), {"modulus": 256}),
    "counter and clock": (StreamFormat(250.0, seq_modulus=65536), {"modulus": 65536, "clock": True}),
    "clock alone": (StreamFormat(250.0), {"clock": True}),
    "nothing": (StreamFormat(250.0), {}),
}


@pytest.mark.parametrize("kind", FORMS)
def test_a_steady_device_passes_untouched(kind):
    form, options = FORMS[kind]
    keeper = Timekeeper(form)
    placed = run(keeper, Device(250.0, jitter_s=0.01, **options), 1500)
    assert [p.start for p in placed] == list(range(0, 15000, 10))
    np.testing.assert_array_equal(
        np.concatenate([p.samples_mv[0] for p in placed]), wave(np.arange(15000) / 250)
    )
    assert keeper.health["lost_samples"] == 0


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("lost_packets", [40, 250, 3000])
def test_a_pause_is_a_gap_of_its_true_length(kind, lost_packets):
    form, options = FORMS[kind]
    device, keeper = Device(250.0, jitter_s=0.002, **options), Timekeeper(form)
    run(keeper, device, 300)
    device.skip(lost_packets)
    placed = run(keeper, device, 10)
    assert placed[0].start == pytest.approx(3000 + 10 * lost_packets, abs=0 if options else 5)
    assert keeper.health["lost_samples"] == pytest.approx(10 * lost_packets, abs=0 if options else 5)


@pytest.mark.parametrize("kind", ["counter of 16", "counter of 256", "counter and clock"])
def test_a_few_lost_packets_are_counted_exactly(kind):
    form, options = FORMS[kind]
    device, keeper = Device(250.0, jitter_s=0.01, **options), Timekeeper(form)
    run(keeper, device, 20)
    device.skip(3)
    assert run(keeper, device, 1)[0].start == 230


def test_a_device_that_starts_anew_leaves_a_gap_as_long_as_it_was_away():
    keeper = Timekeeper(StreamFormat(250.0, seq_modulus=65536, clock_wrap_s=4294.967296))
    run(keeper, Device(250.0, modulus=65536, clock=True), 500)
    keeper.reconnected()
    again = Device(250.0, modulus=65536, clock=True)
    packet, _ = again.packet()
    placed = keeper.place([packet], 100 + 20 + 10 + packet.n_samples / 250)
    assert placed[0].start == pytest.approx(7500, abs=2)


def test_duplicates_are_dropped_and_counted():
    device, keeper = Device(250.0, modulus=256), Timekeeper(StreamFormat(250.0, seq_modulus=256))
    run(keeper, device, 5)
    packet, when = device.packet()
    assert keeper.place([packet], when)
    assert keeper.place([packet], when) == []
    assert keeper.health["duplicate_packets"] == 1


def test_a_late_packet_is_dropped_and_counted():
    device, keeper = Device(250.0, modulus=65536, clock=True), Timekeeper(FORMS["counter and clock"][0])
    run(keeper, device, 5)
    late, _ = device.packet()
    run(keeper, device, 2)
    assert keeper.place([late], device.packet()[1]) == []
    assert keeper.health["late_packets"] == 1
    assert keeper.health["lost_samples"] == 10


@pytest.mark.parametrize(
    ("true_hz", "jitter_s"), [(129.4, 0.0), (129.4, 0.015), (130.9, 0.004), (127.5, 0.0)]
)
def test_a_device_at_another_rate_is_followed(true_hz, jitter_s):
    """After a minute the index tells true time to a tenth of a second, whatever the device claims."""
    device, keeper = Device(true_hz, jitter_s=jitter_s), Timekeeper(StreamFormat(130.0))
    placed = run(keeper, device, 2000)
    assert keeper.health["drift_ppm"] == pytest.approx(1e6 * (true_hz / 130 - 1), abs=150)
    ends = np.array([p.start + p.samples_mv.shape[1] for p in placed])
    assert (np.diff([p.start for p in placed]) > 0).all()
    for tail in placed[-20:]:
        t_s = (tail.start + np.arange(tail.samples_mv.shape[1])) / 130
        shift = np.array(
            [np.abs(tail.samples_mv[0] - wave(t_s + d)).max() for d in np.arange(-0.03, 0.031, 0.001)]
        )
        assert shift.min() < 0.06
    assert ends[-1] / 130 == pytest.approx(20_000 / true_hz, abs=0.1)


def test_following_interpolates_without_harm():
    resampler = FractionalResampler(1)
    x = np.sin(2 * np.pi * 20 * np.arange(1300) / 130)
    parts = [resampler.process(part[None], 0.9954)[0] for part in np.array_split(x, 37)]
    out = np.concatenate(parts)
    expected = np.sin(2 * np.pi * 20 * 0.9954 * np.arange(out.size) / 130)
    assert np.abs(out - expected)[20:].max() < 0.01


def test_the_rate_of_a_silent_device_is_guessed_and_rounded_to_the_usual():
    device, keeper = Device(198.7, n=1), Timekeeper(StreamFormat(None), ClockSettings(guess_after_s=3))
    placed = run(keeper, device, 1000)
    assert keeper.fs_hz == 200.0
    assert placed[0].start == 0
    assert sum(p.samples_mv.shape[1] for p in placed) == pytest.approx(1000, abs=20)
    assert usual_rate(77.34) == 77.3


def test_a_stall_of_the_machine_is_no_gap():
    device, keeper = Device(250.0, n=1, modulus=256), Timekeeper(StreamFormat(250.0, seq_modulus=256))
    run(keeper, device, 1000)
    stalled = [device.packet() for _ in range(500)]
    placed = keeper.place([packet for packet, _ in stalled], stalled[-1][1])
    assert placed[0].start == 1000
    assert keeper.health["lost_samples"] == 0


def test_a_backlog_from_store_and_forward_is_no_gap():
    device, keeper = Device(250.0, modulus=65536, clock=True), Timekeeper(FORMS["counter and clock"][0])
    run(keeper, device, 500)
    backlog = [device.packet() for _ in range(750)]
    for packet, _ in backlog:
        keeper.place([packet], backlog[-1][1])
    placed = run(keeper, device, 1000)
    assert placed[-1].start == 10 * (500 + 750 + 1000 - 1)
    assert keeper.health["lost_samples"] == 0


def test_packets_out_of_order_are_put_right():
    order, packets = Reorder(65536), [Packet(np.zeros((1, 1)), (65530 + n) % 65536) for n in range(12)]
    arrived = [0, 1, 3, 2, 4, 7, 5, 6, 8, 10, 11, 9]
    out = [p.seq for n in arrived for p, _ in order.push(packets[n], 0.0)]
    assert out == [p.seq for p in packets]
    assert order.reordered == 4


def test_a_lost_packet_holds_the_rest_up_only_briefly():
    order = Reorder(None, depth=4)
    out = [p.seq for n in (0, 1, 3, 4, 5, 6, 7, 8) for p, _ in order.push(Packet(np.zeros((1, 1)), n), 0.0)]
    assert out == [0, 1, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("step", [1, 7, 100])
def test_reading_in_pieces_changes_nothing(step):
    x = np.random.default_rng(0).normal(size=(2, 400))
    whole = FractionalResampler(2).process(x, 1.003)
    pieces = FractionalResampler(2)
    parts = [pieces.process(x[:, at : at + step], 1.003) for at in range(0, 400, step)]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=1e-9)
