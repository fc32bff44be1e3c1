"""The list of records says what each is, from its header, whatever state the header is in."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecgmon.monitor.dashboard.state.connecting import DATABASES, TITLES, describe, record_choices


def header(folder: Path, text: str, name: str = "x") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.hea"
    path.write_bytes(text.encode("latin-1"))
    return path


def test_the_bundled_records_come_with_title_database_length_and_comments() -> None:
    choices = {choice.name: choice for choice in record_choices()}
    assert set(TITLES) <= set(choices)
    lines = choices["mitdb/200"].description.splitlines()
    assert lines[0] == DATABASES["mitdb"]
    assert lines[1] == "2 leads, 360 Hz, 30 min."
    assert lines[2].startswith("Header: 64 M 1953 3655 x1 · Digoxin, Quinidine · The PVCs are multiform.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x 1 250 15000\nx.dat 16 200\n", "1 lead, 250 Hz, 1 min."),
        ("x 2 128/10(0) 76800 10:00:00 1/1/1990\nx.dat 212\nx.dat 212\n", "2 leads, 128 Hz, 10 min."),
        ("x/2 1 250 30000\nx_0 15000\nx_1 15000\n", "2 segments, 250 Hz, 2 min."),
        ("x 1 250\nx.dat 16\n", ""),
        ("x 1 250 15000\nx.dat 16\n# \n#\n#one\n# two\n#three\n#  four\n", "Header: one · two · three four"),
        ("x 1 250 15000\nx.dat 16 200(0)/\xb5V\n# 12 \xb5g\n", "Header: 12 µg"),
    ],
)
def test_a_header_is_told_in_a_line_or_two(tmp_path: Path, text: str, said: str) -> None:
    path = header(tmp_path, text)
    assert describe("own/x", path).splitlines()[-1:] == ([said] if said else [])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("x\n", "lacks the number of signals"),
        ("x 1 fast 100\nx.dat 16\n", "sampling rate, 'fast', is not a number"),
        ("x 1 0 100\nx.dat 16\n", "sampling rate is 0 Hz"),
        ("x 3 250 100\nx.dat 16\n", "announces 3 signals and describes 1"),
    ],
)
def test_a_damaged_header_is_told_and_hides_no_other_record(tmp_path: Path, text: str, why: str) -> None:
    header(tmp_path / "mitdb", text, "bad")
    header(tmp_path / "mitdb", "good 1 250 15000\ngood.dat 16\n", "good")
    choices = {choice.name: choice.description for choice in record_choices(tmp_path)}
    assert choices["mitdb/bad"].startswith(DATABASES["mitdb"] + "\nIt cannot be read: ")
    assert why in choices["mitdb/bad"]
    assert choices["mitdb/good"].endswith("1 lead, 250 Hz, 1 min.")


def test_a_record_of_the_user_stands_behind_the_bundled_one_of_its_name(tmp_path: Path) -> None:
    header(tmp_path / "mitdb", "100 1 250 15000\n100.dat 16\n", "100")
    header(tmp_path, "mine 1 250 15000\nmine.dat 16\n", "mine")
    choices = {choice.name: choice for choice in record_choices(tmp_path)}
    assert choices["mitdb/100"].description.splitlines()[1] == "2 leads, 360 Hz, 30 min."
    assert choices[f"{tmp_path.name}/mine"].description == "1 lead, 250 Hz, 1 min."
