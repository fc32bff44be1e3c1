"""Parts of one kind by name: our own, imported on use, and other packages', by entry point."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from ecgmon.monitor.core.errors import EcgmonError, PluginError

OURS = "ecgmon"
"""Name of our own package where parts are listed."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A part that can be chosen, or why it cannot.

    Parameters
    ----------
    name : str
        What to choose it by.
    package : str
        The package that offers it.
    part : object
        The part; None if it is broken.
    problem : str
        Why it cannot be used; empty if it can.
    """

    name: str
    package: str
    part: Any = None
    problem: str = ""


def instance_of(kind: type) -> Callable[[Any], str]:
    """Return a function that says what is wrong with a part that is no instance of a class."""

    def fits(part: Any) -> str:
        return "" if isinstance(part, kind) else f"it is a {type(part).__name__} and not a {kind.__name__}"

    return fits


def lacking(part: object, names: Iterable[str]) -> str:
    """Return which of some names a part does not have, with commas; empty if it has all."""
    return ", ".join(name for name in names if not hasattr(part, name))


class Registry:
    """Knows the parts of one kind, such as decoders, without importing them.

    Entry points are read only when a name is not one of our own, or when all are listed, so
    that nobody pays for what nobody installed. A name of our own cannot be taken by another package.

    Parameters
    ----------
    group : str
        Entry point group of other packages' parts, such as ``ecgmon.decoders``.
    own : mapping of str to str
        Our own parts: name to ``module:attribute``.
    fits : callable, optional
        Takes a part of another package; returns what is wrong with it, empty if nothing is.
    """

    def __init__(self, group: str, own: Mapping[str, str], fits: Callable[[Any], str] | None = None) -> None:
        self.group = group
        self._own = dict(own)
        self._fits = fits

    @cached_property
    def _foreign(self) -> dict[str, tuple[EntryPoint, ...]]:
        """Entry points by name; more than one of a name can be told apart by nobody."""
        points: dict[str, tuple[EntryPoint, ...]] = {}
        for point in sorted(entry_points(group=self.group)):
            if point.name not in self._own:
                points[point.name] = (*points.get(point.name, ()), point)
        return points

    def own_names(self) -> list[str]:
        """Return the names of our own parts in their order; reads no entry point."""
        return list(self._own)

    def names(self) -> list[str]:
        """Return all names: our own in their order, then other packages' in alphabetical order."""
        return [*self._own, *self._foreign]

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self._foreign

    def close_to(self, name: str) -> str | None:
        """Return the known name that is most like a mistyped one, if any is."""
        import difflib  # noqa: PLC0415 - only a mistyped name needs it

        return next(iter(difflib.get_close_matches(name, self.names(), n=1)), None)

    def package(self, name: str) -> str:
        """Return the package that offers a name.

        Raises
        ------
        KeyError
            Nobody offers this name.
        """
        return OURS if name in self._own else " and ".join(sorted(map(_package, self._foreign[name])))

    def load(self, name: str) -> Any:
        """Return the part of that name, importing it now.

        Raises
        ------
        KeyError
            Nobody offers this name.
        PluginError
            Another package offers it, but it cannot be imported or does not fit.
        """
        own = self._own.get(name)
        if own is not None:
            module, _, attribute = own.partition(":")
            return getattr(importlib.import_module(module), attribute)
        points = self._foreign[name]
        if len(points) > 1:
            raise PluginError(
                f"{name!r} of {self.group} is offered by more than one package: {self.package(name)}.",
                f"Remove all but one: pip uninstall {_package(points[0])}",
            )
        with self.blaming(name, "cannot be loaded"):
            part = points[0].load()
        wrong = self._fits(part) if self._fits is not None else ""
        if wrong:
            raise self._refused(name, f"does not fit: {wrong}")
        return part

    def offers(self) -> list[Offer]:
        """Return all parts, our own first; one that is broken says why and hinders nobody."""
        return [self._offer(name) for name in self.names()]

    def _offer(self, name: str) -> Offer:
        try:
            return Offer(name, self.package(name), self.load(name))
        except PluginError as error:
            return Offer(name, self.package(name), problem=str(error))

    @contextmanager
    def blaming(self, name: str, what: str) -> Iterator[None]:
        """Turn any failure of a part of another package into an error that names the package.

        Parameters
        ----------
        name : str
            The part.
        what : str
            What went wrong, such as ``cannot be loaded``.

        Raises
        ------
        PluginError
            The code within failed; errors made for people are passed on as they are.
        """
        try:
            yield
        except EcgmonError:
            raise
        except (Exception, SystemExit) as error:  # anything can happen in somebody else's code
            if name in self._own:
                raise
            raise self._refused(name, f"{what} ({type(error).__name__}: {error})") from error

    def _refused(self, name: str, why: str) -> PluginError:
        package = self.package(name)
        return PluginError(
            f"{name!r} of {self.group} comes from the package {package}, which {why}.",
            f"Update or remove it: pip uninstall {package}",
        )


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.module
