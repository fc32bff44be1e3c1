"""The pages by name: our own, and those of other packages (entry point ``ecgmon.pages``)."""

from __future__ import annotations

import sys

from ecgmon.monitor.core.errors import PluginError
from ecgmon.monitor.core.plugins import Registry
from ecgmon.monitor.dashboard.pages.base import Page, PageContext
from ecgmon.monitor.dashboard.pages.broken import BrokenPage

_HERE = "ecgmon.monitor.dashboard.pages"

GROUP = "ecgmon.pages"
"""Entry points of other packages' pages."""

OWN_PAGES = {
    "live": f"{_HERE}.live:LivePage",
    "review": f"{_HERE}.review:ReviewPage",
    "trends": f"{_HERE}.trends:TrendsPage",
    "patients": f"{_HERE}.patients:PatientsPage",
}
"""In the order of the tabs."""


def page_registry() -> Registry:
    """Return all pages that can be had; entry points are looked up anew for each window."""
    return Registry(GROUP, OWN_PAGES, _unfit)


def make_pages(context: PageContext) -> dict[str, Page]:
    """Make every page there is, by name in the order of the tabs.

    One of another package that cannot be had becomes a page that says why.

    Parameters
    ----------
    context : PageContext
        What the window gives to its pages.
    """
    registry = page_registry()
    return {
        name: _own(registry, name, context) if name in OWN_PAGES else _foreign(registry, name, context)
        for name in registry.names()
    }


def _own(registry: Registry, name: str, context: PageContext) -> Page:
    page: Page = registry.load(name)(context)
    page.build()
    return page


def _foreign(registry: Registry, name: str, context: PageContext) -> Page:
    try:
        page: Page = registry.load(name)(context)
        page.build()
    except Exception as error:  # anything can happen in somebody else's code
        return broken_page(name, context, error)
    return page


def _unfit(kind: object) -> str:
    is_page = isinstance(kind, type) and issubclass(kind, Page)
    return "" if is_page else f"{kind!r} is not a class derived from {Page.__module__}.Page"


def broken_page(name: str, context: PageContext, error: Exception) -> BrokenPage:
    """Return what stands in the place of a page that failed."""
    words = str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"
    sys.stderr.write(f"ecgmon: the page {name!r} does not work: {words}\n")
    page = BrokenPage(context)
    page.build()
    page.show_problem(name, words)
    return page
