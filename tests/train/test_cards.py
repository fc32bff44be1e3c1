"""The shipped cards are what the code writes today, so that none goes stale."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.models.adaptive import card as adaptive
from ecgmon.models.adaptive.network import AdaptiveNet
from ecgmon.models.af import card as af
from ecgmon.models.arrhythminet import card as arrhythminet
from ecgmon.models.arrhythminet.network import Version, build, parameter_count
from ecgmon.models.arrhythminet.training import Result, TrainingPlan
from ecgmon.models.common.card import FACTS, SECTIONS, Card, markdown_table, percent
from ecgmon.models.quality import card as quality
from ecgmon.models.rpeak import card as rpeak
from ecgmon.models.rpeak.network import RPeakNetwork
from ecgmon.models.vf import card as vf
from ecgmon.models.vf.network import VfNetwork
from ecgmon.monitor.core.model_contract import Contract
from ecgmon.monitor.core.zoo import ZooEntry, shipped_parts
from ecgmon.monitor.inference import find_model

TOY = Card(
    "ecgmon.toy/1", "toy", "2", "noise", "none", "Does nothing.", "rows", "a number", "It fails always."
)
ABOUT = Contract(
    kind="ecgmon.toy/1", name="toy", version="2", training="noise", protocol="none", scores={}, licence="MIT"
)
ENTRIES = {entry.name: entry for entry in shipped_parts()[1]}


def written(entry: ZooEntry, scores: str) -> str:
    """Return the card that an export would write of the shipped file, with the scores as they stand."""
    about = entry.contract()
    match entry.name:
        case "adaptive":
            return adaptive.page(AdaptiveNet(), find_model("adaptive").contract(), scores)
        case "rpeak":
            return rpeak.page(RPeakNetwork(), about, scores)
        case "vf":
            return vf.page(VfNetwork(), about, scores)
        case "af":
            return af.page(about, scores)
        case "quality":
            return quality.page(about, scores)
        case name:
            network = build("v1" if name.endswith("v1") else "v2")
            return arrhythminet.page(find_model(name).contract(), parameter_count(network), scores)


def scores_of(page: str) -> str:
    """Return the part of a card between the headings of the scores and of the limits."""
    scored, limits, _ = SECTIONS
    return page.partition(f"{scored}\n")[2].partition(f"{limits}\n")[0].strip()


@pytest.mark.parametrize("name", ENTRIES)
def test_the_shipped_card_is_what_its_export_writes(name: str) -> None:
    entry = ENTRIES[name]
    assert entry.card is not None
    page = entry.card.read_text(encoding="utf-8")
    assert scores_of(page)
    assert written(entry, scores_of(page)) == page


@pytest.mark.parametrize("card", [adaptive.CARD, rpeak.CARD, vf.CARD, af.CARD, quality.CARD])
def test_what_a_training_would_say_today_is_what_the_shipped_file_says(card: Card) -> None:
    shipped = ENTRIES[card.name].contract()
    for key in ("kind", "name", "version", "training", "protocol", "licence"):
        assert getattr(card, key) == getattr(shipped, key)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_both_arrhythminets_would_say_what_they_say(version: Version) -> None:
    shipped = find_model(f"arrhythminet-{version}").contract()
    result = Result(build(version), TrainingPlan(version=version), (), [], [])
    made = arrhythminet.contract(result, shipped.scores)
    own = {"extra": {}, "sha256": ""}
    assert replace(made, **own) == replace(shipped, **own)


def test_a_card_states_every_fact_once() -> None:
    page = TOY.page(ABOUT, "1 number", "None.")
    for fact in FACTS:
        assert page.count(f"- **{fact}:** ") == 1
    words = ("", " crossval", " evaluate", " export")
    assert page.endswith("```\n" + "\n".join(f"ecgmon train toy{word}" for word in words) + "\n```\n")
    assert "It fails always. It is not a medical device." in page


@given(st.text(st.characters(exclude_characters="#\r", exclude_categories=("C", "Z"))).map(str.strip))
def test_the_scores_are_read_back_from_a_card(scores: str) -> None:
    assert scores_of(TOY.page(ABOUT, "1 number", scores)) == scores


def test_a_table_has_text_first_and_numbers_after() -> None:
    assert markdown_table(("a", "b"), [("x", "1"), ("y", "2")]).splitlines() == [
        "| a | b |",
        "| --- | ---: |",
        "| x | 1 |",
        "| y | 2 |",
    ]


def test_a_share_of_nothing_is_a_dash() -> None:
    assert percent(0, 0) == "-"
    assert percent(1, 3) == "33.33 %"
    assert percent(1, 3, 0) == "33 %"
