"""Every output of our own keeps the promises that others' must keep, and each promise can be broken."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import pytest
from pydantic import Field

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.errors import MissingExtraError
from ecgmon.monitor.core.events import Event
from ecgmon.monitor.outputs.annotations import AnnotationOutput
from ecgmon.monitor.outputs.build import build_outputs
from ecgmon.monitor.outputs.console import ConsoleOutput
from ecgmon.monitor.outputs.contract import check_output
from ecgmon.monitor.outputs.jsonl import JsonLinesOutput
from ecgmon.monitor.outputs.kind import OutputKind, RunContext
from ecgmon.monitor.outputs.registry import OUTPUTS
from ecgmon.monitor.outputs.settings import DeliverySettings
from ecgmon.monitor.store.settings import StoreSettings

TABLES = {
    "store": lambda folder, web: {"address": str(folder / "e.db")},
    "recorder": lambda folder, web: {"folder": folder / "recordings"},
    "sound": lambda folder, web: {"player": ("true",)},
    "webhook": lambda folder, web: {"url": f"http://127.0.0.1:{web.port}/"},
    "notify": lambda folder, web: {"urls": (f"json://127.0.0.1:{web.port}",)},
}
"""Tables of outputs that can be tried anywhere; a broker and pins have tests of their own."""


@pytest.mark.parametrize("name", TABLES)
def test_an_output_of_our_own_keeps_its_promises(name, tmp_path, web, make_alarm):
    settings = DeliverySettings.model_validate({name: TABLES[name](tmp_path, web)})
    check_output(lambda: build_outputs(settings)[0], [make_alarm(), make_alarm(state="inactive")])


def test_outputs_to_files_and_the_screen_keep_their_promises(tmp_path, make_alarm):
    check_output(lambda: JsonLinesOutput(tmp_path / "e.jsonl"), [make_alarm()])
    check_output(lambda: AnnotationOutput(tmp_path / "out"), [make_alarm()])
    check_output(lambda: ConsoleOutput(quiet=True), [make_alarm()])


def test_each_output_is_a_table_that_is_off_unless_it_is_there():
    assert set(DeliverySettings.model_fields) == set(OUTPUTS.own_names())
    assert DeliverySettings().asked_for() == {}
    for name in OUTPUTS.own_names():
        assert getattr(DeliverySettings(), name) is None
        assert f"{name} : " in DeliverySettings.__doc__


def test_what_is_asked_for_is_told_in_the_order_of_the_table(tmp_path):
    settings = DeliverySettings.model_validate({"webhook": {"url": "http://x"}, "store": {}, "sound": {}})
    assert list(settings.asked_for()) == ["store", "sound", "webhook"]
    assert settings.store == StoreSettings()


def test_names_of_patients_reach_the_store_only_by_the_run(tmp_path):
    settings = DeliverySettings.model_validate({"store": {"address": str(tmp_path / "e.db")}})
    (store,) = build_outputs(settings, {"bed-3": "Jane Roe"})
    with store:
        assert store.store.patients() == {"bed-3": "Jane Roe"}
    (nameless,) = build_outputs(settings)
    assert nameless._names == {}


def test_an_output_that_needs_what_is_not_installed_says_so_and_blames_nobody(monkeypatch):
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(MissingExtraError, match=r"gpiozero, which is not installed.*\[gpio\]'") as caught:
        build_outputs(DeliverySettings.model_validate({"gpio": {}}))
    assert caught.value.exit_code == 4


class Fine:
    """Does nothing, and well."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        pass

    def write(self, events: Sequence[Event]) -> None:
        pass


class Slow(Fine):
    """Waits."""

    def write(self, events: Sequence[Event]) -> None:
        time.sleep(0.3 * len(events))


class Swallowing(Fine):
    """Hides why a run ended."""

    def __exit__(self, kind, error, trace):
        return True


class Other(Fine):
    """Gives something else to whoever enters."""

    def __enter__(self):
        return Fine()


class Troubled(Fine):
    """Has a problem of a kind that no alarm has."""

    problem = None
    problem_kind = "printer_on_fire"


class Untold(Fine):
    """Has a problem, and no kind of it."""

    problem = "paper"


class Deaf:
    """Takes no events."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        pass


def test_an_output_that_is_fine_passes(make_alarm):
    check_output(Fine, [make_alarm()])


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (Slow, "writing never waits"),
        (Swallowing, "does not swallow the error"),
        (Other, "entering an output returns it"),
        (Troubled, "problem_kind is a kind of alarm, which 'printer_on_fire' is not"),
        (Untold, "has problem_kind"),
        (Deaf, "has __enter__, __exit__ and write"),
    ],
)
def test_each_promise_that_is_broken_is_named(output, words, make_alarm):
    with pytest.raises(AssertionError, match=f"Broken promise: .*{words}"):
        check_output(output, [make_alarm()])


class Table(Settings):
    """A table with one key."""

    n: int = Field(default=1, ge=0)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (("x", dict, lambda *_: Fine()), "subclass of"),
        (("x", Table(), lambda *_: Fine()), "subclass of"),
        (("x", Table, "make"), "made by a function"),
        (("x", Table, lambda *_: Fine(), "first"), "keep, announce"),
    ],
)
def test_a_kind_of_output_is_checked_where_it_is_declared(parts, words):
    with pytest.raises(TypeError, match=words):
        OutputKind(*parts)


def test_a_run_knows_no_names_unless_told():
    assert RunContext().names == {}
