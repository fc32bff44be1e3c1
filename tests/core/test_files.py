"""Files are replaced whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgmon.monitor.core.files import replace_file, replacing


def test_a_file_is_replaced_in_a_folder_that_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.json"
    replace_file(path, b"old")
    replace_file(path, b"new", durable=True)
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in path.parent.iterdir()] == ["state.json"]


def test_permissions_are_set_before_the_file_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    replace_file(path, b"x", mode=0o600)
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_there_stays_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    replace_file(path, b"old")

    def stop_half_way() -> None:
        with replacing(path) as part:
            part.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_half_way()
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["weights"]


def test_the_suffix_is_kept_for_writers_that_look_at_it(tmp_path: Path) -> None:
    path = tmp_path / "rows.npz"
    with replacing(path) as part:
        np.savez(part, rows=np.arange(3))
    with np.load(path) as stored:
        assert stored["rows"].tolist() == [0, 1, 2]
