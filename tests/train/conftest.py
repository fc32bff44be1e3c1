"""Tests of training run on one thread: sums on another number of threads round differently."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from made_records import write_databases

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Undo what a command line with ``--jobs`` has set."""
    yield
    torch.set_num_threads(1)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep prepared records out of the user's cache."""
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small made databases."""
    return write_databases(tmp_path_factory.mktemp("databases"))
