"""What Lou leaves in other programs' places comes and goes: menu, login, clients, a bug report."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.doctor import report
from app.system import desktop_entry, installation
from tests.app.running import Lou, lou
from tests.patience import wait_until

OTHER = {"mcpServers": {"other": {"command": "other", "args": ["--key", "sk-canary-5f0c9e51b7"]}}}
CANARY = "tvly-canary-5f0c9e51b7a24d"


@pytest.fixture
def private() -> Iterator[Lou]:
    with lou() as found:
        yield found


def client_file(found: Lou) -> Path:
    path = Path(found.environment["HOME"]) / ".config" / "Claude" / "claude_desktop_config.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(OTHER, indent=2))
    return path


def left_behind(found: Lou) -> set[str]:
    """The files of menus, logins and launches that name Lou."""
    home = Path(found.environment["HOME"])
    return {p.name for p in home.rglob("*") if p.name in {"lou.desktop", "lou.svg", "launch.json"}}


def test_uninstall_leaves_nothing_of_lou_in_other_programs(private: Lou) -> None:
    path = client_file(private)
    before = path.read_bytes()
    private.start()
    private.wait_for("tracker", "ready")
    assert private.run("desktop", "install").returncode == 0
    assert private.run("clients", "connect", "claude-desktop").returncode == 0
    assert b"lou-search" in path.read_bytes()
    assert {"lou.desktop", "lou.svg", "launch.json"} <= left_behind(private)
    done = private.run("uninstall")
    assert done.returncode == 0, done.stderr
    assert json.loads(path.read_bytes()) == json.loads(before)
    assert left_behind(private) == set()
    assert private.run("status").returncode == 3
    assert str(private.home / "lou" / "data") in done.stdout
    assert (private.home / "lou" / "config.json").exists()
    again = private.run("uninstall")
    assert again.returncode == 0, again.stderr


def test_uninstall_goes_on_behind_what_cannot_be_removed(private: Lou) -> None:
    path = client_file(private)
    before = path.read_bytes()
    private.start()
    assert private.run("desktop", "install").returncode == 0
    assert private.run("clients", "connect", "claude-desktop").returncode == 0
    assert private.run("quit").returncode == 0
    (launch_file,) = Path(private.environment["HOME"]).rglob("launch.json")
    launch_file.unlink()
    (launch_file / "in the way").mkdir(parents=True)
    (menu,) = Path(private.environment["HOME"]).rglob("lou.desktop")
    menu.unlink()
    menu.mkdir()
    done = private.run("uninstall")
    assert done.returncode == 1
    assert "launch.json" in done.stderr
    assert str(private.home / "lou" / "data") in done.stdout
    assert json.loads(path.read_bytes()) == json.loads(before)
    assert private.run("uninstall", "--purge", "--yes").returncode == 1
    assert not (private.home / "lou" / "data").exists()


def test_uninstall_that_deletes_data_asks_first(private: Lou) -> None:
    private.start()
    private.wait_for("tracker", "ready")
    refused = private.run("uninstall", "--purge")
    assert refused.returncode == 1
    assert "--yes" in refused.stderr
    assert private.run("status").returncode == 0
    done = private.run("uninstall", "--purge", "--yes")
    assert done.returncode == 0, done.stderr
    assert not (private.home / "lou" / "data").exists()
    assert not (private.home / "lou" / "config.json").exists()


def test_quit_can_start_lou_again(private: Lou) -> None:
    private.start()
    private.wait_for("search", "ready")
    before = private.json("status")["app"]["pid"]
    done = private.run("quit", "--restart")
    assert done.returncode == 0, done.stderr

    def is_back() -> bool:
        answer = private.run("status", "--json")
        return answer.returncode == 0 and json.loads(answer.stdout)["app"]["pid"] != before

    wait_until(is_back, what="another Lou answers")
    assert private.run("quit").returncode == 0


def test_a_report_is_listed_and_holds_no_secret_and_no_address(
    private: Lou, tmp_path: Path
) -> None:
    home = private.home / "lou"
    home.mkdir(mode=0o700, exist_ok=True)
    entry = {"command": "/opt/x", "args": ["--token", CANARY], "env": {"TOKEN": CANARY}}
    entry |= {"disabled": True}
    search = {"brave": {"base_url": "https://proxy.corp.example/brave"}}
    (home / "config.json").write_text(
        json.dumps({"mcpServers": {"mine": entry}, "settings": {"search": search}})
    )
    private.start()
    private.wait_for("search", "ready")
    private.run(
        "call", "tracker", "track_url_email", "url=https://a.example/x", "email=ann@a.example"
    )
    target = tmp_path / "report.zip"
    done = private.run("report", str(target), "--yes")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(target) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert {"facts.json", "config.json", "status.json", "doctor.json"} <= set(texts)
    assert all(name in done.stdout for name in texts)
    whole = "\n".join(texts.values())
    for secret in (CANARY, "ann@a.example", "corp.example", str(Path.home() / ".")[:-1] + "lou"):
        assert secret not in whole, secret
    facts = json.loads(texts["facts.json"])
    assert facts["installed_by"]
    assert facts["licence"] == "MIT"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mail ann@a.example now", "mail someone@hidden now"),
        ("GET https://x.example:80/a?k=v failed", "GET https://hidden failed"),
        ("from 192.168.1.20 to 127.0.0.1", "from 0.0.0.0 to 127.0.0.1"),
        ("from 2001:db8:1::20 to ::1", "from [2001:db8::] to ::1"),
        ("[fe80::1%eth0]:443 and ::ffff:10.0.0.1", "[[2001:db8::]%eth0]:443 and [2001:db8::]"),
        ("10:00:00,123 std::vector a::b::c.d", "10:00:00,123 std::vector a::b::c.d"),
        ("q=ann%40a.example&b=1", "q=someone@hidden&b=1"),
        (r"to https:\/\/x.example\/a?k=v", r"to https:\/\/hidden"),
        ("u=https%3A%2F%2Fx.example%2Fa", "u=https%3A%2F%2Fhidden"),
        ("version 3.11.2 and 1.2.3.4.5", "version 3.11.2 and 1.2.3.4.5"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_addresses_are_hidden_and_nothing_else(text: str, shown: str) -> None:
    assert report.without_addresses(text) == shown


@pytest.mark.parametrize(
    ("folder", "line"),
    [
        ("/opt/lou/bin/lou", "Exec=/opt/lou/bin/lou"),
        ("/opt/my lou/lou", 'Exec="/opt/my lou/lou"'),
        ("/opt/50%/lou", "Exec=/opt/50%%/lou"),
        ('/opt/a"b$c`/lou', 'Exec="/opt/a\\\\"b\\\\$c\\\\`/lou"'),
    ],
)
def test_a_menu_entry_names_any_folder(folder: str, line: str) -> None:
    text = desktop_entry.text((folder,))
    assert line in text.splitlines()
    assert text.count("\nExec=") == 1


@pytest.mark.parametrize(
    ("file", "kind", "word"),
    [
        ("uv-receipt.toml", "uv", "uv tool upgrade"),
        ("pipx_metadata.json", "pipx", "pipx upgrade"),
        ("nothing", "pip", "pip install --upgrade"),
    ],
)
def test_each_way_to_install_is_known_by_its_files(
    tmp_path: Path, file: str, kind: str, word: str
) -> None:
    (tmp_path / file).touch()
    found = installation.of_prefix(tmp_path, is_editable=False)
    assert found.kind == kind
    assert word in found.update
    assert found.add


def test_homebrew_and_a_checkout_are_known(tmp_path: Path) -> None:
    cellar = Path("/opt/homebrew/Cellar/lou/1.0/libexec")
    assert installation.of_prefix(cellar, is_editable=False).kind == "brew"
    assert installation.of_prefix(tmp_path, is_editable=True).kind == "source"
    assert installation.current().kind == "source"
