"""Parts of one kind by name: our own, imported on use, and other packages', by entry point."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from ecgmon.monitor.core.errors import PluginError


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
    """

    def __init__(self, group: str, own: Mapping[str, str]) -> None:
        self.group = group
        self._own = dict(own)

    @cached_property
    def _foreign(self) -> dict[str, EntryPoint]:
        found = entry_points(group=self.group)
        return {point.name: point for point in sorted(found) if point.name not in self._own}

    def names(self) -> list[str]:
        """Return all names: our own in their order, then other packages' in alphabetical order."""
        return [*self._own, *self._foreign]

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self._foreign

    def close_to(self, name: str) -> str | None:
        """Return the known name that is most like a mistyped one, if any is."""
        return next(iter(difflib.get_close_matches(name, self.names(), n=1)), None)

    def load(self, name: str) -> Any:
        """Return the part of that name, importing it now.

        Raises
        ------
        KeyError
            Nobody offers this name.
        PluginError
            Another package offers it, but it cannot be imported.
        """
        own = self._own.get(name)
        if own is not None:
            module, _, attribute = own.partition(":")
            return getattr(importlib.import_module(module), attribute)
        point = self._foreign[name]
        try:
            return point.load()
        except Exception as error:  # anything can happen in somebody else's code
            package = point.dist.name if point.dist is not None else point.module
            raise PluginError(
                f"{name!r} of {self.group} comes from the package {package}, which cannot be loaded "
                f"({type(error).__name__}: {error}).",
                f"Update or remove it: pip uninstall {package}",
            ) from error
