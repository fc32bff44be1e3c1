"""Tests of training run on one thread: sums on another number of threads round differently."""

from collections.abc import Iterator

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Undo what a command line with ``--threads`` has set."""
    yield
    torch.set_num_threads(1)
