"""A model file is served only if it is whole, ours, and made for what the live operators give."""

import re
from dataclasses import replace

import pytest
from resealing import reseal, swap

from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.core.graph_file import open_graph
from ecgmon.monitor.core.sealed_file import sealed_digest
from ecgmon.monitor.inference import ModelContract, WindowModel, find_model
from ecgmon.monitor.inference.contract import BEAT_WINDOW, check_servable


@pytest.fixture(scope="module")
def shipped():
    return find_model("arrhythminet-v1").path.read_bytes()


def refusal(tmp_path, data):
    path = tmp_path / "given.onnx"
    path.write_bytes(data)
    with pytest.raises(ModelError) as caught:
        WindowModel.load(path)
    text = str(caught.value)
    assert text.startswith(str(path))
    assert caught.value.hint
    assert "\n" not in text
    return text


def test_an_untouched_copy_of_a_shipped_model_is_served(tmp_path, shipped):
    path = tmp_path / "copy.onnx"
    path.write_bytes(shipped)
    assert WindowModel.load(path).contract == WindowModel.load("arrhythminet-v1").contract


@pytest.mark.parametrize("place", [100, 5_000, -200])
def test_one_changed_byte_is_noticed(tmp_path, shipped, place):
    data = bytearray(shipped)
    data[place] ^= 1
    assert "changed or damaged" in refusal(tmp_path, bytes(data))


def test_changed_metadata_is_noticed(tmp_path, shipped):
    changed = shipped.replace(b"1200 of each class", b"9999 of each class")
    assert changed != shipped
    assert "changed or damaged" in refusal(tmp_path, changed)


@pytest.mark.parametrize("keep", [0, 1, 1_000, 80_000])
def test_a_file_cut_short_is_refused(tmp_path, shipped, keep):
    assert "cut short" in refusal(tmp_path, shipped[:keep])


def test_a_file_without_our_metadata_is_refused(tmp_path, shipped):
    assert "no ecgmon model" in refusal(tmp_path, shipped.replace(b"ecgmon.", b"others."))


def test_a_file_that_is_no_model_is_refused(tmp_path):
    assert "no ecgmon model" in refusal(tmp_path, b"I am a letter, not a model.\n" * 50)


def test_a_true_checksum_over_rubbish_is_refused(tmp_path):
    rubbish = b"\xff" * 100 + b"ecgmon.sha256\x12\x40" + b"0" * 64
    assert "cannot be run" in refusal(tmp_path, reseal(rubbish))


def test_a_missing_key_is_named(tmp_path, shipped):
    assert "ecgmon.protocol" in refusal(
        tmp_path, reseal(shipped.replace(b"ecgmon.protocol", b"ecgmon.procotol"))
    )


@pytest.mark.parametrize(
    ("key", "old", "new", "said"),
    [
        ("input_hz", "360.0", "250.0", "250.0, but 360.0 is served"),
        ("front_end_version", "1", "0", "front end version 0, but 1 is served"),
        ("normalisation", "zscore-floor-0.02mV", "zscore-floor-0.50mV", "normalisation zscore-floor-0.50mV"),
        ("kind", "ecgmon.beat-window/1", "ecgmon.beat-window/9", "ecgmon.beat-window/9"),
    ],
)
def test_a_model_for_other_windows_is_refused_and_told_why(tmp_path, shipped, key, old, new, said):
    assert said in refusal(tmp_path, swap(shipped, key, old, new))


@pytest.mark.parametrize(("sides", "said"), [((200, 160), "(200, 160), but (216, 144) is served")])
def test_a_caller_that_needs_its_own_window_refuses_another(sides, said):
    live = {"normalisation": "zscore-floor-0.02mV", "front_end_version": "1"}
    contract = find_model("arrhythminet-v1").contract()
    other = replace(contract, window_before=sides[0], window_after=sides[1])
    check_servable(other, "here", kinds=(BEAT_WINDOW,), **live)
    with pytest.raises(ModelError, match=re.escape(said)):
        check_servable(other, "here", kinds=(BEAT_WINDOW,), window=(216, 144), **live)


@pytest.mark.parametrize("before", [0, 1441])
def test_a_window_that_cannot_be_cut_is_refused(before):
    other = replace(find_model("arrhythminet-v1").contract(), window_before=before)
    with pytest.raises(ModelError, match="cannot be cut"):
        check_servable(
            other,
            "here",
            kinds=(BEAT_WINDOW,),
            normalisation=other.normalisation,
            front_end_version=other.front_end_version,
        )


def test_unreadable_metadata_is_refused(tmp_path, shipped):
    assert "cannot be read" in refusal(tmp_path, swap(shipped, "input_hz", "360.0", "abcde"))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ModelError, match="No such file"):
        WindowModel.load(tmp_path / "nowhere.onnx")


def test_contract_survives_the_way_through_metadata():
    contract = find_model("arrhythminet-v1").contract()
    again = ModelContract.from_metadata(contract.to_metadata(), "here")
    assert again == contract


def test_contract_with_an_unknown_aami_class_is_refused():
    contract = find_model("arrhythminet-v1").contract()
    odd = replace(contract, aami=("N", "N", "N", "S", "X"))
    with pytest.raises(ModelError, match="AAMI"):
        ModelContract.from_metadata(odd.to_metadata(), "here")


def test_the_stated_checksum_is_that_of_the_file(shipped):
    stated, actual = sealed_digest(shipped)
    assert (
        stated == actual == open_graph(find_model("arrhythminet-v1").path, contract=ModelContract)[1].sha256
    )
