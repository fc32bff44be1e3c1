"""What all tests share: a screenless Qt, the full databases, and no silent skips."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

collect_ignore = [] if find_spec("torch") else ["train"]

UNEXPECTED = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-unexpected-skips",
        action="store_true",
        help="fail if a test is skipped for any reason but the absence of the full databases",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[UNEXPECTED] = []
    if config.getoption("--no-unexpected-skips"):
        config.pluginmanager.register(SkipWatch(config), "skip-watch")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    train = Path(__file__).parent / "train"
    for item in items:
        if train in item.path.parents:
            item.add_marker(pytest.mark.train)
        if item.get_closest_marker("full_data") and not os.environ.get("ECGMON_DATA"):
            item.add_marker(pytest.mark.skip(reason="ECGMON_DATA names no folder of full databases"))


class SkipWatch:
    """Turns a skip into a failure, unless it is one of a test marked ``full_data``."""

    def __init__(self, config: pytest.Config) -> None:
        self.unexpected = config.stash[UNEXPECTED]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail") and "full_data" not in report.keywords:
            self.unexpected.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.unexpected.append(report.nodeid)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        if self.unexpected and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        yield

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.unexpected:
            terminalreporter.section("skipped, though they should have run", red=True)
            for nodeid in self.unexpected:
                terminalreporter.line(nodeid)
