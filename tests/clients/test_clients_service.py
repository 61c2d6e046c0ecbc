"""The clients as the rest of Lou sees them, with the guard running."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from app.clients import catalog
from app.clients.guard.file_guard import Guard, GuardPolicy, Watched
from app.clients.planning.entries import Bridge
from app.clients.planning.plan import DesiredEntries
from app.clients.service import ClientChoices, Clients
from app.errors import ClientConfigError
from app.system import heartbeat
from app.views import CallRecord, ClientEvent, Notice
from tests.clients.conftest import WISH, User
from tests.patience import eventually

pytestmark = pytest.mark.anyio

QUICK = GuardPolicy(poll_s=0.05, settle_s=0.02, restores=3)
WIPED = b'{"theme": "reset"}'
BEFORE = b'{"mcpServers": {"x": {"command": "y"}}, "theme": 1}'


class House:
    """Clients over a home, with all that they say."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.desired = WISH
        self.guards = True
        self.repairs = False
        self.notices: list[Notice] = []
        self.changed: list[str] = []
        self.clients = self.build()

    def build(self) -> Clients:
        choices = ClientChoices(guards=lambda: self.guards, repairs=lambda: self.repairs)
        made = Clients(
            self.user.lou,
            lambda: self.desired,
            places=self.user.places(),
            choices=choices,
            policy=QUICK,
        )
        made.notices.subscribe(self.notices.append)
        made.changed.subscribe(self.changed.append)
        return made

    async def again(self) -> None:
        """Lou ends and starts."""
        await self.clients.stop()
        self.clients = self.build()
        await self.clients.start()

    def codes(self) -> list[str]:
        return [notice.code for notice in self.notices]


@pytest.fixture
async def house(user: User) -> AsyncIterator[House]:
    user.write(".cursor/mcp.json", BEFORE)
    found = House(user)
    await found.clients.start()
    yield found
    await found.clients.stop()


async def until(condition: Callable[[], object], what: str) -> None:
    await eventually(condition, what=what)


def path(house: House) -> Path:
    return house.user.home / ".cursor/mcp.json"


def servers(house: House) -> set[str]:
    try:
        return set(json.loads(path(house).read_bytes()).get("mcpServers", {}))
    except (OSError, ValueError):
        return set()


BOTH = {"lou-search", "lou-my_server"}


async def test_every_client_has_a_view(house: House) -> None:
    views = house.clients.views()
    assert [view.id for view in views] == [row.id for row in catalog.clients()]
    assert [view.id for view in views if view.installed] == ["cursor"]
    assert house.clients.view("cursor").state == "absent"
    assert json.dumps([asdict(view) for view in views])


async def test_connect_tells_and_disconnect_returns_every_byte(house: House) -> None:
    house.changed.clear()
    view = await house.clients.connect("cursor")
    assert (view.state, view.wanted, view.guard) == ("connected", True, "watching")
    assert view.files[0].entries == ("lou-search", "lou-my_server")
    assert house.changed == ["cursor"] or set(house.changed) == {"cursor"}
    view = await house.clients.disconnect("cursor")
    assert (view.state, view.wanted, view.guard) == ("absent", False, "off")
    assert path(house).read_bytes() == BEFORE


async def test_the_diff_is_what_connect_does(house: House) -> None:
    diff = await house.clients.diff("cursor")
    assert '+{"mcpServers"' in diff or "+" in diff
    assert "lou-search" in diff
    assert path(house).read_bytes() == BEFORE
    await house.clients.connect("cursor")
    assert await house.clients.diff("cursor") == ""
    assert "-" in await house.clients.diff("cursor", "disconnect")


async def test_a_client_without_a_file_gives_the_text_to_paste(house: House) -> None:
    with pytest.raises(ClientConfigError) as refused:
        await house.clients.connect("raycast")
    assert refused.value.code == "paste"
    assert "lou-search" in refused.value.hint
    assert "lou-search" in house.clients.by_hand.snippet("raycast")


async def test_a_client_that_is_not_there_says_what_to_do(house: House) -> None:
    with pytest.raises(ClientConfigError, match="is not installed"):
        await house.clients.connect("zed")
    with pytest.raises(ClientConfigError, match="No client is called"):
        await house.clients.connect("nobody")


async def test_without_a_server_or_a_bridge_nothing_is_written(house: House) -> None:
    house.desired = DesiredEntries((), WISH.bridge)
    with pytest.raises(ClientConfigError, match="No server is switched on"):
        await house.clients.connect("cursor")
    house.desired = DesiredEntries(("search",), Bridge("/gone/lou-connect", is_missing=True))
    with pytest.raises(ClientConfigError, match="bridge is missing"):
        await house.clients.connect("cursor")
    assert path(house).read_bytes() == BEFORE


async def test_one_clients_failure_never_stops_the_others(house: House, figure) -> None:
    """Every client but one is broken in a way of its own; that one works."""
    user = house.user
    broken = {
        ".claude.json": b"{",
        ".codex/config.toml": b"a = = 1",
        ".config/goose/config.yaml": b"a: [",
        ".config/zed/settings.json": b"\xff\xfe{}",
        ".gemini/settings.json": b'{"a": 1,}',
        ".kiro/settings/mcp.json": b'{"mcpServers": 1}',
    }
    for name, content in broken.items():
        user.write(name, content)
    (user.home / ".config/Claude/claude_desktop_config.json").mkdir(parents=True)
    await house.clients.refresh()
    assert len(house.clients.views()) == len(catalog.clients())
    failed = connected = 0
    for view in house.clients.views():
        if not view.installed:
            continue
        try:
            connected += (await house.clients.connect(view.id)).state == "connected"
        except ClientConfigError as refused:
            failed += bool(refused.hint)
    figure("clients: connected although all others fail", connected, "", at_least=1, enforce=True)
    assert failed == len(broken) + 1
    assert servers(house) >= BOTH
    path(house).write_bytes(b'{"theme": 1}')
    await until(lambda: servers(house) >= BOTH, "the guard still works")
    for name, content in broken.items():
        assert (user.home / name).read_bytes() == content


async def test_of_several_files_a_broken_one_stops_no_other(user: User) -> None:
    user = user.on("windows")
    inside = "LocalCache/Roaming/Claude/claude_desktop_config.json"
    packaged = user.write(f"AppData/Local/Packages/Claude_x/{inside}", b"{broken")
    classic = user.write("AppData/Roaming/Claude/claude_desktop_config.json", b"{}")
    house = House(user)
    await house.clients.start()
    view = await house.clients.connect("claude-desktop")
    assert view.state == "unreadable"
    assert [file.state for file in view.files] == ["unreadable", "connected"]
    assert packaged.read_bytes() == b"{broken"
    assert b"lou-search" in classic.read_bytes()
    await house.clients.stop()


async def test_a_wipe_is_mended_and_the_others_are_offered(house: House) -> None:
    await house.clients.connect("cursor")
    path(house).write_bytes(b'{"new": true}')
    await until(lambda: servers(house) >= BOTH, "restored")
    assert json.loads(path(house).read_bytes())["new"] is True
    await until(lambda: house.clients.view("cursor").lost == ("x",), "offered")
    assert house.codes() == ["client_restored"]
    view = await house.clients.restore("cursor")
    assert servers(house) == BOTH | {"x"}
    assert view.lost == ()


async def test_an_offer_can_be_dismissed_for_good(house: House) -> None:
    await house.clients.connect("cursor")
    path(house).write_bytes(b'{"new": true}')
    await until(lambda: house.clients.view("cursor").lost, "offered")
    view = await house.clients.dismiss("cursor")
    assert view.lost == ()
    await house.clients.refresh("cursor")
    assert house.clients.view("cursor").lost == ()


async def test_an_offer_outlives_a_restart_of_lou(house: House) -> None:
    await house.clients.connect("cursor")
    path(house).write_bytes(b'{"new": true}')
    await until(lambda: house.clients.view("cursor").lost, "offered")
    await house.again()
    assert house.clients.view("cursor").lost == ("x",)


async def test_what_the_user_removed_by_hand_stays_away(house: House) -> None:
    await house.clients.connect("cursor")
    path(house).write_bytes(BEFORE)
    await until(lambda: "client_removed" in house.codes(), "seen")
    assert servers(house) == {"x"}
    await until(lambda: not house.clients.view("cursor").wanted, "respected")
    await house.again()
    path(house).write_bytes(b"{}")
    await asyncio.sleep(0.3)
    assert servers(house) == set()
    await house.clients.connect("cursor")
    assert servers(house) == BOTH


async def test_one_entry_removed_by_hand_stays_away_while_the_other_is_guarded(
    house: House,
) -> None:
    await house.clients.connect("cursor")
    found = json.loads(path(house).read_bytes())
    del found["mcpServers"]["lou-search"]
    path(house).write_text(json.dumps(found))
    await until(lambda: "client_removed" in house.codes(), "seen")
    assert house.clients.view("cursor").wanted
    path(house).write_bytes(b'{"new": 1}')
    await until(lambda: "lou-my_server" in servers(house), "restored")
    assert servers(house) == {"lou-my_server"}


async def test_what_was_disconnected_through_lou_never_comes_back(house: House) -> None:
    await house.clients.connect("cursor")
    await house.clients.disconnect("cursor")
    path(house).write_bytes(b"{}")
    await house.again()
    await asyncio.sleep(0.3)
    assert path(house).read_bytes() == b"{}"


async def test_undo_of_a_connection_is_a_disconnection_for_the_guard(house: House) -> None:
    await house.clients.connect("cursor")
    view = await house.clients.undo("cursor")
    assert not view.wanted
    await asyncio.sleep(0.3)
    assert path(house).read_bytes() == BEFORE


async def test_a_wipe_while_lou_was_not_running_is_mended_at_the_next_start(house: House) -> None:
    await house.clients.connect("cursor")
    await house.clients.stop()
    path(house).write_bytes(b'{"new": 1}')
    house.clients = house.build()
    await house.clients.start()
    await until(lambda: servers(house) >= BOTH, "restored")


async def test_a_deleted_file_comes_back_but_not_a_deleted_folder(house: House) -> None:
    await house.clients.connect("cursor")
    path(house).unlink()
    await until(lambda: servers(house) >= BOTH, "restored")
    shutil.rmtree(path(house).parent)
    await asyncio.sleep(0.3)
    assert not path(house).parent.exists()
    assert "client_not_restored" not in house.codes()


@pytest.mark.parametrize("content", [None, b"{}"], ids=["without its file", "with a new file"])
async def test_a_folder_that_comes_back_is_guarded_as_before(
    house: House, content: bytes | None
) -> None:
    await house.clients.connect("cursor")
    shutil.rmtree(path(house).parent)
    await until(lambda: not house.clients.view("cursor").installed, "seen to be gone")
    path(house).parent.mkdir()
    if content is not None:
        path(house).write_bytes(content)
    await until(lambda: servers(house) >= BOTH, "restored")
    await until(lambda: house.clients.view("cursor").guard == "watching", "watched")


async def test_a_client_disconnected_while_its_folder_is_gone_stays_so(house: House) -> None:
    await house.clients.connect("cursor")
    shutil.rmtree(path(house).parent)
    await until(lambda: not house.clients.view("cursor").installed, "seen to be gone")
    await house.clients.disconnect("cursor")
    assert not path(house).parent.exists()
    path(house).parent.mkdir()
    path(house).write_bytes(b"{}")
    await asyncio.sleep(0.3)
    assert path(house).read_bytes() == b"{}"
    await house.clients.refresh("cursor")
    assert not house.clients.view("cursor").wanted


async def test_a_file_that_breaks_is_told_and_left_alone(house: House) -> None:
    await house.clients.connect("cursor")
    path(house).write_bytes(b'{"half')
    await until(lambda: "client_unreadable" in house.codes(), "told")
    assert path(house).read_bytes() == b'{"half'
    await until(lambda: house.clients.view("cursor").state == "unreadable", "shown")


async def test_a_client_that_wipes_again_and_again_stops_the_guard(house: House) -> None:
    await house.clients.connect("cursor")
    view = house.clients.view
    for _ in range(10):
        await asyncio.sleep(0.15)
        path(house).write_bytes(b'{"new": 1}')
        await until(
            lambda: servers(house) >= BOTH or view("cursor").guard == "stopped",
            "restored or stopped",
        )
    assert view("cursor").guard == "stopped"
    assert servers(house) == set()
    assert house.codes() == ["client_restored", "client_guard_stopped"]
    view = await house.clients.connect("cursor")
    assert view.guard == "watching"
    path(house).write_bytes(b'{"new": 1}')
    await until(lambda: servers(house) >= BOTH, "restored again")


async def test_with_the_guard_switched_off_nothing_is_put_back(house: House) -> None:
    await house.clients.connect("cursor")
    house.guards = False
    path(house).write_bytes(b'{"new": 1}')
    await asyncio.sleep(0.3)
    assert servers(house) == set()
    assert (await house.clients.refresh("cursor"))[2].guard == "off"


async def test_a_moved_installation_is_outdated_and_repaired_in_one_step(house: House) -> None:
    await house.clients.connect("cursor")
    house.desired = DesiredEntries(WISH.servers, Bridge("/new/lou-connect"))
    await house.clients.refresh()
    assert house.clients.view("cursor").state == "outdated"
    view = await house.clients.connect("cursor")
    assert view.state == "connected"
    assert b"/new/lou-connect" in path(house).read_bytes()


async def test_a_moved_installation_is_repaired_unasked_when_the_user_chose_so(
    house: House,
) -> None:
    await house.clients.connect("cursor")
    house.desired, house.repairs = DesiredEntries(WISH.servers, Bridge("/new/lou-connect")), True
    await house.again()
    assert house.clients.view("cursor").state == "connected"
    assert b"/opt/lou" not in path(house).read_bytes()


async def test_a_new_server_makes_the_entries_outdated(house: House) -> None:
    await house.clients.connect("cursor")
    house.desired = DesiredEntries((*WISH.servers, "third"), WISH.bridge)
    house.clients.servers_changed()
    await until(lambda: house.clients.view("cursor").state == "outdated", "outdated")
    assert house.clients.view("cursor").reason == "`lou-third` is not in its file yet."


async def test_the_proof_follows_the_servers_and_outlives_lou(house: House) -> None:
    await house.clients.connect("cursor")
    at = house.clients.view("cursor").proof[0].at
    assert at
    for server in WISH.servers:
        for stage in ("initialized", "tools_listed"):
            house.clients.saw(
                ClientEvent(server, "s1", "cursor-vscode", stage, "3.1", "2025-11-25", at + 1)
            )
    house.clients.called(CallRecord("search", "t", 1.0, "ok", client="cursor-vscode", at=at + 2))
    house.clients.called(CallRecord("search", "t", 1.0, "ok", client="somebody", at=at + 3))
    view = house.clients.view("cursor")
    assert [step.at for step in view.proof] == [at, at + 1, at + 1, at + 1, at + 2]
    assert view.version == "3.1"
    await house.again()
    assert house.clients.view("cursor").proof == view.proof
    await house.clients.disconnect("cursor")
    assert not any(step.at for step in house.clients.view("cursor").proof)


async def test_a_restore_asks_for_no_new_session(house: House) -> None:
    await house.clients.connect("cursor")
    at = house.clients.view("cursor").proof[0].at
    path(house).write_bytes(b'{"new": 1}')
    await until(lambda: servers(house) >= BOTH, "restored")
    await house.clients.refresh("cursor")
    assert house.clients.view("cursor").proof[0].at == at


async def test_links_and_bundles_come_from_the_same_entries(house: House) -> None:
    hand = house.clients.by_hand
    assert [link[:18] for link in hand.links("cursor")] == ["cursor://anysphere"] * 2
    assert hand.links("zed") == ()
    assert hand.bundle("search", "Search", "", "1")[:2] == b"PK"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems report no changes")
@pytest.mark.parametrize("kind", ["written", "replaced", "behind a link", "in a new folder"])
async def test_a_change_is_reported_by_the_system_and_not_polled_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    monkeypatch.setattr(heartbeat, "_SLOW_S", 1e6)
    file, real = tmp_path / "folder/mcp.json", tmp_path / "elsewhere/mcp.json"
    for each in (file, real):
        each.parent.mkdir()
    real.write_bytes(BEFORE)
    if kind == "behind a link":
        file.symlink_to(real)
    else:
        shutil.copy(real, file)
    examined: list[bytes] = []

    async def examine(watched: Watched) -> bool:
        examined.append(watched.path.read_bytes())
        return False

    async def nothing() -> None: ...

    guard = Guard(examine, QUICK, nothing)
    guard.watch([("cursor", file)])
    guard.start()
    await until(lambda: examined == [BEFORE], "it is known")
    if kind == "replaced":
        real.write_bytes(WIPED)
        real.replace(file)
    elif kind == "in a new folder":
        shutil.move(file.parent, tmp_path / "aside")
        file.parent.mkdir()
        file.write_bytes(WIPED)
    else:
        (real if kind == "behind a link" else file).write_bytes(WIPED)
    await until(lambda: examined[-1] == WIPED, "its change is seen")
    await guard.stop()
