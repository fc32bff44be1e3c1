"""The monitor as a service: watchdog, status over a local socket, state over restarts, checks."""
