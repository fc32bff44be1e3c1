"""Lets ``python -m monitor`` be the command line."""

import sys

from monitor.cli import main

if __name__ == "__main__":
    sys.exit(main())
