"""The notebook page runs as it stands, block after block, and says what is true."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

import ecgmon

DOCS = Path(ecgmon.__file__).resolve().parent.parent / "docs"
PAGE = (DOCS / "python.md").read_text("utf-8")


@pytest.fixture(scope="module")
def blocks() -> list[str]:
    spec = importlib.util.spec_from_file_location("make_python_plot", DOCS / "make_python_plot.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.code_blocks()


@pytest.fixture(scope="module")
def played(blocks, tmp_path_factory) -> tuple[dict[str, object], list[str], Path]:
    """Run the page; return what it defines, what each block printed, and its folder."""
    pytest.importorskip("matplotlib").use("agg")
    folder = tmp_path_factory.mktemp("page")
    scope: dict[str, object] = {}
    printed = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for number, code in enumerate(blocks):
            lines: list[str] = []
            scope["print"] = lambda *words, lines=lines: lines.append(" ".join(map(str, words)))
            exec(compile(code, f"python.md, block {number}", "exec"), scope)
            printed.append("\n".join(lines))
    return scope, printed, folder


def test_the_page_has_code_from_the_record_to_the_rates(blocks):
    assert len(blocks) >= 10
    whole = "\n".join(blocks)
    for name in (
        "read_record",
        "Pipeline",
        "Stream",
        "SampleBlock",
        "AlarmSettings",
        "to_json",
        "SignalError",
    ):
        assert f"ecgmon.{name}" in whole


def test_the_page_finds_beats_of_both_kinds_and_draws_them(played):
    scope, _, folder = played
    assert {"N", "V"} <= {beat.symbol for beat in scope["beats"]}
    assert (folder / "beats.png").stat().st_size > 20_000
    assert len(scope["axes"].texts) == len(scope["beats"])


def test_the_picture_of_the_page_is_there_and_is_the_one_that_the_code_draws(played):
    image = pytest.importorskip("matplotlib.image")
    shown = image.imread(DOCS / "images" / "python-beats.png")
    drawn = image.imread(played[2] / "beats.png")
    assert shown.shape == drawn.shape
    assert np.abs(shown - drawn).mean() < 0.02


def test_the_page_raises_an_alarm_with_the_limit_that_it_sets(played):
    _, printed, _ = played
    assert any("heart_rate_high: active" in text for text in printed)


def test_the_page_finds_the_same_beats_in_counts(played):
    scope, printed, _ = played
    said = next(text for text in printed if text.endswith(" beats"))
    assert abs(int(said.split()[0]) - len(scope["beats"])) <= 1


def test_the_page_tells_of_the_gap_that_its_comment_names(played):
    assert any(text == "1500 500" for text in played[1])


def test_the_page_measures_a_latency_below_the_promise(played):
    assert played[0]["latency_s"] <= 0.70


def test_the_page_shows_the_error_of_a_rate_and_its_way_out(played):
    assert any("50 to 10,000 Hz can" in text and "Resample" in text for text in played[1])


def test_every_public_name_stands_in_the_table_of_names():
    table = PAGE.partition("## Names")[2]
    named = set(re.findall(r"`(\w+)`", table))
    assert named >= set(ecgmon.__all__)


def test_every_name_that_the_page_takes_from_ecgmon_is_public():
    assert set(re.findall(r"\becgmon\.([A-Za-z_]\w*)", PAGE)) <= {*ecgmon.__all__, "monitor"}


def test_every_link_of_the_page_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (DOCS / target).exists(), target
