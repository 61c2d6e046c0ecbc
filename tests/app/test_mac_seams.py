"""What Lou does on macOS, as far as it can be tried elsewhere: with a platform that is set."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.system import login_path

SHELL = """#!/bin/sh
echo "Welcome to my shell"
PATH="/opt/homebrew/bin:/usr/local/bin:$PATH"
shift
eval "$2"
"""


@pytest.fixture
def shell(tmp_path: Path) -> str:
    path = tmp_path / "zsh"
    path.write_text(SHELL)
    path.chmod(0o755)
    return str(path)


def adopted(monkeypatch: pytest.MonkeyPatch, shell: str, path: str) -> str:
    """The PATH of a Lou that macOS started with `path`, after it looked at the login shell."""
    monkeypatch.setattr(login_path, "_SYSTEM", "darwin")
    monkeypatch.setenv("SHELL", shell)
    monkeypatch.setenv("PATH", path)
    login_path.adopt()
    return os.environ["PATH"]


def test_a_lou_of_launchd_gets_the_path_of_the_login_shell(
    shell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = "/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    assert adopted(monkeypatch, shell, "/usr/bin:/bin:/usr/sbin:/sbin") == expected


@pytest.mark.parametrize("broken", ["/no/shell", "/bin/false"])
def test_a_shell_that_says_nothing_changes_nothing(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert adopted(monkeypatch, broken, "/usr/bin:/bin") == "/usr/bin:/bin"


def test_a_lou_of_a_terminal_keeps_its_path(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/my/tools:/usr/bin:/bin"
    assert adopted(monkeypatch, shell, path) == path
