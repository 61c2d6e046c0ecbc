"""A file that cannot be read in one way only is never touched, and the reason is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.clients.planning.file_state import FileState
from app.errors import ClientConfigError
from tests.clients.conftest import User, row
from tests.clients.malformed import Broken, every

CASES = list(every())
_SIGN = {
    "claude-desktop": ".config/Claude/claude_desktop_config.json",
    "gemini-cli": ".gemini/settings.json",
    "zed": ".config/zed/settings.json",
    "codex": ".codex/config.toml",
    "vibe": ".vibe/config.toml",
    "goose": ".config/goose/config.yaml",
    "continue": ".continue/config.yaml",
}


def contents(folder: Path) -> dict[str, object]:
    """All that a folder holds, so that any touch shows."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        if path.is_symlink():
            content: object = str(path.readlink())
        else:
            content = path.read_bytes() if path.is_file() and state.st_size < 1 << 20 else None
        found[str(path)] = (state.st_ino, state.st_mtime_ns, state.st_mode, content)
    return found


def test_there_are_at_least_three_hundred_kinds(figure) -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    figure("clients: kinds of malformed files", len(CASES), "", at_least=300, enforce=True)


@pytest.mark.parametrize("broken", CASES, ids=lambda case: case.name)
def test_a_malformed_file_is_left_alone_with_a_clear_reason(user: User, broken: Broken) -> None:
    path = user.home / _SIGN[broken.client]
    path.parent.mkdir(parents=True)
    broken.make(path)
    before = contents(user.home)
    client, client_files = row(broken.client), user.client_files()
    (seen,) = client_files.inspect(client)
    assert seen.finding.state in {FileState.UNREADABLE, FileState.AMBIGUOUS}
    with pytest.raises(ClientConfigError) as refused:
        client_files.connect(client)
    assert len(refused.value.title) > 20
    assert refused.value.hint
    assert "Error" not in refused.value.title
    if broken.has_position:
        assert "Line " in refused.value.title
    with pytest.raises(ClientConfigError):
        client_files.diff(client, "connect")
    assert contents(user.home) == before


def test_the_reason_names_line_and_column(user: User) -> None:
    user.write(".cursor/mcp.json", b'{\n  "mcpServers": {\n    "x": oops\n  }\n}\n')
    (seen,) = user.client_files().inspect(row("cursor"))
    assert (seen.finding.line, seen.finding.column) == (3, 10)
    assert "Line 3, column 10" in seen.finding.reason


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become another user")
def test_a_file_that_lou_may_not_read_is_left_alone(user: User) -> None:
    path = user.write(".cursor/mcp.json", b"{}")
    path.chmod(0o000)
    user.lou.mkdir()
    os.chown(user.lou, 65534, 65534)
    above = [folder for folder in user.home.parents if folder.stat().st_mode & 0o005 != 0o005]
    for folder in (*above, user.home, path.parent):
        folder.chmod(0o755)
    before = contents(user.home)
    pid = os.fork()
    if pid == 0:
        os.setgid(65534)
        os.setuid(65534)
        try:
            user.client_files().connect(row("cursor"))
        except ClientConfigError as refused:
            os._exit(0 if "may not read" in refused.title else 2)
        os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    for folder in above:
        folder.chmod(0o700)
    assert code == 0
    assert contents(user.home) == before
