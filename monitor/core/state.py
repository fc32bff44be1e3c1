"""Copies a state, and checks one that is brought back, by the types that it declares."""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from itertools import repeat
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

Snapshot = dict[str, Any]
"""A copy of a state: plain numbers, strings, lists, dictionaries and numpy arrays, owned by whoever asked."""

StateT = TypeVar("StateT")


class Shape:
    """Declares the shape of an array in a state: ``Annotated[NDArray[np.float64], Shape(3, None)]``.

    An array without it has the shape that stands in its place in the state of the same part now.

    Parameters
    ----------
    sizes : int or None
        Size along each axis; None for any.
    """

    def __init__(self, *sizes: int | None) -> None:
        self._sizes = sizes

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Tell whether an array of this shape was declared."""
        return len(shape) == len(self._sizes) and all(
            wanted in (None, size) for wanted, size in zip(self._sizes, shape, strict=True)
        )


AnyLength = Annotated[NDArray[np.float64], Shape(None)]
"""An array in a state, of shape (n,), that grows and shrinks."""


def copy_state(state: Any) -> Snapshot:
    """Return a copy of a state, as plain data.

    Parameters
    ----------
    state : dataclass
        Its fields are numbers, strings, arrays, other dataclasses, or lists, deques, tuples and
        dictionaries of these; each may be None if its type says so. A field with ``init=False``
        follows from the others and is left out.
    """
    sort: Any = type(state)
    plain: Snapshot = _kind_of(sort).copy(state)
    return plain


def read_state(snapshot: Any, like: StateT, place: str = "state") -> StateT:
    """Return the state of which `copy_state` made a snapshot.

    Parameters
    ----------
    snapshot : dict
        The copy; a tuple may have become a list on its way through a file.
    like : dataclass
        A state of the same kind; it says which shapes and greatest lengths are wanted.
    place : str
        What the state is called in a message.

    Raises
    ------
    ValueError
        A name is missing or not known, or a value has another type or shape.
    """
    sort: Any = type(like)
    state: StateT = _kind_of(sort).read(snapshot, like, place)
    return state


def state_names(state: Any) -> list[str]:
    """Return the names that a state has in a snapshot."""
    return [field.name for field in fields(state) if field.init]


def check_names(snapshot: Any, names: Iterable[str], place: str) -> None:
    """Refuse a snapshot that lacks a name, or has one that is not known.

    Raises
    ------
    ValueError
        If it does.
    """
    if not isinstance(snapshot, dict):
        raise _unfit(place, snapshot, "a dictionary")
    if snapshot.keys() != set(names):
        odd = ", ".join(sorted(map(str, snapshot.keys() ^ set(names))))
        raise ValueError(f"a saved state does not fit: {place} lacks, or should not have, {odd}")


@dataclass(frozen=True, slots=True)
class _Kind:
    """How values of one type are copied, and how they are read: plain data, what stands there now, place."""

    copy: Callable[[Any], Any]
    read: Callable[[Any, Any, str], Any]


_NUMBERS: dict[type, tuple[type, ...]] = {float: (float, int), int: (int,), bool: (bool,), str: (str,)}
"""What is accepted for each plain type."""


@cache
def _kind_of(hint: Any, shape: Shape | None = None) -> _Kind:
    """Return how to treat values of a type."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint in _NUMBERS:
        return _scalar(hint)
    if is_dataclass(hint):
        return _record(hint)
    if origin is Annotated:
        return _kind_of(inner[0], next((mark for mark in inner[1:] if isinstance(mark, Shape)), None))
    if origin is np.ndarray:
        return _array(np.dtype(get_args(inner[1])[0]), shape)
    if origin is Literal:
        return _choice(inner)
    if origin in (Union, types.UnionType) and len(inner) == 2 and inner[1] is type(None):
        return _optional(_kind_of(inner[0]))
    if origin in (list, deque) or (origin is tuple and inner[-1] is ...):
        return _series(origin, _kind_of(inner[0]))
    if origin is tuple:
        return _tuple([_kind_of(item) for item in inner])
    if origin is dict and inner[0] is str:
        return _mapping(_kind_of(inner[1]))
    raise TypeError(f"a state cannot hold {hint}")


def _scalar(sort: type) -> _Kind:
    accepted = _NUMBERS[sort]

    def read(plain: Any, _: Any, place: str) -> Any:
        if type(plain) not in accepted:
            raise _unfit(place, plain, sort.__name__)
        try:
            return sort(plain)
        except OverflowError as error:
            raise _unfit(place, plain, sort.__name__) from error

    return _Kind(sort, read)


def _choice(values: tuple[Any, ...]) -> _Kind:
    def read(plain: Any, _: Any, place: str) -> Any:
        if type(plain) not in _NUMBERS or plain not in values:
            raise _unfit(place, plain, " or ".join(map(repr, values)))
        return plain

    return _Kind(lambda value: value, read)


def _optional(kind: _Kind) -> _Kind:
    return _Kind(
        lambda value: None if value is None else kind.copy(value),
        lambda plain, like, place: None if plain is None else kind.read(plain, like, place),
    )


def _array(dtype: np.dtype[Any], shape: Shape | None) -> _Kind:
    def read(plain: Any, like: Any, place: str) -> Any:
        if not isinstance(plain, np.ndarray) or plain.dtype != dtype:
            raise _unfit(place, plain, f"an array of {dtype}")
        wanted = Shape(*like.shape) if shape is None and like is not None else shape
        if wanted is None or not wanted.fits(plain.shape):
            raise ValueError(f"a saved state does not fit: {place} has another shape, {plain.shape}")
        return plain.copy()

    return _Kind(lambda value: value.copy(), read)


def _series(sort: type, kind: _Kind) -> _Kind:
    """Return how to treat a list, a deque, or a tuple of any length, whose items are of one kind."""

    def read(plain: Any, like: Any, place: str) -> Any:
        if not isinstance(plain, (list, tuple)):
            raise _unfit(place, plain, "a list")
        most = like.maxlen if isinstance(like, deque) else None
        if most is not None and len(plain) > most:
            raise ValueError(f"a saved state does not fit: {place} is longer than {most}")
        now = like if like is not None and len(like) == len(plain) else repeat(None)
        items = [
            kind.read(item, other, f"{place}[{i}]")
            for i, (item, other) in enumerate(zip(plain, now, strict=False))
        ]
        return items if sort is list else deque(items, most) if sort is deque else tuple(items)

    return _Kind(lambda value: [kind.copy(item) for item in value], read)


def _tuple(kinds: list[_Kind]) -> _Kind:
    """Return how to treat a tuple whose items each have a kind of their own."""

    def read(plain: Any, like: Any, place: str) -> Any:
        if not isinstance(plain, (list, tuple)) or len(plain) != len(kinds):
            raise _unfit(place, plain, f"a list of {len(kinds)}")
        now = repeat(None) if like is None else like
        return tuple(
            kind.read(item, other, f"{place}[{i}]")
            for i, (kind, item, other) in enumerate(zip(kinds, plain, now, strict=False))
        )

    return _Kind(lambda value: [kind.copy(item) for kind, item in zip(kinds, value, strict=True)], read)


def _mapping(kind: _Kind) -> _Kind:
    def read(plain: Any, _: Any, place: str) -> Any:
        if not isinstance(plain, dict) or not all(isinstance(key, str) for key in plain):
            raise _unfit(place, plain, "a dictionary of names")
        return {key: kind.read(item, None, f"{place}.{key}") for key, item in plain.items()}

    return _Kind(lambda value: {key: kind.copy(item) for key, item in value.items()}, read)


def _record(sort: Any) -> _Kind:
    """Return how to treat a dataclass."""
    hints = get_type_hints(sort, include_extras=True)
    kinds = {name: _kind_of(hints[name]) for name in state_names(sort)}

    def read(plain: Any, like: Any, place: str) -> Any:
        check_names(plain, kinds, place)
        return sort(
            **{
                name: kind.read(plain[name], getattr(like, name, None), f"{place}.{name}")
                for name, kind in kinds.items()
            }
        )

    return _Kind(lambda value: {name: kind.copy(getattr(value, name)) for name, kind in kinds.items()}, read)


def _unfit(place: str, plain: Any, wanted: str) -> ValueError:
    found = "an array" if isinstance(plain, np.ndarray) else repr(plain)[:40]
    return ValueError(f"a saved state does not fit: {place} is {found}, not {wanted}")
