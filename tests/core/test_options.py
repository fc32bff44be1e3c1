"""Options of an address are converted and checked like a settings file, and refused in plain words."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, model_validator

from ecgmon.firmware_bridge.decoders import DECODERS, device_kind, make_decoder
from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.errors import EcgmonError, SettingsError
from ecgmon.monitor.core.options import checked, near


class Board(Settings):
    """A board with an option of every type."""

    serial: str
    fs_hz: float = Field(default=250.0, gt=0, le=1000)
    count: int | None = Field(default=None, ge=1)
    unit: Literal["mv", "uv"] = "mv"
    channels: tuple[int, ...] = ()
    names: tuple[str, ...] | None = None
    weights: list[float] = Field(default_factory=list)
    invert: bool = False
    table: Path | None = None

    @model_validator(mode="after")
    def _check(self) -> Board:
        if self.names is not None and len(self.names) != len(self.channels):
            raise ValueError("there must be as many names as channels")
        return self


def test_text_becomes_what_the_settings_want():
    board = checked(
        Board,
        {
            "serial": "7",
            "fs_hz": "500",
            "count": "3",
            "channels": "1, 2,5",
            "names": "I,II, V1",
            "weights": "0.5,2",
            "invert": "true",
            "table": "a/b.csv",
        },
        "Board",
    )
    assert board == Board(
        serial="7",
        fs_hz=500,
        count=3,
        channels=(1, 2, 5),
        names=("I", "II", "V1"),
        weights=[0.5, 2],
        invert=True,
        table=Path("a/b.csv"),
    )


def test_values_of_a_settings_file_are_taken_as_they_stand():
    assert checked(Board, {"serial": "x", "channels": [1, 2]}, "Board").channels == (1, 2)
    assert checked(Board, {"serial": "a,b"}, "Board").serial == "a,b"
    assert checked(Board, {"serial": "x", "channels": ""}, "Board").channels == ()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fs_hzz": "1", "serial": "x"}, "Board: unknown option fs_hzz. Did you mean fs_hz?"),
        ({"qqq": "1", "serial": "x"}, "Board: unknown option qqq. Its options are: channels, count, fs_hz,"),
        ({"seriel": "x"}, "Board: unknown option seriel. Did you mean serial?"),
        ({}, "Board: the option serial is missing; it must be a text."),
        (
            {"serial": "x", "fs_hz": "fast"},
            "Board: fs_hz=fast is refused: it must be a number above 0 up to 1000 in hertz.",
        ),
        ({"serial": "x", "fs_hz": "nan"}, "fs_hz=nan is refused"),
        ({"serial": "x", "count": "0"}, "count=0 is refused: it must be a whole number"),
        ({"serial": "x", "unit": "volt"}, "unit=volt is refused: it must be one of mv, uv."),
        (
            {"serial": "x", "channels": "1,b"},
            "channels=b is refused: it must be a list with commas, each a whole number.",
        ),
        ({"serial": "x", "channels": "1,,2"}, "channels= is refused"),
        ({"serial": "x", "names": "I"}, "Board: there must be as many names as channels."),
    ],
)
def test_what_is_refused_is_named_with_what_is_allowed(options, words):
    with pytest.raises(SettingsError) as caught:
        checked(Board, options, "Board")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert '"' not in str(caught.value)


def test_a_near_miss_is_told_from_all_there_are():
    assert near(["gain", "fs_hz"], "gian") == "Did you mean gain?"
    assert near(["gain", "fs_hz"], "q") == "Its options are: fs_hz, gain."
    assert near([], "q") == "Its options are: none."


TEXT = st.text(string.ascii_letters + string.digits + ",.-+ é", max_size=12)


@given(
    name=st.sampled_from(DECODERS.own_names()),
    data=st.data(),
)
def test_any_options_of_any_device_are_taken_or_refused_in_one_line(name, data):
    known = st.sampled_from([*device_kind(name).settings.model_fields, "profile", "x"])
    options = data.draw(st.dictionaries(known, TEXT, max_size=3))
    refusal = ""
    try:
        assert make_decoder(name, options).feed(b"") == []
    except EcgmonError as error:
        refusal = str(error)
    assert refusal == "" or refusal.startswith(f"Device {name}: ")
    assert "\n" not in refusal


@pytest.mark.parametrize(
    ("name", "option", "words"),
    [
        ("cyton", {"gian": "3"}, "Device cyton: unknown option gian. Did you mean gain?"),
        ("cyton", {"gain": "0"}, "Device cyton: gain=0 is refused: it must be a number above 0."),
        ("cyton", {"channels": "17"}, "Device cyton: channels are 1 to 16."),
        ("cyton", {"channels": "9", "daisy": "no"}, "Device cyton: channels are 1 to 8."),
        ("cyton", {"channels": "1,2", "leads": "I"}, "there must be as many leads as channels"),
        ("bitalino", {"fs_hz": "250"}, "fs_hz=250 is refused: it must be one of 1, 10, 100, 1000"),
        ("openview", {"profile": "ads1292r", "width": "3"}, "width=3 is refused: it must be one of 2, 4."),
        ("bitalino", {"channels": "2,1"}, "channels are 1 to 6, rising, each once"),
        ("openview", {}, "Device openview: the option profile is missing; it must be one of healthypi4,"),
        ("openview", {"profle": "ads1293"}, "Did you mean profile?"),
        ("ascii", {"unit": "V"}, "unit=V is refused: it must be one of adc, mv, uv."),
        ("polar", {"gain": "2"}, "Its options are: fs_hz."),
    ],
)
def test_a_device_says_what_is_wrong_with_its_options(name, option, words):
    with pytest.raises(SettingsError) as caught:
        make_decoder(name, option)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "option", "key", "number"),
    [
        ("bitalino", {"fs_hz": "100"}, "fs_hz", 100),
        ("openview", {"profile": "ads1292r", "width": "2"}, "width", 2),
    ],
)
def test_one_of_a_few_numbers_may_stand_in_an_address(name, option, key, number):
    assert getattr(make_decoder(name, option).settings, key) == number
