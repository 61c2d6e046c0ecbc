"""What the system does for Lou: start at login, access lists, and text from PowerShell."""

from __future__ import annotations

import json
import os
import subprocess
import winreg
from collections.abc import Iterator
from pathlib import Path

import pytest
import win32security

from app.doctor import folder_checks
from app.system import autostart, launch_file, paths
from servers.contract import ownership
from tests.patience import wait_until
from tests.windows.inside.running import Lou

RUN = "Software\\Microsoft\\Windows\\CurrentVersion\\Run"
NAME, KEY = "TAVILY_API_KEY", "tvly-dev-0123456789abcdefghijklmnop"


@pytest.fixture
def _no_start_at_login() -> Iterator[None]:
    autostart.apply(False)
    yield
    autostart.apply(False)


def at_login() -> str | None:
    """The command that Windows runs at login for Lou."""
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, RUN) as key:
        try:
            return str(winreg.QueryValueEx(key, "Lou")[0])
        except FileNotFoundError:
            return None


@pytest.mark.usefixtures("lou_home", "_no_start_at_login")
def test_the_start_at_login_is_a_value_of_the_registry() -> None:
    assert at_login() is None
    autostart.apply(True)
    assert at_login() == subprocess.list2cmdline(launch_file.command_in_text())
    assert autostart.is_on()
    assert autostart.is_current()
    autostart.apply(False)
    assert at_login() is None
    assert not autostart.is_on()


EVERYBODY = "D:P(A;OICI;FA;;;WD)"
READERS = "D:P(A;OICI;FR;;;WD)(A;OICI;FA;;;SY)"


def give(path: Path, access: str) -> None:
    """Set the access list of `path`."""
    form, which = win32security.SDDL_REVISION_1, win32security.DACL_SECURITY_INFORMATION
    described = win32security.ConvertStringSecurityDescriptorToSecurityDescriptor(access, form)
    win32security.SetFileSecurity(str(path), which, described)


def failed_checks() -> dict[str, str]:
    """What the doctor finds wrong with folders, by its code."""
    return {found.code: found.fix for found in folder_checks.checks() if not found.ok}


def test_the_doctor_reads_access_lists_and_the_next_start_closes_the_folder(lou_home: Path) -> None:
    state = Path(ownership.make_private(str(paths.state_folder())))
    before = failed_checks()
    assert "state_folder" not in before
    give(state, READERS)
    assert failed_checks() == before, "to read is no harm"
    give(state, EVERYBODY)
    assert f'icacls "{state}"' in failed_checks()["state_folder"]
    ownership.make_private(str(state))
    assert failed_checks() == before


def test_the_doctor_reads_the_access_list_of_a_file_that_lou_trusts(lou_home: Path) -> None:
    launch = Path(ownership.make_private(str(paths.state_folder()))) / "launch.json"
    launch.write_text("{}")
    assert "private_files" not in failed_checks()
    give(launch, EVERYBODY)
    assert f'icacls "{launch}"' in failed_checks()["private_files"]


def piped(lou: Lou, text: bytes) -> int:
    """The exit code of `lou keys set` that reads `text` from a pipe."""
    argv = [*lou.program, "keys", "set", NAME]
    environment = {**os.environ, "LOU_HOME": str(lou.home)}
    return subprocess.run(argv, input=text, env=environment, check=False).returncode


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_key_from_a_pipe_of_powershell_reaches_the_credential_manager(
    lou: Lou, encoding: str
) -> None:
    lou.start("serve")
    wait_until(lambda: piped(lou, f"{KEY}\r\n".encode(encoding)) == 0, what="the keyring answers")
    told = lou.run("keys", "list", "--json")
    assert KEY not in told
    assert [row["is_set"] for row in json.loads(told)["keys"] if row["name"] == NAME] == [True]
    lou.run("keys", "unset", NAME)
