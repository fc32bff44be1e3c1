"""Runs a long list of jobs on the cores there are: in their order, with progress, and to a clean end."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress

J = TypeVar("J")
R = TypeVar("R")

Results = Generator[tuple[int, R], None, None]
"""Results as they come, each with the place of its job in the list."""


def run(work: Callable[[J], R], jobs: Sequence[J], processes: int, title: str) -> list[R]:
    """Do some work on each job, several at a time, and show on standard error how far it is.

    Parameters
    ----------
    work : callable
        A function of a module, so that another process can find it.
    jobs : sequence
        What to work on.
    processes : int
        Number of processes; 1 stays in this one.
    title : str
        What the progress bar says.

    Returns
    -------
    list
        The results in the order of the jobs.

    Raises
    ------
    Exception
        What ``work`` raised first; work that has not begun is dropped, and no process stays behind.
    """
    alone = processes <= 1 or len(jobs) <= 1
    results: dict[int, R] = {}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=len(jobs))
        done = _here(work, jobs) if alone else _elsewhere(work, jobs, processes)
        with contextlib.closing(done):
            for place, result in done:
                results[place] = result
                progress.advance(task)
    return [results[place] for place in range(len(jobs))]


def _here(work: Callable[[J], R], jobs: Sequence[J]) -> Results[R]:
    for place, job in enumerate(jobs):
        yield place, work(job)


def _elsewhere(work: Callable[[J], R], jobs: Sequence[J], processes: int) -> Results[R]:
    context = multiprocessing.get_context("spawn")
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(min(processes, len(jobs)), mp_context=context, initializer=_serve)
    try:
        places = {pool.submit(work, job): place for place, job in enumerate(jobs)}
        for future in as_completed(places):
            yield places[future], future.result()
    except BaseException:
        # a record takes seconds: whoever pressed Ctrl-C does not wait for those in work
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _serve() -> None:
    """Leave Ctrl-C to the parent, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
