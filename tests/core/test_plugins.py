"""Parts are found by name: our own without reading entry points, others' with clear errors."""

import importlib.metadata
import sys

import pytest

from ecgmon.monitor.core import plugins
from ecgmon.monitor.core.errors import OutputError, PluginError
from ecgmon.monitor.core.plugins import OURS, Registry, instance_of

OWN = {"sum": "math:fsum", "root": "math:sqrt"}


@pytest.fixture
def points(monkeypatch):
    """Let tests say which entry points are installed; tell how often they were read."""
    installed: list[importlib.metadata.EntryPoint] = []
    reads: list[str] = []

    def entry_points(*, group):
        reads.append(group)
        return [point for point in installed if point.group == group]

    monkeypatch.setattr(plugins, "entry_points", entry_points)
    installed.append(importlib.metadata.EntryPoint("floor", "math:floor", "ecgmon.test"))
    return installed, reads


def test_our_own_parts_are_loaded_without_reading_entry_points(points):
    _, reads = points
    assert Registry("ecgmon.test", OWN).load("root")(9) == 3
    assert reads == []


def test_parts_of_other_packages_come_by_entry_point(points):
    registry = Registry("ecgmon.test", OWN)
    assert registry.names() == ["sum", "root", "floor"]
    assert "floor" in registry
    assert "ceiling" not in registry
    assert registry.load("floor")(2.5) == 2


def test_another_package_cannot_take_a_name_of_ours(points):
    installed, _ = points
    installed.append(importlib.metadata.EntryPoint("root", "math:exp", "ecgmon.test"))
    assert Registry("ecgmon.test", OWN).load("root")(9) == 3
    assert Registry("ecgmon.test", OWN).names().count("root") == 1


def test_a_mistyped_name_finds_the_one_that_was_meant(points):
    registry = Registry("ecgmon.test", OWN)
    assert registry.close_to("flor") == "floor"
    assert registry.close_to("zzz") is None
    with pytest.raises(KeyError):
        registry.load("flor")


@pytest.mark.parametrize("value", ["no_such_module_anywhere:part", "math:no_such_part"])
def test_a_part_that_cannot_be_loaded_names_its_package(points, value):
    installed, _ = points
    installed.append(importlib.metadata.EntryPoint("broken", value, "ecgmon.test"))
    with pytest.raises(PluginError, match=r"'broken' of ecgmon\.test comes from the package"):
        Registry("ecgmon.test", OWN).load("broken")


def test_a_part_that_fails_while_it_is_imported_is_an_error_of_its_own(points, tmp_path, monkeypatch):
    (tmp_path / "bad_plugin_for_test.py").write_text("raise RuntimeError('no such card')\n")
    monkeypatch.syspath_prepend(tmp_path)
    installed, _ = points
    installed.append(importlib.metadata.EntryPoint("bad", "bad_plugin_for_test:part", "ecgmon.test"))
    with pytest.raises(PluginError, match="RuntimeError: no such card"):
        Registry("ecgmon.test", OWN).load("bad")
    sys.modules.pop("bad_plugin_for_test", None)


def test_a_part_that_does_not_fit_is_refused_with_what_it_is(points):
    installed, _ = points
    installed.append(importlib.metadata.EntryPoint("number", "math:pi", "ecgmon.test"))
    registry = Registry("ecgmon.test", OWN, fits=instance_of(str))
    with pytest.raises(PluginError, match="does not fit: it is a float and not a str") as caught:
        registry.load("number")
    assert caught.value.exit_code == 9
    assert "pip uninstall math" in str(caught.value)
    assert registry.load("root")(4) == 2  # our own are not asked


def test_a_list_of_all_parts_holds_the_broken_ones_with_their_problem(points):
    installed, _ = points
    installed.append(importlib.metadata.EntryPoint("broken", "math:no_such_part", "ecgmon.test"))
    offers = {offer.name: offer for offer in Registry("ecgmon.test", OWN).offers()}
    assert list(offers) == ["sum", "root", "broken", "floor"]
    assert (offers["sum"].package, offers["sum"].problem) == (OURS, "")
    assert offers["floor"].package == "math"
    assert offers["broken"].part is None
    assert "AttributeError" in offers["broken"].problem


def test_a_name_that_two_packages_offer_is_given_to_neither(points):
    installed, _ = points
    installed.append(importlib.metadata.EntryPoint("floor", "cmath:exp", "ecgmon.test"))
    registry = Registry("ecgmon.test", OWN)
    with pytest.raises(PluginError, match="offered by more than one package: cmath and math"):
        registry.load("floor")
    assert registry.names().count("floor") == 1


def test_whoever_fails_is_blamed_by_name_and_we_are_not(points):
    registry = Registry("ecgmon.test", OWN)
    blamed = r"'floor' .* the package math, which fails here \(KeyError: 'x'\)"
    with pytest.raises(PluginError, match=blamed), registry.blaming("floor", "fails here"):
        raise KeyError("x")
    with pytest.raises(KeyError), registry.blaming("root", "fails here"):
        raise KeyError("x")
    with pytest.raises(OutputError, match="made for people"), registry.blaming("floor", "fails here"):
        raise OutputError("made for people")
    with pytest.raises(KeyboardInterrupt), registry.blaming("floor", "fails here"):
        raise KeyboardInterrupt


def test_the_names_of_our_own_are_told_without_reading_entry_points(points):
    _, reads = points
    assert Registry("ecgmon.test", OWN).own_names() == ["sum", "root"]
    assert reads == []
    with pytest.raises(KeyError):
        Registry("ecgmon.test", OWN).package("nobody's")
