"""A state is copied as plain data, and what comes back is taken only if it is what was declared."""

from __future__ import annotations

import json
import math
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgmon.monitor.core.state import AnyLength, Shape, copy_state, read_state
from ecgmon.monitor.core.stateful import NoState, Stateful


@dataclass(frozen=True, slots=True)
class Mark:
    at: float
    name: str


@dataclass(slots=True)
class Sorted:
    values: list[int]
    ordered: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.ordered = sorted(self.values)


@dataclass(slots=True)
class Everything:
    number: float = 0.0
    count: int = 0
    flag: bool = False
    name: str = ""
    mood: Literal["calm", "busy"] = "calm"
    maybe: int | None = None
    items: list[float] = field(default_factory=list)
    last: deque[int] = field(default_factory=lambda: deque(maxlen=3))
    pair: tuple[int, str] = (0, "")
    some: tuple[float, ...] = ()
    shares: dict[str, float] = field(default_factory=dict)
    mark: Mark | None = None
    marks: deque[tuple[Mark, float | None]] = field(default_factory=deque)
    sorted: Sorted = field(default_factory=lambda: Sorted([]))
    fixed: NDArray[np.float64] = field(default_factory=lambda: np.zeros((2, 3)))
    mask: Annotated[NDArray[np.bool_], Shape(None)] = field(default_factory=lambda: np.zeros(0, np.bool_))
    growing: AnyLength = field(default_factory=lambda: np.zeros(0))
    layers: list[NDArray[np.float32]] = field(default_factory=lambda: [np.zeros(2, np.float32)] * 2)
    rows: list[Annotated[NDArray[np.float64], Shape(2, None)]] = field(default_factory=list)


def eventful() -> Everything:
    return Everything(
        number=1.5,
        count=3,
        flag=True,
        name="a",
        mood="busy",
        maybe=7,
        items=[1.0, math.nan, -math.inf],
        last=deque([1, 2, 3], maxlen=3),
        pair=(4, "b"),
        some=(1.0, 2.0),
        shares={"N": 0.25},
        mark=Mark(2.0, "m"),
        marks=deque([(Mark(1.0, "x"), None), (Mark(2.0, "y"), 0.5)]),
        sorted=Sorted([3, 1, 2]),
        fixed=np.arange(6.0).reshape(2, 3),
        mask=np.array([True, False]),
        growing=np.arange(4.0),
        layers=[np.ones(2, np.float32), np.full(2, 2, np.float32)],
        rows=[np.ones((2, 1)), np.ones((2, 5))],
    )


def plain_only(value: Any) -> bool:
    """Whether all of it can be written by the service that keeps it."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and plain_only(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(plain_only, value))
    return value is None or type(value) in (int, float, bool, str, np.ndarray)


def test_a_copy_holds_all_that_was_declared_as_plain_data():
    snapshot = copy_state(eventful())
    assert plain_only(snapshot)
    assert snapshot["marks"] == [[{"at": 1.0, "name": "x"}, None], [{"at": 2.0, "name": "y"}, 0.5]]
    assert snapshot["sorted"] == {"values": [3, 1, 2]}, "what follows from other fields is not kept"


def test_a_copy_shares_nothing_with_the_state():
    state = eventful()
    snapshot = copy_state(state)
    state.fixed[:] = -1.0
    state.layers[0][:] = -1.0
    state.items.append(5.0)
    state.sorted.values.append(9)
    assert snapshot["fixed"][1, 2] == 5.0
    assert snapshot["layers"][0][0] == 1.0
    assert len(snapshot["items"]) == 3
    assert snapshot["sorted"]["values"] == [3, 1, 2]


def test_numbers_of_numpy_become_plain_ones():
    snapshot = copy_state(Everything(number=np.float64(2.0), count=np.int64(3), flag=np.bool_(True)))
    assert [type(snapshot[name]) for name in ("number", "count", "flag")] == [float, int, bool]


def test_a_state_comes_back_as_it_was():
    state = eventful()
    back = read_state(copy_state(state), Everything())
    for name, value in asdict(state).items():
        np.testing.assert_equal(asdict(back)[name], value)
        assert type(getattr(back, name)) is type(getattr(state, name)), name
    assert back.last.maxlen == 3
    assert back.sorted.ordered == [1, 2, 3], "what follows from other fields is made anew"


def test_a_state_that_came_back_shares_nothing_with_the_copy():
    snapshot = copy_state(eventful())
    read_state(snapshot, Everything()).fixed[:] = -1.0
    assert snapshot["fixed"][1, 2] == 5.0


@given(
    st.builds(
        Everything,
        number=st.floats(),
        count=st.integers(),
        flag=st.booleans(),
        name=st.text(max_size=5),
        maybe=st.none() | st.integers(),
        items=st.lists(st.floats(), max_size=5),
        last=st.lists(st.integers(), max_size=3).map(lambda items: deque(items, maxlen=3)),
        pair=st.tuples(st.integers(), st.text(max_size=3)),
        some=st.lists(st.floats(), max_size=3).map(tuple),
        shares=st.dictionaries(st.text(max_size=3), st.floats(0, 1), max_size=3),
        mark=st.none() | st.builds(Mark, st.floats(), st.text(max_size=3)),
        growing=st.lists(st.floats(), max_size=4).map(lambda items: np.array(items, dtype=np.float64)),
    )
)
def test_any_state_survives_a_json_file_but_for_its_arrays(state):
    snapshot = copy_state(state)
    arrays = {name: value for name, value in snapshot.items() if isinstance(value, np.ndarray)}
    lists = {name: snapshot[name] for name in ("layers", "rows")}
    kept = {name: value for name, value in snapshot.items() if name not in {*arrays, *lists}}
    back = read_state({**json.loads(json.dumps(kept)), **arrays, **lists}, Everything())
    np.testing.assert_equal(copy_state(back), snapshot)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("number", "1"),
        ("number", None),
        ("number", True),
        ("number", 10**400),
        ("count", 1.0),
        ("count", True),
        ("flag", 1),
        ("name", 1),
        ("mood", "sad"),
        ("mood", ["calm"]),
        ("maybe", "1"),
        ("items", 3.0),
        ("items", ["1"]),
        ("items", {"0": 1.0}),
        ("last", [1, 2, 3, 4]),
        ("pair", [1]),
        ("pair", [1, "a", 2]),
        ("pair", ["a", 1]),
        ("some", [None]),
        ("shares", [["N", 1.0]]),
        ("shares", {"N": "1"}),
        ("shares", {1: 1.0}),
        ("mood", np.zeros(2)),
        ("mark", {"at": 1.0}),
        ("mark", {"at": 1.0, "name": "m", "more": 1}),
        ("mark", [1.0, "m"]),
        ("marks", [[{"at": 1.0, "name": 2}, None]]),
        ("sorted", {"values": [1], "ordered": [1]}),
        ("fixed", np.zeros((3, 2))),
        ("fixed", np.zeros(6)),
        ("fixed", np.zeros((2, 3), np.float32)),
        ("fixed", [[0.0] * 3] * 2),
        ("mask", np.zeros(3)),
        ("growing", np.zeros((1, 2))),
        ("growing", 1.0),
        ("layers", [np.zeros(2, np.float32)]),
        ("layers", [np.zeros(2, np.float32), np.zeros(3, np.float32)]),
        ("rows", [np.zeros((3, 1))]),
    ],
)
def test_what_was_not_declared_is_refused_by_name(name, wrong):
    with pytest.raises(ValueError, match=rf"does not fit: state\.{name}"):
        read_state({**copy_state(eventful()), name: wrong}, Everything())


def test_names_that_are_missing_or_not_known_are_told():
    snapshot = copy_state(eventful())
    del snapshot["count"]
    with pytest.raises(ValueError, match=r"lacks, or should not have, count, cuont"):
        read_state({**snapshot, "cuont": 1}, Everything())


def test_a_whole_number_will_do_for_a_float():
    assert type(read_state({**copy_state(Everything()), "number": 2}, Everything()).number) is float


@dataclass
class Strange:
    numbers: set[int] = field(default_factory=set)


@dataclass
class Numbered:
    counts: dict[int, float] = field(default_factory=dict)


@pytest.mark.parametrize(("state", "what"), [(Strange(), "set"), (Numbered(), "dict")])
def test_a_state_that_cannot_be_kept_is_found_at_once(state, what):
    with pytest.raises(TypeError, match=f"cannot hold {what}"):
        copy_state(state)


@dataclass(slots=True)
class CounterState:
    start: int
    count: int = 0


class Counter(Stateful[CounterState]):
    def fresh(self, start: int) -> CounterState:
        return CounterState(start)


class Pair(Stateful[NoState]):
    def __init__(self) -> None:
        self.first, self.second = Counter(), Counter()
        super().__init__(first=self.first, second=self.second)

    def fresh(self, start: int) -> NoState:
        return NoState()


def test_a_reset_reaches_every_part():
    pair = Pair()
    pair.first.state.count = pair.second.state.count = 5
    pair.reset(9)
    assert pair.snapshot() == {"first": {"start": 9, "count": 0}, "second": {"start": 9, "count": 0}}


def test_a_part_that_does_not_fit_leaves_all_others_as_they_are():
    pair = Pair()
    pair.first.state.count = 5
    before = pair.snapshot()
    with pytest.raises(ValueError, match=r"state\.second\.count"):
        pair.restore({"first": {"start": 1, "count": 1}, "second": {"start": 1, "count": "?"}})
    assert pair.snapshot() == before


def test_a_class_without_a_fresh_state_cannot_be_built():
    class Nothing(Stateful[NoState]):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Nothing()


def test_a_part_cannot_hide_a_field_of_the_state():
    class Confused(Counter):
        def __init__(self) -> None:
            super().__init__(count=Counter())

    with pytest.raises(TypeError, match="Confused have the same name"):
        Confused()
