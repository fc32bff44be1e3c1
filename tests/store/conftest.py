"""The tests that need a PostgreSQL server run where ``ECGMON_TEST_DATABASE`` names one."""

from __future__ import annotations

import os

collect_ignore = [] if os.environ.get("ECGMON_TEST_DATABASE") else ["test_postgresql.py"]
