"""A contract goes through metadata unchanged, whatever its texts, and names what it lacks."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.core.model_contract import PREFIX, Contract

TEXT = st.text(max_size=40)
FIGURES = st.dictionaries(TEXT, st.floats(allow_nan=False), max_size=5)
OWN = {item.name for item in fields(Contract)}
EXTRA = st.dictionaries(TEXT.filter(lambda key: key not in OWN), TEXT, max_size=5)


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    texts = {name: draw(TEXT) for name in ("kind", "name", "version", "training", "protocol", "licence")}
    return Contract(**texts, scores=draw(FIGURES), sha256=draw(TEXT), extra=draw(EXTRA))


SOME = Contract(
    kind="ecgmon.toy/1",
    name="toy",
    version="1",
    training="noise",
    protocol="none",
    scores={"se": 0.9},
    licence="MIT",
    extra={"rate_hz": "90"},
)


@given(contracts())
def test_a_contract_survives_the_way_through_metadata(contract: Contract) -> None:
    assert Contract.from_metadata(contract.to_metadata(), "here") == contract


@given(contracts())
def test_every_key_and_value_of_the_metadata_is_text_with_the_prefix(contract: Contract) -> None:
    for key, value in contract.to_metadata().items():
        assert key.startswith(PREFIX)
        assert isinstance(value, str)


def test_keys_of_others_are_passed_over() -> None:
    metadata = {**SOME.to_metadata(), "producer": "somebody", "name": "not ours"}
    assert Contract.from_metadata(metadata, "here") == SOME


@pytest.mark.parametrize("key", sorted(OWN - {"extra"}))
def test_a_missing_key_is_named_with_the_file(key: str) -> None:
    metadata = SOME.to_metadata()
    del metadata[PREFIX + key]
    with pytest.raises(ModelError, match=rf"^a\.onnx: the metadata lacks ecgmon\.{key}\."):
        Contract.from_metadata(metadata, "a.onnx")


@pytest.mark.parametrize("scores", ["", "[1]", "7", '{"a": "high"}', "{"])
def test_scores_that_are_no_figures_are_refused(scores: str) -> None:
    metadata = {**SOME.to_metadata(), "ecgmon.scores": scores}
    with pytest.raises(ModelError, match="cannot be read"):
        Contract.from_metadata(metadata, "here")


def test_what_is_required_and_there_passes() -> None:
    SOME.require("here", rate_hz="90")


@pytest.mark.parametrize(("wanted", "found"), [("80", "'90'"), ("", "'90'")])
def test_another_value_is_refused_and_both_are_told(wanted: str, found: str) -> None:
    with pytest.raises(ModelError, match=f"rate_hz is {found}, but '{wanted}' is served"):
        SOME.require("here", rate_hz=wanted)


def test_a_key_that_is_not_there_is_refused() -> None:
    with pytest.raises(ModelError, match="window is None"):
        replace(SOME, extra={}).require("here", window="360")
