"""Every option of every command is taken, arrives where it belongs, and has the type it needs."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from all_commands import NEEDED, OPTIONS, line

from ecgmon.monitor.cli.app import build_app
from ecgmon.monitor.cli.commands.simulate import Faults
from ecgmon.monitor.cli.loop import settings_from
from ecgmon.monitor.cli.options import LoopOptions
from ecgmon.monitor.cli.selection import Selection
from ecgmon.monitor.core.errors import RecordError, SettingsError, UsageError
from ecgmon.sim.library import BUNDLED

EACH = [(command, option) for command, options in OPTIONS.items() for option in options]
VALUED = [(command, option) for command, option in EACH if OPTIONS[command][option] is not None]


def parsed(*words: str) -> dict[str, Any]:
    """Return what a command line becomes, options of several commands beside those of one."""
    _, bound, _ = build_app().parse_args(list(words))
    flat: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        fields = getattr(value, "__dataclass_fields__", None)
        flat |= {name: value} if fields is None else {key: getattr(value, key) for key in fields}
    return flat


@pytest.mark.parametrize(("command", "option"), EACH, ids=" ".join)
def test_every_option_of_every_command_arrives(command: str, option: str) -> None:
    given = OPTIONS[command][option]
    value = parsed(*line(command, option))[option.removeprefix("--").replace("-", "_")]
    if given is None:
        assert value is True
    elif isinstance(value, tuple):
        assert value == (given,)
    elif isinstance(value, int | float):
        assert value == float(given)
    else:
        assert str(value) == given


@pytest.mark.parametrize(("command", "option"), VALUED, ids=" ".join)
def test_every_option_takes_its_value_behind_an_equals_sign(command: str, option: str) -> None:
    *before, name, value = line(command, option)
    assert parsed(*before, f"{name}={value}") == parsed(*before, name, value)


@pytest.mark.parametrize("command", OPTIONS)
def test_a_command_without_options_is_understood(command: str) -> None:
    assert parsed(*command.split(), *NEEDED.get(command, [])) is not None


@pytest.mark.parametrize("command", OPTIONS)
def test_a_command_has_no_option_that_is_not_listed_here(command: str) -> None:
    app = build_app()
    for word in command.split():
        app = app[word]
    names = {name for argument in app.assemble_argument_collection() for name in argument.names}
    # outside of the whole the negations are listed, which the whole has switched off
    own = {name for name in names if name.startswith("--") and not name.startswith(("--no-", "--empty-"))}
    assert own - {"--command-line"} == set(OPTIONS[command])


def test_records_may_stand_before_and_behind_options() -> None:
    assert parsed("replay", "100", "--speed", "max", "200")["records"] == ("100", "200")


def test_a_record_that_begins_with_a_hyphen_stands_behind_two() -> None:
    assert parsed("replay", "--speed", "max", "--", "-200")["records"] == ("-200",)


def test_the_last_of_two_values_counts_and_sources_are_collected() -> None:
    assert parsed("replay", "1", "--speed", "2", "--speed", "3")["speed"] == "3"
    sources = parsed("run", "--source", "replay:1", "--source", "replay:2")["source"]
    assert sources == ("replay:1", "replay:2")


def test_paths_are_paths_and_negative_numbers_are_values() -> None:
    assert parsed("replay", "1", "--config", "a.toml")["config"] == Path("a.toml")
    assert parsed("simulate", "--drift-ppm", "-50")["drift_ppm"] == -50
    assert parsed("explain", "200", "--time", "-1.5")["time"] == -1.5


def test_defaults_of_commands_are_those_of_their_help() -> None:
    app = build_app()
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(app["simulate"].default_command).parameters.items()
    }
    assert (defaults["device"], defaults["record"], defaults["rate"]) == ("native", "200", 250.0)


def test_options_become_settings_and_what_is_left_out_stays() -> None:
    plain = settings_from(LoopOptions())
    changed = settings_from(
        LoopOptions(speed="max", channel="V1", chunk=36, duration=5.0, quiet=True, model="m"), ["replay:200"]
    )
    assert changed.sources == ("replay:200",)
    assert (changed.replay.speed, changed.replay.channel, changed.replay.chunk_samples) == ("max", "V1", 36)
    assert (changed.duration_s, changed.outputs.console) == (5.0, "quiet")
    assert changed.pipeline.classifier.model == "m"
    assert changed.alarms == plain.alarms
    assert plain.sources == ()


def test_options_win_over_the_settings_file(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text('sources = ["replay:100"]\nwindow = true\n[replay]\nspeed = 4\n')
    assert settings_from(LoopOptions(config=file)).window
    changed = settings_from(LoopOptions(config=file, headless=True, speed="2"), ["replay:207"])
    assert (changed.window, changed.replay.speed, changed.sources) == (False, 2, ("replay:207",))


@pytest.mark.parametrize("how", [{"tui": True}, {"window": True}])
@pytest.mark.parametrize("what", [{"json": True}, {"quiet": True}])
def test_what_is_printed_is_not_chosen_where_nothing_is_printed(
    how: dict[str, bool], what: dict[str, bool]
) -> None:
    with pytest.raises(UsageError, match=f"--{next(iter(what))} is about the printed log"):
        settings_from(LoopOptions(**how, **what))


def test_a_window_of_the_settings_file_refuses_json_too(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text("window = true\n")
    with pytest.raises(UsageError, match="the window"):
        settings_from(LoopOptions(config=file, json=True))
    assert settings_from(LoopOptions(config=file, json=True, headless=True)).outputs.console == "json"


def test_a_value_out_of_range_is_refused_by_the_settings() -> None:
    with pytest.raises(SettingsError, match="chunk_samples"):
        settings_from(LoopOptions(chunk=0))


@pytest.mark.parametrize("span", ["20", "20:", ":10", "a:b", "1:2:3"])
def test_a_span_that_is_none_is_refused_with_an_example(span: str) -> None:
    with pytest.raises(UsageError, match=r"--pause .* is not BEGIN:LENGTH in seconds, such as 20:10"):
        Faults(pause=(span,)).settings()


def test_spans_and_chances_become_faults() -> None:
    faults = Faults(pause=("20:10", "40:1.5"), flip_rate=1e-5, seed=3).settings()
    assert faults.pauses == ((20.0, 10.0), (40.0, 1.5))
    assert (faults.flip_rate, faults.seed) == (1e-5, 3)
    with pytest.raises(UsageError, match="--flip-rate"):
        Faults(flip_rate=2.0).settings()


@pytest.mark.usefixtures("bundled_only")
def test_without_names_the_bundled_records_are_scored() -> None:
    assert [stem.name for stem in Selection().stems(())] == ["100", "200", "207", "232"]


def test_records_are_named_split_or_taken_from_a_database(tmp_path: Path) -> None:
    there = Selection(data_dir=BUNDLED)
    assert [stem.name for stem in there.stems(("200", "mitdb/100"))] == ["200", "100"]
    assert Selection(data_dir=BUNDLED / "mitdb").stems(())[0].name == "100"
    with pytest.raises(RecordError, match="No record of svdb"):
        Selection(database="svdb", data_dir=BUNDLED).stems(())
    with pytest.raises(RecordError, match="No record of mitdb"):
        Selection(data_dir=tmp_path).stems(())


def test_a_database_beside_named_records_is_refused() -> None:
    with pytest.raises(UsageError, match="Write svdb/100 for a record of it"):
        Selection(database="svdb").stems(("100",))
