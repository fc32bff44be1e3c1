"""Tells systemd that the service is ready, alive and ending (sd_notify), and writes for the journal."""

from __future__ import annotations

import logging
import os

from ecgmon.monitor.core.names import LINE_CHARACTERS, printable
from ecgmon.monitor.core.platform import local_socket

ALIVE_SHARE = 0.4
"""Signs of life come after this share of the watchdog's time."""

_LEVELS = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}


def notify(*lines: str) -> bool:
    """Send a state to the service manager; False if none listens.

    Parameters
    ----------
    lines : str
        Such as ``READY=1``, ``WATCHDOG=1``, ``STATUS=...``; see ``sd_notify(3)``.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with local_socket("the notice to systemd", datagrams=True) as channel:
        try:
            channel.connect(address)
            channel.sendall("\n".join(printable(line, LINE_CHARACTERS) for line in lines).encode())
        except OSError:
            return False
    return True


def alive_every_s() -> float | None:
    """Return how often the service manager wants a sign of life; None if it does not."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        return ALIVE_SHARE * int(os.environ["WATCHDOG_USEC"]) / 1e6
    except (KeyError, ValueError):
        return None


class PrintableFormatter(logging.Formatter):
    """Lets no text of a stranger do anything to who reads the log."""

    def lead(self, record: logging.LogRecord) -> str:  # noqa: ARG002 - for those that need it
        """Return what stands in front of each line of a record."""
        return ""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's lines."""
        lines = super().format(record).splitlines()
        return "\n".join(self.lead(record) + printable(line, LINE_CHARACTERS) for line in lines)


class JournalFormatter(PrintableFormatter):
    """Puts the priority in front of each line, as the journal understands it (``sd-daemon(3)``)."""

    def lead(self, record: logging.LogRecord) -> str:
        """See `PrintableFormatter.lead`."""
        return f"<{_LEVELS.get(record.levelno, 6)}>"


def log_to_journal() -> None:
    """Log to standard error, with priorities if that is the journal."""
    handler = logging.StreamHandler()
    journal = "JOURNAL_STREAM" in os.environ
    handler.setFormatter(
        JournalFormatter("%(message)s") if journal else PrintableFormatter("%(levelname)s %(message)s")
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler])
