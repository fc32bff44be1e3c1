"""``python -m ecgmon``: the same as the command ``ecgmon``."""

import sys

from ecgmon.monitor.cli import main

if __name__ == "__main__":
    sys.exit(main())
