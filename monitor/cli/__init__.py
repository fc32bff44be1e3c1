"""The command line."""

from ecgmon.monitor.cli.entry import main

__all__ = ["main"]
