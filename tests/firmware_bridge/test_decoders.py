"""Foreign devices: literal bytes, damage, and settings that are refused."""

import math
import struct

import numpy as np
import pytest
from cobs import cobs

from ecgmon.firmware_bridge.decoders import device_kinds, make_decoder, port_speed
from ecgmon.firmware_bridge.decoders.bitalino import channel_bits, frame_bytes
from ecgmon.firmware_bridge.errors import UnknownDeviceError
from ecgmon.firmware_bridge.framing import crc4
from ecgmon.monitor.core.errors import SettingsError


def cyton_frame(counter: int, count: int = 0x000100, tail: int = 0xC0) -> bytes:
    return (
        bytes((0xA0, counter % 256)) + count.to_bytes(3, "big", signed=True) * 8 + bytes(6) + bytes((tail,))
    )


def openview_frame(payload: bytes) -> bytes:
    return b"\x0a\xfa" + struct.pack("<HB", len(payload), 2) + payload + b"\x00\x0b"


def bitalino_frame(seq: int, value: int = 700) -> bytes:
    body = bytearray(8)
    body[-2] |= value >> 6
    body[-3] |= (value & 0x3F) << 2
    body[-1] = seq % 16 << 4
    body[-1] |= crc4(bytes(body))
    return bytes(body)


class TestCyton:
    LITERAL = bytes.fromhex("a0 07 7fffff 800000 000001 ffffff 000000 000000 000000 000000 000000000000 c0")

    def test_a_count_is_4500_mv_over_gain_and_full_scale(self):
        decoder = make_decoder("cyton", {"channels": "1,2,3,4", "daisy": "no"})
        packets = decoder.feed(self.LITERAL + cyton_frame(8))
        assert packets[0].seq == 7
        count = 4500 / (2**23 - 1) / 24
        np.testing.assert_allclose(packets[0].samples_mv[:, 0], [187.5, -(2**23) * count, count, -count])
        assert decoder.format.fs_hz == 250.0
        assert decoder.format.leads == ("CH1", "CH2", "CH3", "CH4")

    def test_boot_text_and_half_frames_are_passed_over(self):
        decoder = make_decoder("cyton", {})
        text = b"OpenBCI V3 8-16 channel\r\nOn Board ADS1299 Device ID: 0x3E\r\n$$$"
        packets = decoder.feed(text + cyton_frame(0)[20:] + cyton_frame(1) + cyton_frame(2))
        assert [p.seq for p in packets] == [1, 2]
        assert decoder.counters.skipped_bytes == len(text) + 13

    def test_marks_inside_samples_do_not_lead_astray(self):
        decoder = make_decoder("cyton", {})
        decoder.feed(b"".join(cyton_frame(n) for n in range(4)))
        tricky = bytearray(cyton_frame(4, 0x00A005))
        stream = bytes(tricky[:-1]) + b"".join(cyton_frame(n) for n in range(5, 9))
        assert [p.seq for p in decoder.feed(stream)] == [5, 6, 7, 8]

    def test_a_good_frame_between_two_damaged_ones_is_kept(self):
        decoder = make_decoder("cyton", {})
        decoder.feed(cyton_frame(0) + cyton_frame(1))
        bad = b"\x11" + cyton_frame(2)[1:]
        packets = decoder.feed(bad + cyton_frame(3) + bad + cyton_frame(5))
        assert [p.seq for p in packets] == [3, 5]
        assert decoder.counters.resyncs == 3

    @pytest.mark.parametrize(
        ("options", "wanted"),
        [
            ({}, "odd"),
            ({"daisy": "1"}, "odd"),
            ({"daisy": "odd"}, "odd"),
            ({"daisy": "even"}, "even"),
            ({"channels": "9"}, "even"),
            ({"channels": "9", "daisy": "even"}, "odd"),
        ],
    )
    @pytest.mark.parametrize("size", [1, 33, 100, 5000])
    def test_with_a_daisy_each_channel_comes_in_every_other_frame(self, options, wanted, size):
        wave = {"odd": lambda n: 40_000 + 20 * n, "even": lambda n: -3000 - 10 * n}
        sent = b"".join(cyton_frame(n, wave["odd" if n % 2 else "even"](n)) for n in range(120))
        decoder = make_decoder("cyton", options)
        packets = [p for at in range(0, len(sent), size) for p in decoder.feed(sent[at : at + size])]
        count = 4500 / (2**23 - 1) / 24
        due = [wave[wanted](n) * count for n in range(wanted == "odd", 120, 2)]
        np.testing.assert_allclose([p.samples_mv[0, 0] for p in packets], due)
        assert [p.seq for p in packets] == [n % 128 for n in range(60)]
        assert (decoder.format.fs_hz, decoder.format.seq_modulus) == (125.0, 128)

    def test_open_inputs_of_a_daisy_are_not_taken_for_the_board(self):
        sent = b"".join(cyton_frame(n, 2**23 - 1 if n % 2 else 500 + n) for n in range(60))
        packets = make_decoder("cyton", {}).feed(sent)
        assert [round(p.samples_mv[0, 0] / (4500 / (2**23 - 1) / 24)) for p in packets] == [
            500 + n for n in range(0, 60, 2)
        ]

    def test_channels_of_both_boards_go_side_by_side(self):
        sent = b"".join(cyton_frame(n, 9000 if n % 2 else -9000) for n in range(80))
        packets = make_decoder("cyton", {"channels": "1,9", "daisy": "odd"}).feed(sent)
        count = 4500 / (2**23 - 1) / 24
        np.testing.assert_allclose(packets[-1].samples_mv[:, 0], [9000 * count, -9000 * count])

    @pytest.mark.parametrize("noise", [0, 3, 3000])
    def test_a_board_without_a_daisy_is_not_taken_for_two(self, noise):
        values = 200_000 + np.random.default_rng(3).integers(-noise, noise + 1, 400)
        sent = b"".join(cyton_frame(n, int(value)) for n, value in enumerate(values))
        decoder = make_decoder("cyton", {})
        assert len(decoder.feed(sent)) == 400
        assert decoder.format.fs_hz == 250.0

    def test_start_and_stop_are_b_and_s(self):
        decoder = make_decoder("cyton", {})
        assert (decoder.start_command, decoder.stop_command) == (b"b", b"s")


class TestBitalino:
    def test_channels_lie_where_the_data_sheet_puts_them(self):
        assert [frame_bytes(n) for n in range(1, 7)] == [3, 4, 6, 7, 8, 8]
        assert [channel_bits(n, 6) for n in range(6)] == [
            (42, 10),
            (32, 10),
            (22, 10),
            (12, 10),
            (6, 6),
            (0, 6),
        ]

    @pytest.mark.parametrize(("ecg", "adc"), [(1, 700), (2, 0)])
    def test_ecg_is_centred_on_half_the_supply(self, ecg, adc):
        decoder = make_decoder("bitalino", {"ecg": ecg})
        packets = decoder.feed(b"".join(bitalino_frame(n) for n in range(6)))
        assert packets[0].samples_mv[0, 0] == pytest.approx((adc / 1024 - 0.5) * 3.3 / 1100 * 1000)
        assert [p.seq for p in packets[:3]] == [0, 1, 2]

    def test_literal_frames_carry_512_on_the_first_channel(self):
        stream = bytes.fromhex("000000000000080e 000000000000081d 0000000000000828 000000000000083b")
        packets = make_decoder("bitalino", {"ecg": 1}).feed(stream)
        assert [(p.seq, p.samples_mv[0, 0]) for p in packets] == [(n, 0.0) for n in range(4)]

    def test_a_dropped_byte_costs_one_frame(self):
        decoder = make_decoder("bitalino", {"ecg": 1})
        stream = [bitalino_frame(n, 500 + 13 * n) for n in range(40)]
        stream[20] = stream[20][:3] + stream[20][4:]
        packets = decoder.feed(b"".join(stream))
        expected = [n % 16 for n in range(40) if n != 20]
        assert [p.seq for p in packets] == expected

    def test_start_sets_rate_and_channels(self):
        decoder = make_decoder("bitalino", {"fs_hz": 100, "channels": "2"})
        assert decoder.start_command == b"\x83\x09"
        assert decoder.stop_command == b"\x00"


class TestOpenView:
    def test_healthypi4_sends_the_upper_16_bits_of_an_ads1292r(self):
        decoder = make_decoder("openview", {"profile": "healthypi4"})
        frame = bytes.fromhex("0afa 1400 02 e803 0000 00000000 00000000 0000000000000000 000b")
        (packet,) = decoder.feed(b"HealthyPi starting...\r\n" + frame)
        assert packet.samples_mv[0, 0] == pytest.approx(1000 * 256 * 2420 / (2**23 - 1) / 6)
        assert decoder.format.fs_hz == 125.0

    def test_healthypi5_sends_32_bits_in_the_scale_given(self):
        decoder = make_decoder("openview", {"profile": "healthypi5", "uv_per_count": "0.5"})
        (packet,) = decoder.feed(openview_frame(struct.pack("<i", -2000) + bytes(18)))
        assert packet.samples_mv[0, 0] == pytest.approx(-1.0)
        assert decoder.format.fs_hz == 128.0

    @pytest.mark.parametrize("profile", ["healthypi5", "ads1293", "max30003"])
    def test_a_scale_that_is_not_known_must_be_given(self, profile):
        with pytest.raises(SettingsError, match="uv_per_count must be given"):
            make_decoder("openview", {"profile": profile})

    def test_the_profile_must_be_named(self):
        with pytest.raises(SettingsError, match="profile"):
            make_decoder("openview", {})

    def test_a_damaged_frame_is_counted_as_a_missing_sample(self):
        decoder = make_decoder("openview", {"profile": "healthypi4"})
        good = openview_frame(struct.pack("<h", 6) + bytes(18))
        packets = decoder.feed(good + b"\x0b" + good[1:] + good)
        assert [p.missed_samples for p in packets] == [0, 1]
        assert decoder.counters.skipped_bytes == len(good)

    def test_a_batch_of_healthypi5_holds_eight_samples(self):
        batch = struct.pack("<8i", *range(8)) + bytes(18)
        data = b"".join(
            b"\x0a\xfa" + struct.pack("<HB", len(body), kind) + body + b"\x00\x0b"
            for kind, body in ((3, batch), (4, bytes(19)), (3, batch))
        )
        decoder = make_decoder("openview", {"profile": "healthypi5", "uv_per_count": "1"})
        packets = decoder.feed(data)
        assert [p.samples_mv.shape for p in packets] == [(1, 8), (1, 8)]
        np.testing.assert_allclose(packets[1].samples_mv[0], np.arange(8) * 1e-3)
        assert [p.missed_samples for p in packets] == [0, 0]

    @pytest.mark.parametrize(
        ("profile", "options", "pack", "uv"),
        [
            ("ads1292r", {}, lambda v: struct.pack("<hhBBBBB", v, 321, 16, 0, 72, 0, 0), 256 * 0.04808),
            ("ads1292r", {}, lambda v: struct.pack("<hhhh", v, -9, 72, 16), 256 * 0.04808),
            ("ads1292r", {}, lambda v: struct.pack("<ii", 256 * v, 99), 256 * 0.04808),
            ("max30003", {"uv_per_count": "2"}, lambda v: bytes(5) + struct.pack("<iii", v, 800, 75), 2),
            ("max30003", {"uv_per_count": "2"}, lambda v: struct.pack("<iii", v, 800, 75), 2),
            ("ads1293", {"uv_per_count": "2"}, lambda v: struct.pack("<iii", v, 1, 2), 2),
        ],
        ids=["nine bytes", "16 bits", "32 bits", "seventeen bytes", "twelve bytes", "three leads"],
    )
    def test_old_and_new_sketches_of_a_board_are_read(self, profile, options, pack, uv):
        wave = [round(900 * np.sin(n / 9)) for n in range(200)]
        decoder = make_decoder("openview", {"profile": profile, **options})
        packets = decoder.feed(b"".join(openview_frame(pack(value)) for value in wave))
        read = np.concatenate([p.samples_mv[0] for p in packets])
        np.testing.assert_allclose(read, np.array(wave) * uv * 1e-3, rtol=1e-3)

    @pytest.mark.parametrize(("profile", "baud"), [("healthypi4", 115200), ("ads1292r", 57600)])
    def test_the_port_runs_at_the_speed_of_the_board(self, profile, baud):
        assert port_speed("openview", {"profile": profile}) == baud


class TestPolar:
    def test_timestamp_is_that_of_the_last_sample(self):
        samples = [1000, -1, -8388608]
        data = b"\x00" + (10**9).to_bytes(8, "little") + b"\x00"
        data += b"".join(s.to_bytes(3, "little", signed=True) for s in samples)
        decoder = make_decoder("polar", {})
        (packet,) = decoder.feed(cobs.encode(data) + b"\x00")
        np.testing.assert_allclose(packet.samples_mv[0], [1.0, -0.001, -8388.608])
        assert packet.device_time_s == pytest.approx(1 - 2 / 130)

    def test_other_measurements_are_counted(self):
        decoder = make_decoder("polar", {})
        assert decoder.feed(cobs.encode(b"\x02" + bytes(12)) + b"\x00") == []
        assert decoder.counters.bad_frames == 1


class TestAscii:
    def test_half_scale_is_zero_millivolts(self):
        decoder = make_decoder("ascii", {"adc_max": 1024})
        (packet,) = decoder.feed(b"512\r\n768\r\n")
        np.testing.assert_allclose(packet.samples_mv[0], [0.0, 0.25 * 3.3 / 1100 * 1000])

    def test_exclamation_mark_is_a_missing_sample_with_the_lead_off(self):
        packets = make_decoder("ascii", {}).feed(b"512\n!\n!\n500\n")
        assert [(p.lead_off, p.n_samples) for p in packets] == [(False, 1), (True, 2), (False, 1)]
        assert np.isnan(packets[1].samples_mv).all()

    def test_csv_header_names_the_column(self):
        packets = make_decoder("ascii", {"unit": "mv"}).feed(b"time_ms,ecg_mv\r\n0,0.5\r\n4,0.75\r\n")
        np.testing.assert_allclose(packets[0].samples_mv[0], [0.5, 0.75])

    def test_boot_text_is_skipped_and_a_damaged_line_is_a_missing_sample(self):
        decoder = make_decoder("ascii", {})
        (packet,) = decoder.feed(b"rst:0x1 (POWERON)\r\n\r\n512\r\n5x2\r\n9999\r\n511\r\n")
        assert [math.isnan(v) for v in packet.samples_mv[0]] == [False, True, True, False]
        assert decoder.counters.bad_frames == 2

    def test_a_line_may_come_in_pieces(self):
        decoder = make_decoder("ascii", {})
        assert decoder.feed(b"51") == []
        assert decoder.feed(b"2\n5")[0].n_samples == 1

    def test_an_endless_line_takes_no_memory(self):
        decoder = make_decoder("ascii", {})
        for _ in range(100):
            decoder.feed(b"7" * 1000)
        assert decoder.counters.skipped_bytes >= 99_000


def test_an_unknown_device_is_named_with_the_known_ones():
    with pytest.raises(UnknownDeviceError, match=r"cytom.*cyton") as caught:
        make_decoder("cytom", {})
    assert caught.value.exit_code == 20


def test_a_wrong_option_names_device_option_and_what_is_allowed():
    with pytest.raises(SettingsError, match=r"Device cyton: unknown option gian\. Did you mean gain\?"):
        make_decoder("cyton", {"gian": 3})


def test_every_device_has_a_title_of_its_own_and_a_speed():
    kinds = device_kinds().values()
    assert len({kind.title for kind in kinds}) == len(kinds) >= 6
    assert all(kind.title and kind.baud >= 9600 for kind in kinds)
