"""`python -m tests.newcomers`: drives each way in which a newcomer may begin, and counts them.

Each way ends in a working call, or in a sentence that says what to do. The tests behind them use
the real application.
"""

from __future__ import annotations

import os
import sys

import pytest

_FULL = "tests/ui/test_ui_full_disk.py"
_ODD = "tests/ui/test_ui_odd_computers.py"
_SCREEN = "tests/ui/test_ui_screen.py"
_NEW = "tests/ui/test_ui_newcomers.py"
_COMMAND = f"{_NEW}::test_a_command_that_does_not_work"
_CLI = "tests/cli/test_cli_newcomers.py"

WAYS: dict[str, tuple[str, ...]] = {
    "no tray": (f"{_SCREEN}::test_without_a_tray_the_window_never_hides_for_good",),
    "no keyring": (f"{_CLI}::test_without_a_keyring_the_keys_go_to_an_encrypted_file",),
    "a locked keyring": (
        "tests/ui/test_ui_keys.py::test_locked_keyring_is_explained_and_unlocking_brings_everything_back",
    ),
    "Claude runs": (f"{_NEW}::test_a_client_that_runs_is_told_apart",),
    "no Claude": (f"{_NEW}::test_no_client_at_all",),
    "a broken client file": (f"{_NEW}::test_a_client_whose_file_cannot_be_changed",),
    "a client file that is read-only": (f"{_NEW}::test_a_clients_file_that_nobody_may_change",),
    "an own server with a wrong command": (
        f"{_NEW}::test_a_wrong_command_is_put_right_and_called",
        f"{_COMMAND}[wrong command]",
    ),
    "a client file that is a link": (f"{_NEW}::test_a_clients_file_that_is_a_link",),
    "an own server at an address that is down": (
        f"{_NEW}::test_a_server_at_an_address_that_is_down_and_comes_back",
    ),
    "two displays, one of which is gone": (
        f"{_SCREEN}::test_a_window_left_on_a_display_that_is_gone_comes_back_on_the_other",
    ),
    "a small screen": ("tests/ui/test_ui_room.py",),
    "an own server that ends at once": (f"{_COMMAND}[ends at once]",),
    "no network": (
        f"{_CLI}::test_a_search_without_a_network_says_so_once_and_the_rest_works",
        f"{_NEW}::test_an_address_without_a_network",
    ),
    "a rejected key": (
        f"{_NEW}::test_an_address_with_a_wrong_key_leads_to_that_key",
        "tests/ui/test_ui_keys.py::test_a_key_that_its_provider_rejects",
    ),
    "a proxy that is not there": (f"{_ODD}::test_a_proxy_that_is_not_there",),
    "a full disk": (_FULL,),
    "a wrong clock": (f"{_ODD}::test_a_clock_that_is_years_off",),
    "very long names": (
        f"{_ODD}::test_a_home_of_an_odd_name[a long path]",
        "tests/ui/test_ui_window.py::test_a_server_of_long_words_keeps_its_buttons_in_the_smallest_window",
        "tests/ui/test_ui_keys.py::test_what_is_too_long_for_a_key_is_refused_whole",
    ),
    "a port that is taken": (f"{_NEW}::test_a_port_that_another_program_has",),
    "a second Lou": (f"{_SCREEN}::test_a_second_start_raises_the_first_ones_window",),
    "the keyboard alone": ("tests/ui/test_ui_first_run.py",),
    "German at 200 %": (f"{_ODD}::test_german_at_200_percent",),
    "a home with spaces and other letters": (f"{_ODD}::test_a_home_of_an_odd_name[other letters]",),
    "a home without permission": (
        f"{_SCREEN}::test_a_home_in_which_nothing_can_be_written_is_told_on_the_screen",
        f"{_SCREEN}::test_a_person_is_told_on_the_screen_why_lou_does_not_start",
    ),
}


class _Outcomes:
    """Which tests passed."""

    def __init__(self) -> None:
        self.passed: dict[str, bool] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        before = self.passed.get(report.nodeid, True)
        self.passed[report.nodeid] = before and report.passed

    def of(self, wanted: str) -> list[bool]:
        return [
            passed
            for node, passed in self.passed.items()
            if node == wanted or node.startswith((f"{wanted}[", f"{wanted}::"))
        ]


def main() -> int:
    """Run them all; 0 if each ended as it should."""
    outcomes = _Outcomes()
    # In the order of the suite: tests of one folder share a window.
    nodes = sorted({node for tests in WAYS.values() for node in tests})
    pytest.main(["-q", "--no-header", *nodes], plugins=[outcomes])
    found = {
        way: all((runs := outcomes.of(test)) and all(runs) for test in tests)
        for way, tests in WAYS.items()
    }
    for way, is_well in found.items():
        print(f"{'ok  ' if is_well else 'FAIL'}  {way}")
    print(f"newcomers: {sum(found.values())} of {len(found)}")
    sys.stdout.flush()
    return 0 if all(found.values()) else 1


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.exit(main())
