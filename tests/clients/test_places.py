"""Which files take part, for any home, environment and platform."""

from __future__ import annotations

import re

import pytest

from app.clients import catalog
from app.clients.files.locations import expand, is_installed, targets
from tests.clients.conftest import User, row


def found(user: User, name: str, **env: str) -> list[str]:
    return [str(t.path.relative_to(user.home)) for t in targets(row(name), user.places(**env))]


def test_there_are_at_least_sixteen_clients_and_each_row_is_whole() -> None:
    rows = catalog.clients()
    assert len(rows) >= 16
    assert len({each.id for each in rows}) == len(rows)
    for each in rows:
        assert each.reload_words.endswith((".", "not enough."))
        assert each.layout.format in {"json", "json+comments", "jsonc", "toml", "yaml", "paste"}
        assert each.detect
        assert each.name_limit >= 16


def test_an_unknown_client_is_named_with_those_that_are_known() -> None:
    with pytest.raises(catalog.ClientConfigError, match="claude-desktop"):
        catalog.client("nobody")


def test_several_packages_and_the_classic_folder_take_part_at_once(user: User) -> None:
    user = user.on("windows")
    for package in ("Claude_pzs8sxrjxfjjc", "Claude_other"):
        (user.home / f"AppData/Local/Packages/{package}/LocalCache/Roaming").mkdir(parents=True)
    (user.home / "AppData/Local/Packages/Claude_empty").mkdir(parents=True)
    (user.home / "AppData/Roaming/Claude").mkdir(parents=True)
    inside = "LocalCache/Roaming/Claude/claude_desktop_config.json"
    assert found(user, "claude-desktop") == [
        f"AppData/Local/Packages/Claude_other/{inside}",
        f"AppData/Local/Packages/Claude_pzs8sxrjxfjjc/{inside}",
        "AppData/Roaming/Claude/claude_desktop_config.json",
    ]


def test_windows_without_its_variables_uses_the_usual_folders(user: User) -> None:
    places = user.on("windows").places(APPDATA="", LOCALAPPDATA="")
    (user.home / "AppData/Roaming/Claude").mkdir(parents=True)
    (target,) = targets(row("claude-desktop"), places)
    assert target.path == user.home / "AppData/Roaming/Claude/claude_desktop_config.json"


def test_an_environment_variable_moves_the_file(user: User) -> None:
    (user.home / "elsewhere/Claude").mkdir(parents=True)
    moved = str(user.home / "elsewhere")
    assert found(user, "claude-desktop", XDG_CONFIG_HOME=moved) == [
        "elsewhere/Claude/claude_desktop_config.json"
    ]


@pytest.mark.parametrize("value", ["", "relative/path"])
def test_a_variable_that_is_no_absolute_path_is_as_if_unset(user: User, value: str) -> None:
    (user.home / ".config/Claude").mkdir(parents=True)
    assert found(user, "claude-desktop", XDG_CONFIG_HOME=value) == [
        ".config/Claude/claude_desktop_config.json"
    ]


@pytest.mark.parametrize("name", [each.id for each in catalog.clients()])
def test_a_client_is_found_by_its_own_file_wherever_a_variable_puts_that(
    user: User, name: str
) -> None:
    for platform, templates in row(name).files.items():
        for number, template in enumerate(templates):
            home = user.home / f"{platform} é {number}"
            moved = {word: f"{home}/my {word}" for word in re.findall(r"\$\{(\w+)", template)}
            places = User(home, user.lou, platform).places(**moved)
            (path,) = expand(template.replace("*", "x"), places)
            path.parent.mkdir(parents=True)
            path.write_bytes(b"{}")
            assert is_installed(row(name), places), (platform, template)
            assert path in {target.path for target in targets(row(name), places)}


def test_a_folder_that_cannot_be_looked_into_holds_nothing(user: User) -> None:
    user.write("bin/claude", b"")
    beyond = "/" + "x" * 300
    env = {"PATH": f"{beyond}:{user.home / 'bin'}", "XDG_CONFIG_HOME": beyond, "CODEX_HOME": beyond}
    assert is_installed(row("claude-code"), user.places(**env))
    for each in catalog.clients():
        assert len(targets(each, user.places(**env))) == (each.id == "claude-code"), each.id
    places = user.on("windows").places(LOCALAPPDATA=beyond)
    assert targets(row("claude-desktop"), places) == ()


def test_a_star_in_the_name_of_the_home_stands_for_itself(user: User) -> None:
    user.write("aXb/.cursor/mcp.json", b"{}")
    user.write("a*b/.cursor/mcp.json", b"{}")
    odd = User(user.home / "a*b", user.lou)
    assert found(odd, "cursor") == [".cursor/mcp.json"]
    (odd.home / "AppData/Local/Packages/Claude_x/LocalCache/Roaming").mkdir(parents=True)
    assert len(found(odd.on("windows"), "claude-desktop")) == 1


def test_a_variable_without_default_counts_only_when_it_is_set(user: User) -> None:
    assert not list(expand("${CLINE_MCP_SETTINGS_PATH}", user.places()))
    file = user.write("own.json", b"{}")
    assert found(user, "cline", CLINE_MCP_SETTINGS_PATH=str(file)) == ["own.json"]


def test_the_first_of_several_candidates_that_is_there_wins(user: User) -> None:
    user.write(".config/opencode/opencode.json", b"{}")
    assert found(user, "opencode") == [".config/opencode/opencode.json"]
    user.write(".config/opencode/opencode.jsonc", b"{}")
    assert found(user, "opencode") == [".config/opencode/opencode.jsonc"]


def test_a_client_that_is_not_there_has_no_file_to_create(user: User) -> None:
    for each in catalog.clients():
        for platform in ("linux", "macos", "windows"):
            places = user.on(platform).places()
            assert not is_installed(each, places), each.id
            assert targets(each, places) == (), each.id


def test_a_folder_is_made_only_below_one_that_shows_the_client(user: User) -> None:
    (user.home / ".kiro").mkdir()
    assert found(user, "kiro") == [".kiro/settings/mcp.json"]
    (user.home / ".junie").mkdir()
    assert found(user, "jetbrains") == [".junie/mcp/mcp.json"]


def test_a_command_on_the_path_shows_a_client(user: User) -> None:
    user.write("bin/claude", b"")
    assert is_installed(row("claude-code"), user.places())
    assert found(user, "claude-code") == [".claude.json"]
    assert not is_installed(row("claude-code"), user.on("windows").places())
    user.write("bin/claude.exe", b"")
    assert is_installed(row("claude-code"), user.on("windows").places())
