"""Runs on a Windows under Wine: what is in `inside`, and the parts of the suite that mean something
there.

Each run is a pytest of its own in the real Windows interpreter. `posix_only.py` names the tests
that Windows cannot run, each with its reason. Wine proves no MSIX redirection, signature, Defender,
Credential Manager limit or absolute time; see docs/windows.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.windows.conftest import ATTEMPTS
from tests.windows.machine import Machine

INSIDE = {
    f"inside/{file.stem}": (f"windows/inside/{file.name}",)
    for file in sorted((Path(__file__).parent / "inside").glob("test_*.py"))
}
ROOMS = {
    "app": ("app/test_crash_trace.py",),
    "bridge": ("bridge/test_bridge_session.py",),
    "clients": ("clients/test_plan.py",),
    "contract": (
        *("contract/test_endpoint.py", "contract/test_envelope.py", "contract/test_greeting.py"),
        *("contract/test_harmless.py", "contract/test_line_reader.py"),
        *("contract/test_redaction.py", "contract/test_server_settings.py"),
        "contract/test_spellings.py",
    ),
    "host": ("host/test_call_details.py", "host/test_host_schema.py"),
    "keys": ("keys/test_key_text.py", "keys/test_vault_file.py"),
    "logs": ("logs/test_lifecycle_log.py", "logs/test_logbook.py"),
    "search": (
        *("search/test_contact_cards.py", "search/test_content.py", "search/test_documents.py"),
        *("search/test_engine.py", "search/test_results.py", "search/test_robots.py"),
        "search/test_search_settings.py",
    ),
    "supervision": ("supervision/test_line_reader.py", "supervision/test_lifecycle.py"),
    "tracker": (
        *("tracker/test_entry.py", "tracker/test_exchange_names.py", "tracker/test_first_form.py"),
        *("tracker/test_layouts.py", "tracker/test_leads.py", "tracker/test_ledger.py"),
        *("tracker/test_rows_without_key.py", "tracker/test_seal.py"),
        *("tracker/test_sheet.py", "tracker/test_sqlite_disk.py", "tracker/test_store_contract.py"),
        *("tracker/test_tracker_tools.py", "tracker/test_urls.py", "tracker/test_workroom.py"),
    ),
}
RUNS: Mapping[str, Sequence[str]] = {**INSIDE, **ROOMS}
SECONDS = 700.0


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.timeout(ATTEMPTS * SECONDS + 200)
def test_on_windows(windows: Machine, name: str) -> None:
    files = [f"tests/{each}" for each in RUNS[name]]
    done = windows.python("-m", "tests.windows.run_inside", *files, timeout=SECONDS)
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-6000:]
