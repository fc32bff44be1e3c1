"""The command line."""

from monitor.cli.entry import main

__all__ = ["main"]
