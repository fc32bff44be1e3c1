"""Keeps the disk from filling: the oldest continuous signal goes first, alarm strips stay."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from monitor.outputs.annotations import ANNOTATOR

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
        for suffix in (".hea", ".dat", f".{ANNOTATOR}"):
            self.header.with_suffix(suffix).unlink(missing_ok=True)


def free_bytes(folder: Path) -> int:
    """Return the free space of the disk that a folder is on."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


class DiskGuard:
    """Deletes continuous signal until the limits hold.

    Parameters
    ----------
    folder : Path
        Of the recordings.
    keep_mb : float or None
        The most that signal may take.
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
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        self._folder = folder
        self._keep = None if keep_mb is None else keep_mb * MEGABYTE
        self._free_wanted = free_mb * MEGABYTE
        self._free = free

    def make_room(self, growing: frozenset[Path] = frozenset()) -> bool:
        """Delete what must go; False if the disk is too full all the same.

        Parameters
        ----------
        growing : set of Path
            Headers of segments that still grow; they stay.
        """
        recordings = sorted(self._recordings())
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

    def _recordings(self) -> list[Recording]:
        found = []
        for header in self._folder.glob(f"*/{SIGNAL_FOLDER}/*.hea"):
            signal = header.with_suffix(".dat")
            if signal.exists():
                status = signal.stat()
                found.append(Recording(status.st_mtime, header, status.st_size))
        return found
