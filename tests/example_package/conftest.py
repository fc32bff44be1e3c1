"""Keeps pytest from collecting the example's own tests: they run where the example is installed."""

collect_ignore_glob = ["tests/*"]
