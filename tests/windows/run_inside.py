"""Runs pytest in the Windows interpreter, without the tests that Windows cannot run.

usage: python -m tests.windows.run_inside FILE
"""

from __future__ import annotations

import sys

import pytest

from tests.windows.posix_only import REASONS


class PosixOnly:
    """Skips what `posix_only` names, and fails for a name that no test has."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        found = {_name(item): item for item in items}
        files = {name.partition("::")[0] for name in found}
        for name, reason in REASONS.items():
            if name.partition("::")[0] not in files:
                continue
            matching = [item for key, item in found.items() if name in {key, key.partition("[")[0]}]
            if not matching:
                raise pytest.UsageError(f"posix_only names {name}, which is no test")
            for item in matching:
                item.add_marker(pytest.mark.skip(reason=reason))


def _name(item: pytest.Item) -> str:
    return item.nodeid.removeprefix("tests/")


if __name__ == "__main__":
    words = ["-q", "-p", "no:cacheprovider", "-o", "timeout_method=thread", *sys.argv[1:]]
    sys.exit(pytest.main(words, plugins=[PosixOnly()]))
