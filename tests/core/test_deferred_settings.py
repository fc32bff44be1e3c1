"""Settings classes are built on first use, so each is built here: no mistake in one waits for a user."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import threading
from collections.abc import Iterator

import pytest
from pydantic import Field, ValidationError

import ecgmon
from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.run.settings import MonitorSettings, load_settings

ROOMS = ("monitor", "firmware_bridge", "sim")
NEEDS_MORE = ("dashboard", "explain", "cli.terminal")
"""What cannot be imported without an extra."""


def all_settings() -> list[type[Settings]]:
    """Return every settings class of the program of which there can be settings."""
    for room in ROOMS:
        package = importlib.import_module(f"ecgmon.{room}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not any(f".{part}" in module.name for part in NEEDS_MORE):
                importlib.import_module(module.name)
    return sorted(set(_below(Settings)), key=lambda kind: f"{kind.__module__}.{kind.__qualname__}")


def _below(kind: type[Settings]) -> Iterator[type[Settings]]:
    for child in kind.__subclasses__():
        if child.__module__.startswith(f"{ecgmon.__name__}.") and not inspect.isabstract(child):
            yield child
        yield from _below(child)


CLASSES = all_settings()


def test_all_settings_classes_are_found() -> None:
    known = {"MonitorSettings", "PipelineSettings", "AlarmSettings", "StoreSettings", "ReplaySettings"}
    assert known <= {kind.__name__ for kind in CLASSES}
    assert len(CLASSES) > 40


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_settings_class_can_be_built(kind: type[Settings]) -> None:
    assert kind.model_rebuild(force=True, raise_errors=True) is True
    required = {name for name, field in kind.model_fields.items() if field.is_required()}
    if required:
        with pytest.raises(ValidationError) as refused:
            kind()
        assert {str(error["loc"][0]) for error in refused.value.errors()} == required
    else:
        assert isinstance(kind(), kind)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_settings_class_refuses_a_key_that_it_does_not_have(kind: type[Settings]) -> None:
    with pytest.raises(ValidationError) as refused:
        kind.model_validate({"no_such_key": 1})
    assert ("no_such_key",) in {error["loc"] for error in refused.value.errors()}


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_settings_object_is_frozen(kind: type[Settings]) -> None:
    made = kind.model_construct()
    name = next(iter(kind.model_fields), None)
    if name is not None:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(made, name, None)


def test_what_is_dumped_is_what_was_read() -> None:
    settings = load_settings(None, {"sources": ["replay:200"], "outputs": {"console": "quiet"}})
    assert MonitorSettings.model_validate(settings.model_dump()) == settings


def test_a_class_first_used_by_several_threads_is_whole_in_each() -> None:
    class Fresh(Settings):
        """Settings that nobody has used."""

        value: float = Field(default=1.0, gt=0)
        replay: MonitorSettings = MonitorSettings()

    found: list[object] = []
    gate = threading.Barrier(4)

    def use() -> None:
        gate.wait()
        try:
            found.append(Fresh(value=2.0).value)
        except Exception as error:
            found.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2.0] * 4
