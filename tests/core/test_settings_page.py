"""The reference of all settings says what the program takes."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType

import pytest

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.run.settings import load_settings

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_settings_page", DOCS / "make_settings_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


def _rows(page: str) -> dict[str, dict[str, list[str]]]:
    """Return the cells of each key by the names of its tables; "" for the top of the file."""
    rows: dict[str, dict[str, list[str]]] = {}
    tables: list[str] = []
    for line in page.partition("## Former keys")[0].splitlines():
        if line.startswith("## "):
            tables = line.split("`")[1::2] or [""]
            rows |= {table.strip("[]"): {} for table in tables}
        elif line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            for table in tables:
                rows[table.strip("[]")][cells[0].strip("` ")] = cells[1:]
    return rows


def test_the_page_is_as_new(maker: ModuleType) -> None:
    assert maker.PAGE.read_text("utf-8") == maker.page(), "run: python docs/make_settings_page.py"


def test_every_key_of_a_rule_is_there_with_its_own_default(maker: ModuleType) -> None:
    rows = _rows(maker.page())
    assert rows["alarms.asystole"]["limit_s"][:2] == [
        "a number from 1 up to 20 in seconds",
        "`4` (asystole), `3` (pause)",
    ]
    assert rows["alarms.asystole"] == rows["alarms.pause"]
    assert rows["replay"]["speed"][1] == "`1`"
    assert rows["outputs.webhook"]["url"][1] == "must be given"
    assert rows["outputs.recorder"]["folder"][1] == "by the system"
    assert rows[""]["window"][:2] == ["true or false", "`false`"]


def test_every_key_on_the_page_is_known_to_the_program(maker: ModuleType, tmp_path: Path) -> None:
    """Each is given a value of a wrong type: the refusal must be of the value and not of the key."""
    beside = {"outputs.notify.second": "outputs.notify.urls = ['x://']\n"}
    beside |= {
        f"outputs.webhook.{key}": "outputs.webhook.url = 'http://x'\n"
        for key in ("token", "priority", "too_old_s")
    }
    for name in ("priority", "technical", "ended", "too_old_s"):
        beside[f"outputs.notify.{name}"] = beside["outputs.notify.second"]
    for table, keys in _rows(maker.page()).items():
        for key in keys:
            path = f"{table}.{key}".lstrip(".").replace("NAME", "bed-1")
            (tmp_path / "my.toml").write_text(f"{beside.get(path, '')}{path} = [[1979-05-27]]\n")
            with pytest.raises(Exception, match="is refused") as caught:
                load_settings(tmp_path / "my.toml")
            assert path in str(caught.value), path


def test_every_table_of_the_program_is_on_the_page(maker: ModuleType) -> None:
    rows = _rows(maker.page())
    missing = {
        f"{name}.{key}"
        for table in maker._tables()
        for name in table.names
        for key, info in table.kind.model_fields.items()
        if not maker._is_table(info) and key not in rows.get(name, {})
    }
    assert not missing


def test_former_keys_are_listed(maker: ModuleType) -> None:
    page = maker.page()
    assert '| `mqtt.username_env` | `mqtt.user = "env:NAME"` |' in page
    assert "| `pipeline.fibrillation` | `pipeline.vf` |" in page
    assert "| `service.learned_for_s` | `service.memory_for_s` |" in page


def test_meanings_are_read_from_docstrings_of_bases_too(maker: ModuleType) -> None:
    class Base(Settings):
        """Base.

        Parameters
        ----------
        a, b : int
            Of both, with ``code``
            over two lines.
        """

        a: int = 0
        b: int = 0

    class Derived(Base):
        """Derived.

        Parameters
        ----------
        b : int
            Only of this.
        c : {"x", "y"}
            See `ecgmon.monitor.core.Thing`.

            And more.

        Raises
        ------
        ValueError
            Never.
        """

        c: str = "x"

    assert maker.meanings(Derived) == {
        "a": "Of both, with `code` over two lines.",
        "b": "Only of this.",
        "c": "See `Thing`. And more.",
    }


def test_every_settings_class_says_what_it_is(maker: ModuleType) -> None:
    for table in maker._tables():
        assert inspect.getdoc(table.kind), table.kind
