"""Where events go: console, JSON lines, WFDB annotations."""
