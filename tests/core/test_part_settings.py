"""Tables of settings that belong to parts: ours are fields, others' are checked by their own classes."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import Field, ValidationError

from ecgmon.monitor.core import plugins
from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.errors import PluginError
from ecgmon.monitor.core.part_settings import PartSettings, field_of, keys_of
from ecgmon.monitor.core.paths import anchored
from ecgmon.monitor.core.plugins import Registry
from ecgmon.monitor.core.refusal import explain
from ecgmon.monitor.core.secrets import Secret


class Lamp(Settings):
    """Settings of a part of another package."""

    pin: int = Field(default=3, ge=0, le=27)
    inner: Lamp | None = None


@dataclass
class Kind:
    settings: type[Settings]


class Lantern(Settings):
    """Settings of another package's part that has paths."""

    pin: int = 3
    log: Path | None = None
    key: Secret | None = None
    inner: Lantern | None = None


LAMP = Kind(Lamp)
LANTERN = Kind(Lantern)


@pytest.fixture
def tables(monkeypatch) -> type[PartSettings]:
    points = [
        importlib.metadata.EntryPoint("lamp", f"{__name__}:LAMP", "ecgmon.test"),
        importlib.metadata.EntryPoint("broken", f"{__name__}:NOTHING", "ecgmon.test"),
    ]
    monkeypatch.setattr(plugins, "entry_points", lambda *, group: points)

    class Tables(PartSettings):
        """A key of its own, and those of parts."""

        parts: ClassVar[Registry] = Registry("ecgmon.test", {})
        level: int = 1

        @classmethod
        def default_of(cls, part: Kind) -> tuple[type[Settings], Mapping[str, Any]]:
            return part.settings, {"pin": 9}

    return Tables


def test_a_table_of_a_part_is_checked_and_completed(tables):
    settings = tables.model_validate({"level": 2, "lamp": {}})
    assert settings.lamp == Lamp(pin=9)
    assert tables.model_validate({"lamp": {"pin": 4}}).lamp.pin == 4
    assert settings.level == 2


def test_a_part_that_has_no_table_is_not_looked_for(tables):
    assert dict(tables()) == {"level": 1}
    assert dict(tables(level=5)) == {"level": 5}


def test_what_was_checked_can_be_written_out_and_read_again(tables):
    settings = tables.model_validate({"lamp": {"pin": 4, "inner": {"pin": 5}}})
    assert settings.model_dump()["lamp"] == {"pin": 4, "inner": {"pin": 5, "inner": None}}
    assert tables.model_validate(settings.model_dump()) == settings
    assert tables.model_validate({"lamp": Lamp(pin=4, inner=Lamp(pin=5))}) == settings


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"lmap": {}}, "here: unknown key lmap. Did you mean lamp?"),
        ({"levle": 2}, "here: unknown key levle. Did you mean level?"),
        ({"lamp": {"pni": 3}}, "here: unknown key lamp.pni. Did you mean pin?"),
        ({"lamp": {"pin": 99}}, "here: lamp.pin = 99 is refused: it must be a whole number from 0 up to 27."),
        ({"lamp": 3}, "here: lamp = 3 is refused: it must be a table with pin, inner."),
        ({"level": "x"}, 'here: level = "x" is refused: it must be a whole number.'),
    ],
)
def test_a_refusal_names_the_key_and_what_is_allowed(tables, data, words):
    with pytest.raises(ValidationError) as caught:
        tables.model_validate(data)
    assert explain(caught.value, tables, "here") == words


def test_a_broken_part_is_an_error_of_its_package(tables):
    with pytest.raises(PluginError, match=r"'broken' of ecgmon\.test"):
        tables.model_validate({"broken": {}})
    assert tables.model_validate({"lamp": {}}).lamp == Lamp(pin=9)


def test_keys_and_their_fields_are_told_for_parts_too(tables):
    assert keys_of(tables) == ["level", "broken", "lamp"]
    assert keys_of(Lamp) == ["pin", "inner"]
    field = field_of(tables, "lamp")
    assert field is not None
    assert field.annotation is Lamp
    assert field_of(tables, "nothing") is None
    assert field_of(Lamp, "pin") is Lamp.model_fields["pin"]


def test_what_is_no_table_at_all_is_refused(tables):
    for data in (3, "x", [1], None):
        with pytest.raises(ValidationError):
            tables.model_validate(data)


@pytest.fixture
def with_paths(tables, monkeypatch) -> type[PartSettings]:
    point = importlib.metadata.EntryPoint("lantern", f"{__name__}:LANTERN", "ecgmon.test")
    broken = importlib.metadata.EntryPoint("broken", f"{__name__}:NOTHING", "ecgmon.test")
    monkeypatch.setattr(plugins, "entry_points", lambda *, group: [point, broken])
    return tables


def test_paths_of_a_part_of_another_package_count_from_the_settings_file(with_paths):
    written = {
        "level": 2,
        "lantern": {"log": "lamp.log", "key": "file:key", "pin": 4, "inner": {"log": "../inner.log"}},
    }
    read = anchored(written, with_paths, Path("/etc/ecgmon"))
    assert read == {
        "level": 2,
        "lantern": {
            "log": "/etc/ecgmon/lamp.log",
            "key": "file:/etc/ecgmon/key",
            "pin": 4,
            "inner": {"log": "/etc/ecgmon/../inner.log"},
        },
    }
    assert with_paths.model_validate(read).lantern.log == Path("/etc/ecgmon/lamp.log")


@pytest.mark.parametrize("name", ["broken", "nobody"])
def test_a_table_that_nobody_can_check_keeps_its_words(with_paths, name):
    written = {name: {"log": "lamp.log"}}
    assert anchored(written, with_paths, Path("/etc")) == written


def test_a_part_that_is_switched_by_a_word_is_left_alone(with_paths):
    assert anchored({"lantern": "on"}, with_paths, Path("/etc")) == {"lantern": "on"}
