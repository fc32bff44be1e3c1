"""The field's vocabulary: one map for everybody, as EC57 and WFDB have it."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from wfdb.io.annotation import ann_labels, is_qrs

import ecgmon
from ecgmon.monitor.core import ecg_codes as codes
from ecgmon.monitor.dashboard.drawing.palette import PALETTES
from ecgmon.monitor.evaluation.alarm_score import CLASS_OF_SYMBOL
from ecgmon.monitor.evaluation.annotations import Annotations
from ecgmon.monitor.inference.contract import BEAT_SEQUENCE, BEAT_WINDOW
from ecgmon.monitor.inference.registry import list_models
from ecgmon.monitor.outputs.words import EventWords

ROOT = Path(ecgmon.__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("group", "symbols"), [("N", "NLRBejn"), ("S", "AaJS"), ("V", "VEr"), ("F", "F"), ("Q", "/fQ?")]
)
def test_each_symbol_has_the_class_that_ec57_gives_it(group, symbols):
    assert {symbol for symbol, of in codes.AAMI_OF_SYMBOL.items() if of == group} == set(symbols)
    assert group in codes.AAMI_CLASSES


def test_a_flutter_wave_is_no_beat_but_the_alarm_reference_counts_it_as_ventricular():
    assert codes.FLUTTER_WAVE not in codes.AAMI_OF_SYMBOL
    assert CLASS_OF_SYMBOL[codes.FLUTTER_WAVE] == "V"
    assert {**CLASS_OF_SYMBOL} == {**codes.AAMI_OF_SYMBOL, "!": "V"}


def test_the_beats_are_those_of_the_wfdb_library_but_for_the_flutter_wave():
    theirs = {label.symbol for label in ann_labels if is_qrs[label.label_store]}
    assert theirs == {*codes.AAMI_OF_SYMBOL, codes.FLUTTER_WAVE}
    assert set(codes.BEAT_NAMES) == set(codes.AAMI_OF_SYMBOL)


def test_names_are_plain_words():
    for name in (*codes.BEAT_NAMES.values(), *codes.RHYTHM_NAMES.values()):
        assert name[0].isupper()
        assert name == name.strip()
        assert not name.endswith(".")


def test_a_scorer_keeps_beats_and_drops_everything_else():
    every = np.array([*codes.AAMI_OF_SYMBOL, "!", "+", "~", "|", "[", "]", "x"])
    beats = Annotations(np.arange(every.size), every).beats()
    assert beats.symbols.tolist() == list(codes.AAMI_OF_SYMBOL)
    assert beats.classes().tolist() == list(codes.AAMI_OF_SYMBOL.values())


def test_the_split_has_all_48_records_once():
    whole = [*codes.DS1, *codes.DS2, *codes.PACED]
    assert (len(codes.DS1), len(codes.DS2), len(codes.PACED)) == (22, 22, 4)
    assert len(set(whole)) == 48
    assert {sum(name.startswith(first) for name in whole) for first in "12"} == {23, 25}


def test_no_patient_who_trains_is_tested():
    assert set(codes.DS1) - set(codes.DS1_WITHOUT_201) == {"201"}
    assert "202" in codes.DS2
    assert codes.MITDB_SPLITS == {"ds1": codes.DS1, "ds2": codes.DS2, "paced": codes.PACED}


def test_the_shipped_models_use_the_same_classes():
    contracts = [entry.contract() for entry in list_models()]
    beats = [contract for contract in contracts if contract.kind in (BEAT_WINDOW, BEAT_SEQUENCE)]
    assert len(beats) >= 3
    for contract in beats:
        for symbol, group in zip(contract.symbols, contract.aami, strict=True):
            assert codes.AAMI_OF_SYMBOL[symbol] == group


def test_every_class_that_the_window_colours_has_a_name():
    for palette in PALETTES.values():
        assert set(palette.classes) <= set(codes.BEAT_NAMES)


@pytest.mark.parametrize("symbol", ["N", "V", "J", "r", "?"])
def test_the_terminal_names_a_beat_as_the_window_does(symbol):
    beat = ecgmon.Beat(
        sample=0,
        time_s=0.0,
        known_at=0,
        symbol=symbol,
        aami=codes.AAMI_OF_SYMBOL[symbol],
        probabilities={},
        r_known_at=0,
        rr_s=None,
        quality=1.0,
    )
    assert codes.BEAT_NAMES[symbol].lower() in EventWords().line(beat).text


def test_nobody_else_keeps_a_map_of_symbols_to_classes_or_a_list_of_the_split():
    """A second map is how four of them came to disagree."""
    for path in (*ROOT.glob("monitor/**/*.py"), *ROOT.glob("models/**/*.py"), *ROOT.glob("sim/**/*.py")):
        if path == ROOT / "monitor" / "core" / "ecg_codes.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Dict):
                pairs = {
                    (key.value, value.value)
                    for key, value in zip(node.keys, node.values, strict=True)
                    if isinstance(key, ast.Constant) and isinstance(value, ast.Constant)
                }
                assert len(pairs & set(codes.AAMI_OF_SYMBOL.items())) < 6, path
            if isinstance(node, ast.Tuple | ast.List):
                names = {item.value for item in node.elts if isinstance(item, ast.Constant)}
                assert not names >= set(codes.DS1[:5]), path
                assert not names >= set(codes.DS2[:5]), path
