"""The tests under Wine run where they are asked for: `make test-windows` sets LOU_TEST_WINDOWS."""

from __future__ import annotations

import os

if "LOU_TEST_WINDOWS" not in os.environ:
    collect_ignore_glob = ["test_windows.py"]
