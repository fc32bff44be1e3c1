"""What docs/extending.md shows works as it stands: every example is run and proved."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ecgmon.firmware_bridge.contract import check_decoder
from ecgmon.monitor.alarms.contract import check_alarm
from ecgmon.monitor.core.events import Alarm, HeartRate
from ecgmon.monitor.ingest.address import Address
from ecgmon.monitor.ingest.contract import check_source
from ecgmon.monitor.ingest.settings import SourceSettings
from ecgmon.monitor.outputs.contract import check_output
from ecgmon.monitor.outputs.kind import RunContext

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture(scope="module")
def shown() -> dict:
    """Run the code of the page, but for its tests, as one module."""
    names: dict = {"__file__": "/example/__init__.py", "__name__": "page"}
    for block in blocks("python"):
        if "def test_" not in block:
            exec(compile(block, "docs/extending.md", "exec", dont_inherit=True), names)
    return names


def test_the_decoder_of_the_page_keeps_its_promises(shown):
    stream = np.arange(-200, 200, dtype=">i2").tobytes()
    packets = check_decoder(shown["DEVICE"].decoder, stream)
    assert packets[0].samples_mv[0, 0] == -1.0
    assert shown["DEVICE"].baud == 57600


async def test_the_source_of_the_page_keeps_its_promises(shown):
    source = shown["open_wave"](Address.parse("wave:bed7?seconds=3"), SourceSettings())
    items = await check_source(source)
    assert [block.start for block in items] == [0, 250, 500]


def test_the_output_of_the_page_keeps_its_promises(shown, tmp_path):
    kind = shown["OUTPUT"]
    place = {"sample": 0, "time_s": 7.25, "known_at": 9, "device": "bed7"}
    alarm = Alarm(**place, kind="racing", priority="low", state="active", message="Fast")
    path = tmp_path / "alarms.txt"
    check_output(lambda: kind.make(kind.settings(path=path), RunContext()), [alarm])
    assert path.read_text().splitlines()[0] == "bed7 7.2 Fast"


def test_the_alarm_of_the_page_keeps_its_promises(shown):
    rates = [HeartRate(sample=n, time_s=n, known_at=n, bpm=bpm) for n, bpm in enumerate((100, 190, None, 90))]
    changes = check_alarm(shown["ALARM"], rates, 250.0)
    assert [change.message for change in changes] == ["Racing: 190/min", "Racing over"]


def test_the_page_of_the_page_counts_the_beats_of_the_stream_it_is_shown(shown, qtbot):
    page = shown["CountPage"](None)
    qtbot.addWidget(page)
    page.build()
    page.refresh(0.0)
    assert page.words.text() == "0 beats are kept"
    page.set_session(SimpleNamespace(beats=range(7)))
    page.refresh(1.0)
    assert page.words.text() == "7 beats are kept"


def test_the_packaging_of_the_page_is_that_of_the_example():
    page = tomllib.loads(blocks("toml")[0])
    example = tomllib.loads((ROOT / "tests/example_package/pyproject.toml").read_text())
    assert page["build-system"] == example["build-system"]
    assert page["project"]["entry-points"] == example["project"]["entry-points"]
    assert page["project"].items() <= example["project"].items()


def test_the_settings_of_the_page_are_taken(shown):
    tables = {key: value for block in blocks("toml")[1:] for key, value in tomllib.loads(block).items()}
    assert shown["OUTPUT"].settings.model_validate(tables["outputs"]["notebook"])
    rule = shown["ALARM"].rule
    assert type(rule).model_validate({**rule.model_dump(), **tables["alarms"]["racing"]}).priority == "high"


def test_the_tests_that_the_page_shows_name_checks_that_exist():
    named = set(re.findall(r"from (\S+) import (check_\w+)", PAGE))
    assert len(named) == 4
    for module, name in named:
        assert callable(getattr(__import__(module, fromlist=[name]), name))
