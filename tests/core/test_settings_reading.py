"""Whatever is given in place of a settings file is refused in one line and at once."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecgmon.monitor.core.errors import SettingsError
from ecgmon.monitor.run.reading import DEEPEST, LARGEST_BYTES, MOST_PARTS, read_tree
from ecgmon.monitor.run.settings import MonitorSettings, load_settings

PATIENCE_S = 5.0
"""More than any of it takes on a busy machine; a parser that runs wild needs minutes."""


def dotted(parts: int, name: str = "a", sign: str = ".") -> str:
    return sign.join([name] * parts)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (dotted(50_000) + " = 1", "line 1 has a key of more than 100 parts"),
        ("\n\n[" + dotted(50_000) + "]", "line 3 has a key of more than 100 parts"),
        (dotted(50_000, '"a b"') + " = 1", "line 1 has a key of more than 100 parts"),
        (dotted(50_000, "'a.b'", " . ") + " = 1", "line 1 has a key of more than 100 parts"),
        ("x = {" + dotted(50_000) + " = 1}", "line 1 has a key of more than 100 parts"),
        ("x = " + "[" * 100_000 + "]" * 100_000, "nested too deeply"),
        ("x = " + "{a=" * 20_000 + "1" + "}" * 20_000, "nested too deeply"),
        ("serial.options." + dotted(60) + " = 1", f"nested more than {DEEPEST} deep"),
        ("x = " + "[" * 60 + "]" * 60, f"nested more than {DEEPEST} deep"),
        ("x = " + "9" * 5000, "this is not TOML"),
        ("a = 1\na = 2", "this is not TOML"),
        ("x = 2026-13-45", "this is not TOML"),
        ("\0", "this is not TOML"),
        ("x = 1\ry = 2", "this is not TOML"),
        ("#" * (LARGEST_BYTES + 1), "holds more than 1000000 bytes"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else value,
)
def test_a_monstrous_file_is_refused_at_once(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text(text, newline="")
    began_s = time.perf_counter()
    with pytest.raises(SettingsError, match=told) as caught:
        load_settings(tmp_path / "my.toml")
    assert time.perf_counter() - began_s < PATIENCE_S
    assert str(caught.value).startswith(f"{tmp_path}/my.toml: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_what_only_looks_long_is_read(tmp_path: Path) -> None:
    dots = "." * (3 * MOST_PARTS)
    (tmp_path / "my.toml").write_text(
        f"# {dots}\nwindow = true  # {dots}\nsources = ['replay:{dots}', \"mqtt://h/{dots}\"]\n"
    )
    assert load_settings(tmp_path / "my.toml").sources == (f"replay:{dots}", f"mqtt://h/{dots}")


def test_a_ward_of_a_thousand_patients_is_read(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text(
        "".join(
            f"[patients.bed-{n}]\nalarms.heart_rate_high.limit_bpm = {100 + n % 50}\n" for n in range(1000)
        )
    )
    read = load_settings(tmp_path / "my.toml")
    assert read.alarms_of("bed-49").heart_rate_high.limit_bpm == 149


@pytest.mark.parametrize(
    ("data", "window"),
    [
        (b"", False),
        (b"\xef\xbb\xbfwindow = true\n", True),
        (b"window = true\r\n", True),
        ("window = true # käse\n".encode(), True),
    ],
    ids=["empty", "byte order mark", "of Windows", "UTF-8"],
)
def test_files_of_all_editors_are_read(data: bytes, window: bool, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_bytes(data)
    assert load_settings(tmp_path / "my.toml").window is window


@pytest.mark.parametrize(
    "data",
    [
        "window = true".encode("utf-16"),
        b"# caf\xe9\nwindow = true\n",
        bytes(range(256)),
    ],
    ids=["UTF-16", "Latin-1", "no text"],
)
def test_another_encoding_is_refused_with_what_to_do(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_bytes(data)
    with pytest.raises(SettingsError, match=r"it is not UTF-8 text .*save it as UTF-8"):
        load_settings(tmp_path / "my.toml")


def test_what_is_no_file_is_refused_and_nothing_hangs(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, told in (
        (tmp_path, "it is a folder"),
        (tmp_path / "pipe", "it is not an ordinary file"),
        (Path("/dev/zero"), "it is not an ordinary file"),
        (tmp_path / "nowhere.toml", "No such file or directory"),
        (tmp_path / "x" / "my.toml", "No such file or directory"),
        (tmp_path / ("x" * 300), "File name too long"),
        (tmp_path / "a\0b", "null byte"),
    ):
        with pytest.raises(SettingsError, match=told) as caught:
            load_settings(path)
        assert caught.value.exit_code == 3
        assert "the settings file cannot be read" in str(caught.value)


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Take root's rights away for a test: root may read everything."""
    if os.getuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, as_nobody: None) -> None:
    path = tmp_path / "my.toml"
    if os.geteuid() == os.getuid():
        path.touch(mode=0o000)
    with pytest.raises(SettingsError, match="Permission denied"):
        load_settings(tmp_path / "my.toml")


def test_the_null_device_is_a_file_without_settings() -> None:
    assert load_settings(Path(os.devnull)) == MonitorSettings()


def test_refused_files_leave_no_file_open(tmp_path: Path) -> None:
    before = sum(1 for _ in Path("/proc/self/fd").iterdir())
    for _ in range(20):
        for path in (tmp_path, Path("/dev/zero")):
            with pytest.raises(SettingsError):
                read_tree(path)
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) == before


_SCALARS = (
    st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(st.characters(blacklist_categories=["Cs"]), max_size=20)
)
_KEYS = st.sampled_from(
    [*MonitorSettings.model_fields, "bed-1", "alarms", "limit_s", "store", "user", "model", "", "a\nb"]
)
_TREES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=20,
)


def _toml(value: Any) -> str:
    """Return a value as TOML, tables in one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(sign):08x}" for sign in value) + '"'
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    return str(value)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=150,
)
@given(tree=st.dictionaries(_KEYS, _TREES, max_size=4))
def test_any_tree_is_taken_or_refused_in_one_line(tree: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text("".join(f"{_toml(key)} = {_toml(value)}\n" for key, value in tree.items()), "utf-8")
    refusal = f"{path}: taken"
    try:
        load_settings(path)
    except SettingsError as error:
        refusal = str(error)
    assert refusal.startswith(f"{path}: ")
    assert refusal.isprintable()
    assert len(refusal) < 1000
