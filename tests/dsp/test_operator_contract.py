"""What every operator promises: chunks do not matter, and its state can be copied, kept and checked."""

from __future__ import annotations

import copy
import itertools
import json
from typing import Any

import numpy as np
import pytest
from chunking import cuts
from hypothesis import given, settings
from hypothesis import strategies as st
from operators import CASES, SIZE, Case, Rows, joined, operators_of_the_program

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.stateful import Stateful
from ecgmon.monitor.headless.patient_memory import _from_plain, _to_plain

every_operator = pytest.mark.parametrize("case", CASES.values(), ids=[kind.__name__ for kind in CASES])


def fed(case: Case, operator: Any, points: list[int], until: int = SIZE) -> Rows:
    edges = [0, *points, until]
    return joined(case, [case.feed(operator, a, b) for a, b in itertools.pairwise(edges)])


def same(ours: Rows, theirs: Rows) -> None:
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, atol=1e-6, rtol=0)


def equal(ours: Any, theirs: Any) -> bool:
    """Whether two snapshots are the same, number by number."""
    if isinstance(ours, np.ndarray):
        return ours.dtype == theirs.dtype and np.array_equal(ours, theirs, equal_nan=ours.dtype != np.bool_)
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(equal(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(equal, ours, theirs))
    return ours == theirs or (ours != ours and theirs != theirs)


def through_a_file(snapshot: Any) -> Any:
    """The snapshot as it comes back from the file in which the service keeps it."""
    return json.loads(json.dumps(snapshot, default=_to_plain), object_hook=_from_plain)


@pytest.fixture(scope="module")
def wholes() -> dict[int, Rows]:
    """What each operator gives for the whole signal at once."""
    return {id(case): fed(case, case.make(), []) for case in CASES.values()}


def test_every_operator_of_the_program_is_in_the_list():
    assert operators_of_the_program() == CASES.keys()


@every_operator
def test_it_gives_something_to_compare(case, wholes):
    assert len(wholes[id(case)]) >= 9


@every_operator
def test_it_has_settings_and_a_state_of_its_own(case):
    operator, other = case.make(), case.make()
    assert isinstance(operator.settings, Settings)
    assert isinstance(operator, Stateful)
    assert operator.state is not other.state


@every_operator
def test_its_delay_is_the_one_that_it_states(case):
    stated = case.make().delay_samples
    assert isinstance(stated, float)
    assert stated >= 0.0
    assert case.lag(case.make()) == pytest.approx(stated, abs=case.tolerance)


@every_operator
def test_one_sample_at_a_time_gives_the_same(case, wholes):
    until = 1900
    same(
        fed(case, case.make(), list(range(1, until)), until),
        fed(case, case.make(), [], until),
    )


@every_operator
@settings(max_examples=8, deadline=None)
@given(points=cuts(SIZE).filter(lambda points: len(points) < 100))
def test_random_chunks_give_the_same(case, wholes, points):
    same(fed(case, case.make(), points), wholes[id(case)])


@every_operator
def test_what_it_gave_does_not_change_when_more_samples_come(case, wholes):
    operator = case.make()
    out = case.feed(operator, 0, 2000)
    before = case.rows(out).copy()
    case.feed(operator, 2000, SIZE)
    np.testing.assert_array_equal(case.rows(out), before)


@every_operator
@pytest.mark.parametrize("at", [0, 1, 1234])
def test_an_empty_chunk_changes_nothing(case, at):
    operator = case.make()
    case.feed(operator, 0, at)
    before = operator.snapshot()
    assert len(case.rows(case.feed(operator, at, at))) == 0
    assert equal(operator.snapshot(), before)


@every_operator
@settings(max_examples=6, deadline=None)
@given(at=st.integers(0, SIZE))
def test_a_new_one_goes_on_from_a_snapshot(case, at):
    first, second = case.make(), case.make()
    case.feed(first, 0, at)
    case.feed(second, 100, 1000)
    second.restore(through_a_file(first.snapshot()))
    same(case.rows(case.feed(second, at, SIZE)), case.rows(case.feed(first, at, SIZE)))
    assert equal(second.snapshot(), first.snapshot())


@every_operator
def test_a_snapshot_is_a_copy(case):
    operator = case.make()
    case.feed(operator, 0, 1500)
    snapshot = operator.snapshot()
    kept = copy.deepcopy(snapshot)
    case.feed(operator, 1500, SIZE)
    operator.reset(77)
    assert equal(snapshot, kept)


@every_operator
def test_one_snapshot_serves_many_times(case):
    first, second = case.make(), case.make()
    case.feed(first, 0, 1500)
    snapshot = first.snapshot()
    expected = case.rows(case.feed(first, 1500, SIZE))
    for _ in range(2):
        second.restore(snapshot)
        np.testing.assert_array_equal(case.rows(case.feed(second, 1500, SIZE)), expected)


@every_operator
@pytest.mark.parametrize("start", [0, 1000])
def test_after_a_reset_it_is_as_new(case, start):
    used, new = case.make(), case.make()
    case.feed(used, 0, SIZE)
    used.reset(start)
    new.reset(start)
    assert equal(used.snapshot(), new.snapshot())
    np.testing.assert_array_equal(case.rows(case.feed(used, 0, 2500)), case.rows(case.feed(new, 0, 2500)))


def damaged(snapshot: dict[str, Any]) -> list[tuple[str, Any]]:
    """Copies of a snapshot, each with one thing wrong in it."""
    wrong: list[tuple[str, Any]] = [("too much", {**snapshot, "more": 1})]
    for name, value in snapshot.items():
        wrong.append((f"no {name}", {key: snapshot[key] for key in snapshot if key != name}))
        spoilt: list[Any] = ["?", {"a": b"?"}]
        if isinstance(value, np.ndarray):
            spoilt += [value[None], value.astype(np.complex128), value.tolist()]
        elif isinstance(value, dict):
            spoilt += [inner for _, inner in damaged(value)]
        elif isinstance(value, bool):
            spoilt += [1]
        elif isinstance(value, (int, float)):
            spoilt += [True, None]
        elif isinstance(value, list):
            spoilt += [[*value, "?"], 7]
        wrong += [(f"{name} is {item!r}", {**snapshot, name: item}) for item in spoilt]
    return wrong


def refused(operator: Any, snapshot: Any) -> bool:
    """Whether an operator refuses a snapshot, and says so in words."""
    try:
        operator.restore(snapshot)
    except ValueError as error:
        return "does not fit" in str(error)
    return False


@every_operator
def test_a_damaged_snapshot_is_refused_and_changes_nothing(case):
    operator = case.make()
    case.feed(operator, 0, 1500)
    before = operator.snapshot()
    for what, wrong in damaged(before):
        assert refused(operator, wrong), what
        assert equal(operator.snapshot(), before), what


@every_operator
def test_what_is_no_snapshot_of_it_is_refused(case):
    operator = case.make()
    names = operator.snapshot().keys()
    others = [other.make().snapshot() for other in CASES.values()]
    foreign = [snapshot for snapshot in others if snapshot.keys() != names]
    assert len(foreign) >= 9
    for wrong in (None, 3, [], "state", np.zeros(3), {}, *foreign):
        assert refused(operator, wrong)
