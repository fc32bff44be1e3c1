"""Whatever remembers anything in a pipeline: its state is whole, checked, and brought back alike."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import ecgmon.monitor
from ecgmon.monitor.core.events import SampleBlock, to_json
from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.dsp.operator import Operator
from ecgmon.monitor.headless.patient_memory import _from_plain, _to_plain
from ecgmon.monitor.inference.classification import ClassifierSettings
from ecgmon.monitor.inference.opening import open_classifier
from ecgmon.monitor.pipeline.pipeline import Pipeline, PipelineSettings
from ecgmon.sim.library import BUNDLED
from ecgmon.sim.record import read_record

FS = 360


@pytest.fixture(scope="module")
def ecg() -> np.ndarray:
    """A minute of record 200: runs of ventricular beats, noise, and two seconds without a signal."""
    samples = read_record(BUNDLED / "mitdb" / "200").samples_mv(0, 60 * FS)[0].copy()
    samples[40 * FS : 42 * FS] = np.nan
    return samples


def every_part(owner: Any, name: str = "chain") -> Iterator[tuple[str, Stateful[Any]]]:
    yield name, owner
    for key, part in owner.parts.items():
        yield from every_part(part, f"{name}.{key}")


def parts_of(pipeline: Pipeline) -> dict[str, Stateful[Any]]:
    return {**dict(every_part(pipeline)), **dict(every_part(pipeline._classifier, "classifier"))}


def settings(model: str) -> PipelineSettings:
    return PipelineSettings(classifier=ClassifierSettings(model=model))


MODELS = ("adaptive", "arrhythminet-v2")


@pytest.fixture(scope="module", params=MODELS)
def used(request, ecg) -> Pipeline:
    pipeline = Pipeline(settings(request.param))
    pipeline.process(SampleBlock(ecg[None], 0, 360.0))
    return pipeline


@pytest.fixture
def new(used) -> Pipeline:
    return Pipeline(used.settings)


def same(ours: Any, theirs: Any) -> None:
    np.testing.assert_equal(ours, theirs)


def classes_that_remember() -> set[type]:
    for module in pkgutil.walk_packages(ecgmon.monitor.__path__, "ecgmon.monitor."):
        if module.name.split(".")[2] in {"dsp", "inference", "rhythm", "pipeline"}:
            importlib.import_module(module.name)

    def below(kind: type) -> Iterator[type]:
        for child in kind.__subclasses__():
            if child.__module__.startswith("ecgmon.") and not inspect.isabstract(child):
                yield child
            yield from below(child)

    return set(below(Stateful))


def test_all_that_remembers_is_a_part_of_a_pipeline_and_so_looked_at_here():
    seen = {type(part) for model in MODELS for part in parts_of(Pipeline(settings(model))).values()}
    assert seen == classes_that_remember()
    assert len([kind for kind in seen if issubclass(kind, Operator)]) == 14


def test_every_part_comes_back_from_a_file_as_it_was(used, new):
    fresh = parts_of(new)
    for name, part in parts_of(used).items():
        if name in ("chain", "classifier"):
            continue
        kept = json.loads(json.dumps(part.snapshot(), default=_to_plain), object_hook=_from_plain)
        fresh[name].restore(kept)
        same(fresh[name].snapshot(), part.snapshot())


def test_a_minute_of_ecg_leaves_something_in_nearly_every_part(used, new):
    fresh = parts_of(new)
    for name, part in parts_of(used).items():
        if part.snapshot() and not name.endswith(("watches", "hum", "hum.finder")):
            with pytest.raises(AssertionError):
                same(part.snapshot(), fresh[name].snapshot())


def test_a_state_without_one_of_its_names_is_refused_by_each_part(used, new):
    fresh = parts_of(new)
    for name, part in parts_of(used).items():
        if name == "chain":
            continue
        snapshot, before = part.snapshot(), fresh[name].snapshot()
        for key in snapshot:
            with pytest.raises(ValueError, match=key):
                fresh[name].restore({other: snapshot[other] for other in snapshot if other != key})
        same(fresh[name].snapshot(), before)


def test_after_a_reset_a_pipeline_is_as_new(used, new, ecg):
    pipeline = Pipeline(used.settings)
    pipeline.process(SampleBlock(ecg[None, : 20 * FS], 0, 360.0))
    pipeline.reset(1000)
    new.reset(1000)
    same(pipeline.snapshot(), new.snapshot())
    block = SampleBlock(ecg[None, : 10 * FS], 1000, 360.0)
    ours, theirs = ([to_json(event) for event in each.process(block)] for each in (pipeline, new))
    assert ours == theirs


def test_a_snapshot_has_its_version_in_it_and_an_older_one_is_refused(used, new):
    snapshot = used.snapshot()
    before = new.snapshot()
    with pytest.raises(ValueError, match=r"version 1 at 360\.0 Hz does not fit"):
        new.restore({**snapshot, "version": 1})
    with pytest.raises(ValueError, match="lacks, or should not have"):
        new.restore({"version": 1, "fs_hz": 360.0, "started": True, "next": 5})
    same(new.snapshot(), before)


@pytest.mark.parametrize("where", ["classifier", "chain"])
def test_a_damaged_half_leaves_the_other_half_as_it_was(used, new, where):
    before = new.snapshot()
    with pytest.raises(ValueError, match="does not fit"):
        new.restore({**used.snapshot(), where: {"nothing": 1}})
    same(new.snapshot(), before)


def test_the_state_of_another_kind_of_model_is_refused(ecg):
    adaptive, window = (Pipeline(settings(model)) for model in MODELS)
    for one, other in ((adaptive, window), (window, adaptive)):
        with pytest.raises(ValueError, match="does not fit"):
            one.restore(other.snapshot())


def test_the_state_of_another_file_of_the_same_kind_is_refused(used, new):
    before = new.snapshot()
    with pytest.raises(ValueError, match=r"another model than .* does not fit"):
        new.restore({**used.snapshot(), "model": "0" * 64})
    same(new.snapshot(), before)


def test_what_an_older_program_learned_of_a_patient_is_refused_and_nothing_recalled(used, new):
    learned, before = used.patient_memory(), new.patient_memory()
    with pytest.raises(ValueError, match="version 4 remembers does not fit"):
        new.remember({**learned, "version": 4})
    same(new.patient_memory(), before)


@pytest.mark.parametrize("wrong", [{}, {"at": "now", "base": {}}, {"at": 0.0, "base": {}}, {"at": 0.0}, None])
def test_a_damaged_rhythm_leaves_a_patient_as_new(used, new, wrong):
    before = new.patient_memory()
    with pytest.raises((KeyError, TypeError, ValueError)):
        new.remember({**used.patient_memory(), "rhythm": wrong})
    same(new.patient_memory(), before)


def test_a_restored_classifier_names_beats_as_the_one_before(ecg):
    for model in MODELS:
        first = Pipeline(settings(model))
        first.process(SampleBlock(ecg[None, : 20 * FS], 0, 360.0))
        second = Pipeline(settings(model), classifier=open_classifier(ClassifierSettings(model=model)))
        second.restore(first.snapshot())
        rest = SampleBlock(ecg[None, 20 * FS :], 20 * FS, 360.0)
        assert [to_json(e) for e in second.process(rest)] == [to_json(e) for e in first.process(rest)]
