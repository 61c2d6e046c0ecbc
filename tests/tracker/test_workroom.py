"""Keys, rules and stores that change while the tracker runs, and those that do not fit."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from servers.host.tools import calls
from servers.host.tools.service import Configuration, StartRefusedError, ToolError
from servers.tracker.server import TrackerServer, build
from tests.patience import PATIENCE_S
from tests.tracker.scene import KEY, configuration, started, tools, until

pytestmark = pytest.mark.anyio

NEW = Fernet.generate_key()


@pytest.fixture
def troubles() -> Iterator[list[dict[str, Any]]]:
    found: list[dict[str, Any]] = []
    calls.connect(
        calls.HostCallbacks(emit=lambda event, data: found.append({"event": event, **data}))
    )
    yield found
    calls.connect(calls.HostCallbacks())


async def track(server: TrackerServer, number: int, **fields: Any) -> Any:
    return await tools(server)["track_url_email"](
        url=f"https://s{number}.example/", email=f"p{number}@s{number}.example", **fields
    )


async def found(server: TrackerServer, **filters: Any) -> list[Any]:
    return list((await tools(server)["find_tracked"](**filters)).entries)


async def resealed(server: TrackerServer) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            state = await tools(server)["store_state"]()
            if not state.older_keys:
                return state
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("keys", "code"),
    [({}, "key_missing"), ({"ENCRYPTION_KEY": "short"}, "key_malformed")],
)
async def test_without_a_key_it_does_not_start_and_says_what_to_do(
    tmp_path: Path, keys: dict[str, str], code: str
) -> None:
    with pytest.raises(StartRefusedError) as refused:
        await build().start(Configuration(keys, configuration(tmp_path).settings))
    assert refused.value.code == code
    assert refused.value.hint
    assert not list(tmp_path.rglob("*.db"))


@pytest.mark.parametrize(
    "settings",
    [{"store": "mysql"}, {"fold_case": "yes"}, {"exchange_folder": 1}, {"firestore": []}],
)
async def test_settings_of_the_wrong_kind_are_named(tmp_path: Path, settings: Any) -> None:
    with pytest.raises(StartRefusedError, match=next(iter(settings))):
        await started(tmp_path, **settings)


async def test_another_key_locks_and_nothing_new_is_sealed_beside(tmp_path: Path) -> None:
    server = await started(tmp_path)
    await track(server, 1)
    await server.stop()
    before = (tmp_path / "tracker" / "tracker.db").read_bytes()
    with pytest.raises(StartRefusedError) as refused:
        await started(tmp_path, NEW)
    assert refused.value.code == "tracker_locked"
    assert "recovery key" in refused.value.hint
    assert (tmp_path / "tracker" / "tracker.db").read_bytes() == before
    server = await started(tmp_path)
    assert len(await found(server)) == 1
    await server.stop()


async def test_a_key_that_stops_fitting_locks_the_running_server_until_it_is_back(
    tmp_path: Path, troubles: list[dict[str, Any]]
) -> None:
    server = await started(tmp_path)
    await track(server, 1)
    await server.configure(configuration(tmp_path, NEW))
    with pytest.raises(ToolError) as failed:
        await found(server)
    assert failed.value.kind == "locked"
    state = await tools(server)["store_state"]()
    assert state.state == "locked"
    assert [one["code"] for one in troubles] == ["tracker_locked"]
    await server.configure(configuration(tmp_path))
    assert len(await found(server)) == 1
    await server.stop()


async def test_a_new_key_in_front_reaches_every_entry_and_its_history(tmp_path: Path) -> None:
    server = await started(tmp_path)
    for number in range(120):
        await track(server, number, note=f"note {number}")
    entry = (await found(server, email="p7@s7.example"))[0]
    await tools(server)["update_entry"](id=entry["id"], version=1, note="second")
    await server.configure(configuration(tmp_path, NEW, KEY))
    assert len(await found(server, text="p7")) == 1
    assert (await track(server, 7))["outcome"] == "unchanged"
    await resealed(server)
    await server.stop()
    server = await started(tmp_path, NEW)
    assert len(await found(server, limit=100)) == 100
    whole = await tools(server)["get_entry"](entry["id"])
    assert whole["entry"]["note"] == "second"
    assert [line["action"] for line in whole["history"]] == ["updated", "created"]
    assert whole["history"][0]["changed"]["note"] == {"before": "note 7", "after": "second"}
    assert (await track(server, 7))["outcome"] == "unchanged"
    await server.stop()
    with pytest.raises(StartRefusedError):
        await started(tmp_path)


async def test_changes_while_a_new_key_spreads_are_not_lost(tmp_path: Path) -> None:
    server = await started(tmp_path)
    for number in range(150):
        await track(server, number)
    await server.configure(configuration(tmp_path, NEW, KEY))
    await asyncio.gather(*(track(server, number, note="more") for number in range(150)))
    await resealed(server)
    await server.stop()
    server = await started(tmp_path, NEW)
    entries = await found(server, limit=100)
    entries += list((await tools(server)["find_tracked"](limit=100, sort="oldest")).entries)
    assert len({entry["id"] for entry in entries}) == 150
    assert {entry["note"] for entry in entries} == {"more"}
    await server.stop()


async def test_an_import_goes_on_under_a_new_key_and_doubles_nothing(tmp_path: Path) -> None:
    count = 3000
    rows = [f"https://s{n}.example/,p{n}@s{n}.example" for n in range(count)]
    (tmp_path / "rows.csv").write_text("\n".join(["url,email", *rows]))
    server = await started(tmp_path)
    for number in range(0, count, 500):
        await track(server, number)
    call = tools(server)
    job = (await call["start_import"](str(tmp_path / "rows.csv"))).job
    while not (await call["job_state"](job)).rows:
        await asyncio.sleep(0)
    await server.configure(configuration(tmp_path, NEW, KEY))
    async with asyncio.timeout(PATIENCE_S):
        while (state := await call["job_state"](job)).state == "running":
            await asyncio.sleep(0.01)
    assert (state.state, state.rows, state.problems) == ("done", count, [])
    await resealed(server)
    assert (await call["tracker_stats"]())["entries"] == count
    for number in range(0, count, 250):
        assert len(await found(server, email=f"p{number}@s{number}.example")) == 1
    await server.configure(configuration(tmp_path, NEW))
    assert not any(entry.get("locked") for entry in await found(server, limit=100))
    await server.stop()


async def test_a_call_under_way_at_a_change_of_keys_is_resealed_as_well(tmp_path: Path) -> None:
    server = await started(tmp_path)
    calls_ = [asyncio.ensure_future(track(server, number)) for number in range(300)]
    await asyncio.sleep(0)
    await server.configure(configuration(tmp_path, NEW, KEY))
    await asyncio.gather(*calls_)
    async with asyncio.timeout(PATIENCE_S):
        while len(await server._lifecycle.store.stamps()) > 1:  # type: ignore[union-attr]
            await asyncio.sleep(0.01)
    for number in range(300):
        assert len(await found(server, email=f"p{number}@s{number}.example")) == 1
    await server.stop()


async def test_new_rules_of_folding_count_for_what_is_there_already(tmp_path: Path) -> None:
    server = await started(tmp_path)
    first = await tools(server)["track_url_email"](url="a.com", email="jane+x@a.com")
    other = await tools(server)["track_url_email"](url="a.com", email="jane@a.com")
    two = {first["entry"]["id"], other["entry"]["id"]}
    assert len(two) == 2
    await server.configure(configuration(tmp_path, fold_plus_tag=True))
    await resealed(server)
    third = await tools(server)["track_url_email"](url="a.com", email="Jane+new@a.com")
    assert third["outcome"] == "unchanged"
    assert third["entry"]["id"] in two
    more = await tools(server)["track_url_email"](url="a.com", email="jane@a.com", note="more")
    assert (more["outcome"], more["entry"]["id"]) == ("merged", third["entry"]["id"])
    assert len(await found(server)) == 2
    await server.stop()


async def test_a_second_server_on_the_same_folder_is_refused_in_words(tmp_path: Path) -> None:
    server = await started(tmp_path)
    with pytest.raises(StartRefusedError) as refused:
        await started(tmp_path)
    assert refused.value.code == "in_use"
    await server.stop()
    await (await started(tmp_path)).stop()


async def test_a_key_is_checked_against_what_is_stored(tmp_path: Path) -> None:
    server = await started(tmp_path)
    await track(server, 1)
    for text, verdict in ((KEY, "accepted"), (NEW, "rejected"), (b"x", "rejected")):
        assert (await server.check_key("ENCRYPTION_KEY", text.decode())).verdict == verdict
    for text in ("{}", "/home/me/key.json", '{"apiKey": "x", "authDomain": "y"}'):
        found = await server.check_key("FIREBASE_CREDENTIALS", text)
        assert found.verdict == "missing"
        assert "Firestore was not asked" in found.message
    await server.stop()


async def test_a_backup_can_be_made_and_is_listed(tmp_path: Path) -> None:
    server = await started(tmp_path)
    await track(server, 1)
    state = await tools(server)["make_backup"]()
    assert len(state.backups) == 1
    assert (state.store, state.state, state.entries) == ("sqlite", "ready", 1)
    await server.stop()


async def test_what_is_no_account_is_trouble_and_blocks_nothing(
    tmp_path: Path, troubles: list[dict[str, Any]]
) -> None:
    config = configuration(tmp_path)
    keys = {**config.keys, "FIREBASE_CREDENTIALS": "{not json"}
    server = build()
    async with asyncio.timeout(PATIENCE_S):
        await server.start(Configuration(keys, config.settings))
    with pytest.raises(ToolError) as failed:
        await found(server)
    assert failed.value.kind == "firestore_account"
    assert "JSON is broken at line 1" in failed.value.message
    assert [one["code"] for one in troubles] == ["firestore_account"]
    await server.configure(config)
    assert (await track(server, 1))["outcome"] == "created"
    await server.stop()


async def test_an_unreachable_firestore_is_trouble_within_seconds_and_outwaited(
    tmp_path: Path, troubles: list[dict[str, Any]], emulator: str
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{probe.getsockname()[1]}"
    loop = asyncio.get_running_loop()
    begun = loop.time()
    server = await started(tmp_path, firestore={"emulator": nobody, "collection": "offline"})
    assert loop.time() - begun < 10
    with pytest.raises(ToolError) as failed:
        await found(server)
    assert failed.value.kind == "firestore_offline"
    assert [one["code"] for one in troubles] == ["firestore_offline"]
    place = {"emulator": emulator, "collection": f"online{tmp_path.name}"}
    await server.configure(configuration(tmp_path, firestore=place))
    await until(lambda: server._lifecycle.entry_service is not None)
    assert (await track(server, 1))["outcome"] == "created"
    await server.stop()


async def test_the_copy_between_stores_is_whole_verified_and_resumable(
    tmp_path: Path, emulator: str
) -> None:
    server = await started(tmp_path)
    for number in range(130):
        await track(server, number, note=f"note {number}", tags=["x"])
    entry = (await found(server, email="p7@s7.example"))[0]
    await tools(server)["update_entry"](id=entry["id"], version=1, status="won")
    await tools(server)["delete_entry"]((await found(server, email="p8@s8.example"))[0]["id"])
    place = {"emulator": emulator, "collection": f"copy{tmp_path.name}"}
    await server.configure(configuration(tmp_path, firestore=place))
    assert (await tools(server)["store_state"]()).other_store == "sqlite"
    twin = await track(server, 9, note="from the team")
    await tools(server)["start_copy"]()
    copying = server._lifecycle.copying
    assert copying is not None
    await until(lambda: copying.progress.after or copying.progress.state != "running")
    await tools(server)["stop_copy"]()
    await tools(server)["start_copy"]()
    copying = server._lifecycle.copying
    assert copying is not None
    await until(lambda: copying.progress.state != "running")
    assert copying.progress.state == "done", copying.progress.message
    assert (copying.progress.seen, copying.progress.merged) == (130, 1)
    stats = await tools(server)["tracker_stats"]()
    assert (stats["store"], stats["entries"], stats["deleted"]) == ("firestore", 129, 1)
    whole = await tools(server)["get_entry"](entry["id"])
    assert whole["entry"]["status"] == "won"
    assert [line["action"] for line in whole["history"]] == ["updated", "created"]
    merged = (await tools(server)["get_entry"](twin["entry"]["id"]))["entry"]
    assert merged["note"] == "from the team\nnote 9"
    assert len(await found(server, email="p9@s9.example")) == 1
    assert len(await found(server, text="p12")) >= 1
    assert (await track(server, 20))["outcome"] == "unchanged"
    await server.stop()
    back = tmp_path / "other"
    server = await started(back, firestore=place, store="sqlite")
    assert (await tools(server)["store_state"]()).other_store == "firestore"
    await tools(server)["start_copy"]()
    copying = server._lifecycle.copying
    assert copying is not None
    await until(lambda: copying.progress.state != "running")
    assert copying.progress.state == "done", copying.progress.message
    stats = await tools(server)["tracker_stats"]()
    assert (stats["store"], stats["entries"], stats["deleted"]) == ("sqlite", 129, 1)
    assert len(await found(server, text="p12")) >= 1
    await server.stop()


async def test_without_another_store_there_is_nothing_to_copy(tmp_path: Path) -> None:
    server = await started(tmp_path)
    with pytest.raises(ToolError, match="no other store"):
        await tools(server)["start_copy"]()
    await server.stop()


async def test_beginnings_of_many_words_are_found_in_firestore_under_two_keys(
    tmp_path: Path, emulator: str
) -> None:
    place = {"emulator": emulator, "collection": f"begun{tmp_path.name}"}
    server = await started(tmp_path, firestore=place)
    call = tools(server)["track_url_email"]
    for number in range(12):
        await call(url=f"https://pages.example/{number}", email=f"wilma{number}@site.example")
    assert len(await found(server, text="wilm")) == 12
    assert len(await found(server, text="wilma1")) == 3
    await server.configure(configuration(tmp_path, NEW, KEY, firestore=place))
    for text, count in (("wilm", 12), ("wilma1", 3), ("wilma11", 1), ("sit", 12)):
        assert len(await found(server, text=text)) == count
    await server.stop()
