"""Which values of a settings file are paths is told by the types of the fields, and by nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.paths import NameOrFile, anchored, anchored_path
from ecgmon.monitor.core.refusal import table_of
from ecgmon.monitor.core.secrets import Secret
from ecgmon.monitor.run.settings import MonitorSettings, load_settings

HERE = Path("/etc/ecgmon")


class Inner(Settings):
    file: Path | None = None
    name: str = ""


class Outer(Settings):
    plain: Path = Path()
    perhaps: Path | None = None
    either: int | Path = 0
    several: tuple[Path, ...] = ()
    by_name: dict[str, Path] = Field(default_factory=dict)
    text: str = ""
    texts: tuple[str, ...] = ()
    secret: Secret | None = None
    secrets: tuple[Secret, ...] = ()
    model: NameOrFile | None = None
    marked: Annotated[Path, "a mark of somebody else"] = Path()
    inner: Inner = Inner()
    off: Inner | None = None
    inners: dict[str, Inner] = Field(default_factory=dict)
    anything: dict[str, Any] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("key", "written", "read"),
    [
        ("plain", "a/b", "/etc/ecgmon/a/b"),
        ("plain", "../b", "/etc/ecgmon/../b"),
        ("plain", "/var/b", "/var/b"),
        ("plain", "-", "-"),
        ("perhaps", "b", "/etc/ecgmon/b"),
        ("either", "b", "/etc/ecgmon/b"),
        ("either", 3, 3),
        ("several", ["a", "/b"], ["/etc/ecgmon/a", "/b"]),
        ("by_name", {"x": "a"}, {"x": "/etc/ecgmon/a"}),
        ("text", "a/b", "a/b"),
        ("texts", ["a/b"], ["a/b"]),
        ("secret", "hunter2", "hunter2"),
        ("secret", "env:NAME", "env:NAME"),
        ("secret", "file:a", "file:/etc/ecgmon/a"),
        ("secret", "file:/run/a", "file:/run/a"),
        ("secrets", ["file:a", "b"], ["file:/etc/ecgmon/a", "b"]),
        ("model", "arrhythminet-v1", "arrhythminet-v1"),
        ("model", "mine.onnx", "/etc/ecgmon/mine.onnx"),
        ("model", "models/mine", "/etc/ecgmon/models/mine"),
        ("marked", "a", "/etc/ecgmon/a"),
        ("inner", {"file": "a", "name": "a"}, {"file": "/etc/ecgmon/a", "name": "a"}),
        ("off", {"file": "a"}, {"file": "/etc/ecgmon/a"}),
        ("inners", {"x": {"file": "a"}}, {"x": {"file": "/etc/ecgmon/a"}}),
        ("anything", {"file": "a"}, {"file": "a"}),
        ("unknown", "a", "a"),
        ("plain", 3, 3),
        ("several", "a", "a"),
        ("inner", "a", "a"),
        ("inner", ["a"], ["a"]),
    ],
)
def test_a_value_is_a_path_if_its_type_says_so(key: str, written: Any, read: Any) -> None:
    assert anchored({key: written}, Outer, HERE) == {key: read}


def test_the_tilde_is_the_users_own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/nurse")
    assert anchored_path("~/ecg", HERE) == "/home/nurse/ecg"
    assert anchored({"secret": "file:~/pw"}, Outer, HERE) == {"secret": "file:/home/nurse/pw"}


def test_the_folder_of_a_user_who_is_not_there_is_left_for_the_opening_to_refuse() -> None:
    assert anchored_path("~no-such-user-here/ecg", HERE) == "~no-such-user-here/ecg"


def test_what_was_read_is_not_changed() -> None:
    written = {"inner": {"file": "a"}, "several": ["a"]}
    anchored(written, Outer, HERE)
    assert written == {"inner": {"file": "a"}, "several": ["a"]}


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("a/~-:.fil env", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*Outer.model_fields, "x"]), inner)
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.sampled_from([*Outer.model_fields, "x"]), _VALUES))
def test_no_tree_however_odd_makes_it_fail_and_twice_is_as_once(tree: dict[str, Any]) -> None:
    once = anchored(tree, Outer, HERE)
    assert anchored(once, Outer, Path("/elsewhere")) == once
    assert once.keys() == tree.keys()


def _path_keys(kind: type[Settings], before: str = "") -> list[str]:
    """Return the dotted names of all fields whose type holds a Path."""
    keys = []
    for key, field in kind.model_fields.items():
        below = table_of(field.annotation)
        if isinstance(below, type):
            keys += _path_keys(below, f"{before}{key}.")
        elif Path in (field.annotation, *get_args(field.annotation)):
            keys.append(before + key)
    return keys


def test_the_settings_have_paths_where_this_test_knows_of_them() -> None:
    assert sorted(_path_keys(MonitorSettings)) == [
        "mqtt.ca_file",
        "mqtt.cert_file",
        "mqtt.key_file",
        "outputs.annotations",
        "outputs.events",
        "outputs.mqtt.ca_file",
        "outputs.mqtt.cert_file",
        "outputs.mqtt.key_file",
        "outputs.recorder.folder",
        "replay.data_dir",
        "service.socket",
        "service.state",
    ]


@pytest.mark.parametrize("key", [key for key in _path_keys(MonitorSettings) if "key_file" not in key])
def test_every_path_of_the_settings_counts_from_the_files_folder(key: str, tmp_path: Path) -> None:
    beside = "outputs.mqtt.tls = true\n" if key.startswith("outputs.mqtt") else ""
    (tmp_path / "my.toml").write_text(f'{beside}{key} = "there"\n')
    value: Any = load_settings(tmp_path / "my.toml")
    for part in key.split("."):
        value = getattr(value, part)
    assert value == tmp_path / "there"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("events.db", "{folder}/events.db"),
        ("/var/events.db", "/var/events.db"),
        ("file:address", "file:{folder}/address"),
        ("env:STORE", "env:STORE"),
        ("postgresql://me@host/ecgmon", "postgresql://me@host/ecgmon"),
    ],
)
def test_the_address_of_a_store_is_a_path_unless_it_is_that_of_a_server(
    written: str, read: str, tmp_path: Path
) -> None:
    (tmp_path / "my.toml").write_text(f'outputs.store.address = "{written}"\n')
    store = load_settings(tmp_path / "my.toml").outputs.store
    assert store is not None
    assert store.address == read.format(folder=tmp_path)
