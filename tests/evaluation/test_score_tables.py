"""Tables say the same to people and to programs, and a folder of results is whole or refused."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.evaluation.table import Cell, Column, Table, save

COLUMNS = (Column("record", "record"), Column("tp", "TP"), Column("se_percent", "Se %", 1))

cells = st.one_of(st.none(), st.integers(-9999, 9999), st.floats(-1e4, 1e4), st.text("abc ,\"';", max_size=8))
rows = st.lists(st.fixed_dictionaries({column.key: cells for column in COLUMNS}), max_size=6)


@given(rows, rows)
def test_every_line_of_text_is_as_wide_as_the_others(
    above: list[dict[str, Cell]], below: list[dict[str, Cell]]
) -> None:
    lines = Table(COLUMNS, above, below).to_text().split("\n")
    assert lines.pop() == ""
    assert len({len(line) for line in lines}) == 1
    assert len(lines) == len(above) + len(below) + 2 + bool(below)


@given(rows, rows)
def test_csv_reads_back_as_what_went_in(above: list[dict[str, Cell]], below: list[dict[str, Cell]]) -> None:
    read = list(csv.DictReader(io.StringIO(Table(COLUMNS, above, below).to_csv())))
    assert len(read) == len(above) + len(below)
    for row, back in zip([*above, *below], read, strict=True):
        for key, value in row.items():
            if isinstance(value, float):
                assert float(back[key]) == pytest.approx(value, abs=1e-6)
            else:
                assert back[key] == ("" if value is None else str(value))


def test_what_is_not_defined_is_a_dash_and_a_float_has_its_decimals() -> None:
    text = Table(COLUMNS, [{"record": "200", "tp": None, "se_percent": 99.96}]).to_text()
    assert text.splitlines()[2].split() == ["200", "-", "100.0"]


def test_what_has_no_column_is_left_out() -> None:
    assert "secret" not in Table(COLUMNS, [{"record": "200", "other": "secret"}]).to_csv()


def test_tables_and_pictures_lie_in_the_folder_by_their_names(tmp_path: Path) -> None:
    table = Table(COLUMNS, [{"record": "200", "tp": 3, "se_percent": 99.5}])
    folder = tmp_path / "new" / "scores"
    save(folder, {"qrs": table}, {"qrs": lambda path: path.write_bytes(b"picture") and None})
    assert sorted(path.name for path in folder.iterdir()) == ["qrs.csv", "qrs.png", "qrs.txt"]
    assert (folder / "qrs.txt").read_text() == table.to_text()
    assert (folder / "qrs.csv").read_text() == table.to_csv()
    assert (folder / "qrs.png").read_bytes() == b"picture"


def test_results_written_again_replace_the_old_ones(tmp_path: Path) -> None:
    for record in ("100", "200"):
        save(tmp_path, {"qrs": Table(COLUMNS, [{"record": record}])}, {})
    assert "100" not in (tmp_path / "qrs.csv").read_text()


def test_a_folder_that_cannot_be_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"file.* cannot be|cannot be written to .*file"):
        save(tmp_path / "file", {"qrs": Table(COLUMNS, [])}, {})


def test_a_picture_that_cannot_be_written_is_refused_like_a_table(tmp_path: Path) -> None:
    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="No space left on device"):
        save(tmp_path, {}, {"qrs": full})
