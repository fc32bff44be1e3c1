"""Lines of text as boards and loggers write them: the ECG is found, and nothing else is taken for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgmon.firmware_bridge.decoders import make_decoder
from ecgmon.firmware_bridge.decoders.ascii import AsciiDecoder
from ecgmon.firmware_bridge.text.names import role_of

FS_HZ = 200
N = 800


def ecg_mv(n: int = N, fs_hz: float = FS_HZ) -> NDArray[np.float64]:
    """Return waves of an ECG with a little noise, 75 beats a minute."""
    t = np.arange(n) / fs_hz
    beat = (t % 0.8) - 0.4
    waves = np.exp(-((beat / 0.012) ** 2)) + 0.25 * np.exp(-(((beat - 0.25) / 0.05) ** 2))
    return waves + 0.02 * np.random.default_rng(3).standard_normal(n)


MV = ecg_mv()
COUNTS = np.round((MV * 1.1 / 3.3 + 0.5) * 1023).astype(int)
READ_MV = (COUNTS / 1023 - 0.5) * 3.3 / 1100 * 1e3
RESPIRATION = np.round(500 + 200 * np.sin(2 * np.pi * 0.25 * np.arange(N) / FS_HZ)).astype(int)
IRREGULAR = np.cumsum(np.random.default_rng(5).integers(1, 9, N))
PULSE = np.round(600 + 150 * np.sin(2 * np.pi * 1.25 * np.arange(N) / FS_HZ)).astype(int)


def decoder(**options: Any) -> AsciiDecoder:
    made = make_decoder("ascii", options)
    assert isinstance(made, AsciiDecoder)
    return made


def read(
    made: AsciiDecoder, *lines: str, newline: str = "\n", encoding: str = "utf-8"
) -> NDArray[np.float64]:
    data = "".join(line + newline for line in lines).encode(encoding)
    packets = made.feed(data)
    return np.concatenate([p.samples_mv[0] for p in packets]) if packets else np.empty(0)


def lines_of(form: Callable[[int, int], str], values: Sequence[int] | NDArray[Any] = COUNTS) -> list[str]:
    return [form(at, value) for at, value in enumerate(values)]


NAMED: dict[str, tuple[list[str], Callable[[int, int], str]]] = {
    "semicolons": (["time;ecg;bpm"], lambda k, v: f"{5 * k};{v};72"),
    "tabs": (["TIME\tECG\tBPM"], lambda k, v: f"{5 * k}\t{v}\t72"),
    "bars": (["time|ecg|resp"], lambda k, v: f"{5 * k}|{v}|{RESPIRATION[k]}"),
    "labels and bars": ([], lambda k, v: f"resp:{RESPIRATION[k]} | ecg:{v}"),
    "quotes": (['"time","Ekg"'], lambda k, v: f"{5 * k},{v}"),
    "last column": (["resp,ppg,ecg_raw"], lambda k, v: f"{RESPIRATION[k]},{PULSE[k]},{v}"),
    "first column": (["ch1_ecg, ch2_resp"], lambda k, v: f"{v}, {RESPIRATION[k]}"),
    "a lead": (["Zeit;Lead II;SpO2"], lambda k, v: f"{5 * k};{v};{PULSE[k]}"),
    "behind comments": (["# board 7", "# sample rate: 200 Hz", "t,ECG"], lambda k, v: f"{k},{v}"),
    "in a comment": (["# t;ecg;resp"], lambda k, v: f"{k};{v};{RESPIRATION[k]}"),
    "blanks": (["time ecg resp"], lambda k, v: f"{k} {v} {RESPIRATION[k]}"),
    "label": ([], lambda k, v: f"EKG:{v},t:5"),
    "label and blank": ([], lambda k, v: f"ECG: {v}"),
    "label of two words": ([], lambda k, v: f"Lead II: {v}"),
    "labels and blanks": ([], lambda k, v: f"resp: {RESPIRATION[k]} ecg: {v}"),
    "label without colon": ([], lambda k, v: f"ECG {v} RESP {RESPIRATION[k]}"),
    "teleplot": ([], lambda k, v: f">ecg:{1627551892437 + 5 * k}:{v}"),
    "json": ([], lambda k, v: f'{{"resp": {RESPIRATION[k]}, "ecg": {v}}}'),
    "a word in front": ([], lambda k, v: f"$D,{v},A{v}*7F"),
    "monitor's clock": ([], lambda k, v: f"10:00:{k * 0.005:06.3f} -> {v}"),
    "clock in brackets": ([], lambda k, v: f"[10:00:{k * 0.005:06.3f}] {v}"),
    "time of day": ([], lambda k, v: f"10:00:{k * 0.005:06.3f} {v}"),
    "milliseconds without names": ([], lambda k, v: f"{5 * k},{v}"),
    "counter that wraps": ([], lambda k, v: f"{k % 16}\t{v}"),
    "beside what stands still": ([], lambda k, v: f"{v} 700 300"),
    "labels in turn": ([], lambda k, v: f"resp: {RESPIRATION[k]}\necg: {v}"),
    "boot text": (["ECG monitor", "Booting v2", "sensor ready: yes"], lambda k, v: f"{v}"),
    "fragment of a line": (["00 300"], lambda k, v: f"{v} 700 300"),
}


@pytest.mark.parametrize("kind", NAMED)
def test_the_ecg_is_found_whatever_stands_beside_it(kind: str) -> None:
    header, form = NAMED[kind]
    made = decoder(fs_hz=FS_HZ)
    got = read(made, *header, *lines_of(form))
    np.testing.assert_allclose(got, READ_MV)
    assert made.trouble is None


@pytest.mark.parametrize("kind", NAMED)
def test_lines_that_come_byte_by_byte_are_read_alike(kind: str) -> None:
    header, form = NAMED[kind]
    data = "\r\n".join([*header, *lines_of(form), ""]).encode()
    whole, pieces = decoder(fs_hz=FS_HZ), decoder(fs_hz=FS_HZ)
    expected = np.concatenate([p.samples_mv[0] for p in whole.feed(data)])
    packets = [p for at in range(len(data)) for p in pieces.feed(data[at : at + 1])]
    np.testing.assert_array_equal(np.concatenate([p.samples_mv[0] for p in packets]), expected)
    assert pieces.counters == whole.counters


@pytest.mark.parametrize("code", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_text_of_windows_is_read(code: str) -> None:
    data = "\r\n".join(["time;ECG [µV]", *lines_of(lambda k, v: f"{5 * k};{v}"), ""]).encode(code)
    made = decoder(fs_hz=FS_HZ)
    got = np.concatenate([p.samples_mv[0] for p in made.feed(data)])
    np.testing.assert_allclose(got, [v / 1000 for v in COUNTS])


REFUSED: dict[str, tuple[list[str], Callable[[int, int], str], tuple[str, ...]]] = {
    "ecg and respiration": ([], lambda k, v: f"{5 * k},{v},{RESPIRATION[k]}", ("column=1", "column=2")),
    "two leads": (["time,MLII,V5"], lambda k, v: f"{k},{v},{v}", ("column=1 (MLII", "column=2 (V5")),
    "boot text is no header": (
        ["ECG monitor"],
        lambda k, v: f"{RESPIRATION[k]},{v}",
        ("column=0", "column=1"),
    ),
    "no ecg by name": (["time,resp"], lambda k, v: f"{k},{RESPIRATION[k]}", ("No column is called an ECG",)),
    "respiration by label": ([], lambda k, v: f"resp: {RESPIRATION[k]}", ("No column is called an ECG",)),
    "respiration beside zeros": ([], lambda k, v: f"{RESPIRATION[k]} 0 0", ("not sure", "column=0")),
    "counter alone": ([], lambda k, v: f"{k}", ("only counts",)),
    "counter called ecg": (["ecg"], lambda k, v: f"{400 + k % 256}", ("only counts",)),
    "volts or millivolts": ([], lambda k, v: f"{v / 1023 * 3.3:.3f}", ("unit=v", "unit=mv")),
    "counts with a sign": ([], lambda k, v: f"{v - 512}", ("signed=true", "adc_max=", "unit=uv")),
    "comma in a number or between two": ([], lambda k, v: f"1,{v}", ("decimal=comma", "column=1")),
    "no numbers": ([], lambda k, v: "hello world", ("No number",)),
    "another speed": ([], lambda k, v: "\x00\x1f\x80\u00fe\x03\x1e", ("no text", "baud=")),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_ecg_for_certain_is_refused_in_words(kind: str) -> None:
    header, form, words = REFUSED[kind]
    made = decoder(fs_hz=FS_HZ)
    lines = lines_of(form) * 3 if "sure" in words[0] else lines_of(form)
    got = read(made, *header, *lines)
    assert got.size <= 110  # a counter proves itself only after a while
    assert made.trouble is not None
    assert all(word in made.trouble.advice for word in words), made.trouble.advice
    assert made.trouble.example
    assert made.trouble.example.isprintable()
    assert made.counters.skipped_bytes > 0.8 * sum(len(line) + 1 for line in lines)


@pytest.mark.parametrize("column", [1, 2])
def test_the_column_that_the_user_names_is_read(column: int) -> None:
    made = decoder(fs_hz=FS_HZ, column=column)
    got = read(made, *lines_of(lambda k, v: f"{5 * k},{v},{RESPIRATION[k]}"))
    wanted = COUNTS if column == 1 else RESPIRATION
    np.testing.assert_allclose(got, (wanted / 1023 - 0.5) * 3.0)


@pytest.mark.parametrize(("column", "words"), [(0, "column=0 only counts"), (3, "a line has 3")])
def test_a_column_of_time_or_none_is_not_read_even_if_asked_for(column: int, words: str) -> None:
    made = decoder(fs_hz=FS_HZ, column=column)
    assert read(made, *lines_of(lambda k, v: f"{5 * k},{v},72")).size < 110
    assert made.trouble is not None
    assert words in made.trouble.advice


@pytest.mark.parametrize(
    ("header", "form", "options", "note"),
    [
        (["ecg [uV]"], lambda mv: f"{mv * 1000:.0f}", {}, "(ecg[uV]) is read"),
        (["ecg (\u00b5V)"], lambda mv: f"{mv * 1000:.0f}", {}, "is read"),
        (["t;EKG (mV)"], lambda mv: f"7;{mv:.4f}".replace(".", ","), {}, "EKG (mV)"),
        (["t|EKG (mV)"], lambda mv: f"7|{mv:.4f}".replace(".", ","), {}, "EKG (mV)"),
        (["t\tecg", "[ms]\t[mV]"], lambda mv: f"7\t{mv:.4f}", {}, "ecg [mV]"),
        ([], lambda mv: f"ECG: {mv:.4f} mV", {}, "ECG"),
        ([], lambda mv: f"{mv:.4f}".replace(".", ","), {"unit": "mV", "decimal": "comma"}, ""),
        ([], lambda mv: f"{mv * 1000:.0f}", {"unit": "microvolts"}, ""),
        ([], lambda mv: f"{mv * 1.1 + 1.65:.4f}", {"unit": "V"}, ""),
        ([], lambda mv: f"{mv * 1e-3:.7f}", {"unit": "v"}, "volts at the electrodes"),
        ([], lambda mv: f"{mv * 1.1:.4f}", {"unit": "v"}, "signed=true"),
        ([], lambda mv: f"{round((mv * 1.1 / 3.3 + 0.5) * 4095)}", {}, "12-bit converter (adc_max=4095)"),
        ([], lambda mv: f"{round((mv * 1.1 / 3.3 + 0.5) * 65535)}", {}, "16-bit converter (adc_max=65535)"),
        ([], lambda mv: f"{round(mv * 1.1 / 3.3 * 32767)}", {"adc_max": 32767}, "signed=true"),
        ([], lambda mv: f"{round(mv * 1.1 / 3.3 * 2047)}", {"adc_max": 2047, "signed": True}, ""),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_numbers_become_the_millivolts_that_they_are(
    header: list[str], form: Callable[[float], str], options: dict[str, Any], note: str, encoding: str
) -> None:
    made = decoder(fs_hz=FS_HZ, **options)
    got = read(made, *header, *map(form, MV), encoding=encoding)
    assert got.size == N
    np.testing.assert_allclose(got[:-1], MV[:-1], atol=4e-3)
    assert note in made.note


@pytest.mark.parametrize(
    ("values", "options", "words"),
    [
        (COUNTS * 4, {"adc_max": 1023}, "above adc_max=1023: write adc_max=4095"),
        (COUNTS + 450, {}, "write adc_max=4095"),
        (COUNTS * 16000, {}, "write adc_max=16777215, and vref_v and gain"),
        (COUNTS - 512, {"adc_max": 511, "signed": False}, "signed=true"),
    ],
)
def test_counts_that_do_not_fit_the_converter_are_refused_with_what_to_write(
    values: NDArray[Any], options: dict[str, Any], words: str
) -> None:
    made = decoder(fs_hz=FS_HZ, **options)
    assert read(made, *map(str, values)).size < 200
    assert made.trouble is not None
    assert words in made.trouble.advice


@pytest.mark.parametrize(
    ("form", "words"),
    [(lambda mv: "500", "never changes"), (lambda mv: f"{mv * 100:.2f}", "moves by 1")],
)
def test_a_signal_that_is_hardly_an_ecg_is_read_with_a_doubt(
    form: Callable[[float], str], words: str
) -> None:
    made = decoder(fs_hz=FS_HZ, unit="mv")
    assert read(made, *map(form, ecg_mv(1100))).size == 1100
    assert words in made.note
    assert made.trouble is not None


@pytest.mark.parametrize(
    ("header", "form", "fs_hz"),
    [
        (["time_ms,ecg"], lambda k, v: f"{round(k * 1000 / 130)},{v}", 130.0),
        (["t [ns];ecg"], lambda k, v: f"{599616 * 10**12 + k * 7692307};{v}", 130.0),
        (["t_s,ecg"], lambda k, v: f"{k / 360:.4f},{v}", 360.0),
        ([], lambda k, v: f"{k * 4},{v}", 250.0),
        ([], lambda k, v: f"2030-01-01T10:00:{k * 0.004:06.3f}Z,{v}", 250.0),
        (["% Sample Rate = 125.0 Hz", "time,ecg"], lambda k, v: f"{k},{v}", 125.0),
        ([], lambda k, v: f"{k},{v}", None),
        (["t,ecg"], lambda k, v: f"{k},{v}", None),
        ([], lambda k, v: f"{IRREGULAR[k]},{v}", None),
        ([], lambda k, v: f"{v}", None),
    ],
)
def test_the_rate_is_that_of_header_or_times_where_it_is_sure(
    header: list[str], form: Callable[[int, int], str], fs_hz: float | None
) -> None:
    made = decoder()
    np.testing.assert_allclose(read(made, *header, *lines_of(form)), READ_MV)
    assert made.format.fs_hz == fs_hz


def opensignals(**more: Any) -> str:
    device = {
        "sensor": ["RESP", "ECG"],
        "label": ["A1", "A2"],
        "column": ["nSeq", "I1", "O1", "A1", "A2"],
        "sampling rate": 500,
        "resolution": [4, 1, 1, 10, 6],
    }
    return "# " + json.dumps({"00:11": {**device, **more}, **({"00:12": more} if "pad" in more else {})})


def test_an_opensignals_header_tells_column_rate_and_resolution() -> None:
    made = decoder()
    sixty_four = COUNTS // 16
    body = lines_of(lambda k, v: f"{k % 16}\t1\t0\t{RESPIRATION[k]}\t{v}\t", sixty_four)
    got = read(made, "# OpenSignals Text File Format", opensignals(), "# EndOfHeader", *body, newline="\r\n")
    np.testing.assert_allclose(got, (sixty_four / 63 - 0.5) * 3.0)
    assert made.format.fs_hz == 500.0


@pytest.mark.parametrize(
    "header",
    [
        opensignals(column=7),
        opensignals(label=[1]),
        "# {",
        '# {"a": 1}',
        "# [" + "1," * 5000,
        "# " + "{" * 4000,
    ],
)
def test_a_header_that_makes_no_sense_costs_nothing_but_itself(header: str) -> None:
    made = decoder(fs_hz=FS_HZ)
    np.testing.assert_allclose(read(made, header, *map(str, COUNTS))[-N:], READ_MV)


def test_a_device_that_changes_its_lines_is_followed() -> None:
    made = decoder(fs_hz=FS_HZ)
    labelled = lines_of(lambda k, v: f"ecg:{v},resp:{RESPIRATION[k]}")
    got = read(made, *map(str, COUNTS), *labelled)
    np.testing.assert_allclose(got[:N], READ_MV)
    np.testing.assert_allclose(got[-N + 10 :], READ_MV[10:])


def test_damage_in_a_column_is_a_missing_sample_and_a_lead_off_is_one() -> None:
    made = decoder(fs_hz=FS_HZ)
    packets = made.feed(b"t,ecg\n1,512\n2,5x2\n3\n4,!\n!\n6,\n7,512\n")
    assert [(p.lead_off, p.n_samples) for p in packets] == [(False, 3), (True, 2), (False, 2)]
    assert np.isnan(np.concatenate([p.samples_mv[0] for p in packets])).sum() == 5


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(
            (name, "ecg")
            for name in ("ECG", "ekg_mv", "Lead I", "avR", "ECGRaw", "ecg2", "value", "MLII [mV]")
        ),
        *((name, "time") for name in ("t", "time_ms", "Zeitstempel", "timestamp [ns]", "ECG time", "ms")),
        *(
            (name, "other")
            for name in ("lead_off", "ecg_hr", "LO+", "resp", "PPG IR", "ecg quality", "acc_x")
        ),
        *((name, "count") for name in ("nSeq", "Sample Index", "n", "counter")),
        *((name, "unknown") for name in ("A2", "EXG Channel 0", "foo", "sample")),
    ],
)
def test_the_name_of_a_column_says_what_it_holds(name: str, kind: str) -> None:
    assert role_of(name).kind == kind
