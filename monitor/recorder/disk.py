"""Keeps the disk from filling: the oldest continuous signal goes first, alarm strips by their own limit."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ecgmon.monitor.wfdb.annotations import ANNOTATOR

LOG = logging.getLogger(__name__)

MEGABYTE = 1_000_000
SIGNAL_FOLDER = "signal"
STRIP_FOLDER = "alarms"


class Recording(NamedTuple):
    """A record on the disk; the oldest sorts first."""

    modified: float
    header: Path
    size_bytes: int

    def delete(self) -> None:
        """Delete its files, the header first, so that no reader finds half a record."""
        for suffix in (".hea", ".dat", f".{ANNOTATOR}", ".edf"):
            self.header.with_suffix(suffix).unlink(missing_ok=True)


def free_bytes(folder: Path) -> int:
    """Return the free space of the disk that a folder is on."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


class DiskGuard:
    """Deletes recordings until the limits hold: signal also for free space, strips only beyond their own.

    Parameters
    ----------
    folder : Path
        Of the recordings.
    keep_mb : float or None
        The most that signal may take.
    keep_strips_mb : float or None
        The most that alarm strips may take.
    free_mb : float
        The least that stays free.
    free : callable
        Returns the free bytes of the disk of a folder.
    """

    def __init__(
        self,
        folder: Path,
        keep_mb: float | None,
        free_mb: float,
        keep_strips_mb: float | None = None,
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        self._folder = folder
        self._keep = None if keep_mb is None else keep_mb * MEGABYTE
        self._keep_strips = None if keep_strips_mb is None else keep_strips_mb * MEGABYTE
        self._free_wanted = free_mb * MEGABYTE
        self._free = free

    def make_room(self, growing: frozenset[Path] = frozenset()) -> bool:
        """Delete what must go; False if the disk is too full all the same.

        Parameters
        ----------
        growing : set of Path
            Headers of segments that still grow; they stay.
        """
        self._thin_strips()
        recordings = sorted(self._recordings(SIGNAL_FOLDER))
        total = sum(recording.size_bytes for recording in recordings)
        for recording in recordings:
            over = self._keep is not None and total > self._keep
            if not over and self._free(self._folder) >= self._free_wanted:
                return True
            if recording.header in growing:
                continue
            recording.delete()
            total -= recording.size_bytes
            LOG.info("The disk is full enough: %s was deleted.", recording.header.stem)
        return self._free(self._folder) >= self._free_wanted

    def _thin_strips(self) -> None:
        if self._keep_strips is None:
            return
        strips = sorted(self._recordings(STRIP_FOLDER))
        total = sum(strip.size_bytes for strip in strips)
        for strip in strips:
            if total <= self._keep_strips:
                return
            strip.delete()
            total -= strip.size_bytes
            LOG.info("There are enough strips: %s was deleted.", strip.header.stem)

    def _recordings(self, sort: str) -> list[Recording]:
        found = []
        for header in self._folder.glob(f"*/{sort}/*.hea"):
            signal = header.with_suffix(".dat")
            if signal.exists():
                status = signal.stat()
                found.append(Recording(status.st_mtime, header, status.st_size))
        return found
