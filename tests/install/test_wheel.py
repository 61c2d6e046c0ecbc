"""The wheel, installed as people do, without the development tools: everything in it answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.install import installing
from tests.patience import wait_until
from tests.search.standins.world import KEYS, World, world

pytestmark = [pytest.mark.anyio, pytest.mark.e2e, pytest.mark.timeout(1800)]

PARTS = {
    *("page", "document", "encoding", "feed", "robots", "contacts", "email", "dns"),
    *("sealing", "yaml", "toml", "key_file", "keyring", "charts"),
}
PAIR = {"url": "https://jobs.example.org/42", "email": "jane.doe@example.org"}
PAGE = (
    '<title>Bridges</title><meta property="og:type" content="article"><article>'
    + "<p>A good bridge lasts for centuries, and carries all who want to cross the river.</p>" * 9
)
ACCOUNT = {
    "type": "service_account",
    "project_id": "team",
    "client_email": "lou@team.iam.gserviceaccount.example",
    "token_uri": "https://oauth2.example/token",
    "private_key": rsa.generate_private_key(65537, 2048)
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode(),
}
NO_TOOLS = {"pytest", "ruff", "mypy", "hypothesis", "import-linter", "fonttools", "uv"}


class Installed:
    """An installed Lou with its window, in a home of its own."""

    def __init__(self, commands: Path, home: Path, place: World) -> None:
        self.commands = commands
        self.place = place
        self.planted_ran = home / "planted-ran"
        self._environment = {
            "HOME": str(home),
            "LOU_HOME": str(home / "lou"),
            "PATH": f"{commands}:/usr/bin:/bin",
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": str(installing.hostile_path(home / "planted", self.planted_ran)),
        }
        exchange = home / "exchange"
        exchange.mkdir()
        (exchange / "leads.csv").write_text("url,email\nhttps://a.example/,ann@a.example\n")
        place.pages["/read"] = lambda: web.Response(text=PAGE, content_type="text/html")
        settings = {
            "welcome_seen": True,
            "search": place.settings(),
            "tracker": {"exchange_folder": str(exchange)},
        }
        (home / "lou").mkdir(mode=0o700)
        (home / "lou" / "config.json").write_text(json.dumps({"settings": settings}))

    def lou(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.commands / "lou", *words],
            env=self._environment,
            cwd="/",
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def json(self, *words: str) -> Any:
        done = self.lou(*words, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def call(self, server: str, tool: str, **arguments: Any) -> Any:
        return self.json("call", server, tool, json.dumps(arguments))

    def parts(self) -> dict[str, dict[str, Any]]:
        checks = self.json("doctor")["checks"]
        return {c["code"][5:]: c for c in checks if c["code"].startswith("part_")}

    def row(self, server: str) -> dict[str, Any]:
        rows = {row["name"]: row for row in self.json("status")["servers"]}
        return rows.get(server, {})

    def are_ready(self) -> bool:
        if self.lou("status").returncode:
            return False
        return all(self.row(name).get("state") == "ready" for name in ("search", "tracker"))

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        with (Path(self._environment["HOME"]) / "said.txt").open("wb") as said:
            process = subprocess.Popen(
                [self.commands / "lou"], env=self._environment, cwd="/",
                stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            )  # fmt: skip
            try:
                wait_until(self.are_ready, what="both servers are ready")
                self._set_keys()
                yield
            finally:
                process.terminate()
                process.wait()

    def bridged(self) -> list[str]:
        """The tools that a client sees through `lou-connect`."""
        argv = [str(self.commands / "lou-connect"), "search"]
        answer = installing.answered(argv, self._environment, "tools/list", {})
        return [tool["name"] for tool in answer["result"]["tools"]]

    def _set_keys(self) -> None:
        assert self.lou("keys", "store", "file", stdin="a long passphrase").returncode == 0
        for name, value in KEYS.items():
            done = self.lou("keys", "set", name, stdin=value)
            assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installing.build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture
async def place() -> AsyncIterator[World]:
    async with world() as made:
        yield made


async def installed(way: str, wheel: Path, tmp_path: Path, home: Path, place: World) -> Installed:
    commands = await asyncio.to_thread(installing.WAYS[way], wheel, tmp_path / "installed")
    return Installed(commands, home, place)


async def test_the_oldest_pip_installs_all_that_is_needed(
    wheel: Path, tmp_path: Path, home: Path, place: World
) -> None:
    lou = await installed("pip 23.2", wheel, tmp_path, home, place)
    assert not NO_TOOLS & installing.packages_of(lou.commands)

    def use() -> None:
        with lou.running():
            every_tool_answers(lou)
            parts = lou.parts()
            assert {code for code, part in parts.items() if part["ok"]} == PARTS, parts
            firestore_can_be_added(lou)
            a_missing_package_is_told(lou)
        assert not lou.planted_ran.exists(), lou.planted_ran.read_text()

    await asyncio.to_thread(use)


@pytest.mark.bench
@pytest.mark.parametrize("way", installing.WAYS)
async def test_each_way_to_install(
    wheel: Path, tmp_path: Path, home: Path, place: World, way: str, figure
) -> None:
    lou = await installed(way, wheel, tmp_path, home, place)
    tools = NO_TOOLS & installing.packages_of(lou.commands)
    assert not tools

    def use() -> tuple[int, int]:
        with lou.running():
            answered = every_tool_answers(lou)
            working = sum(part["ok"] for part in lou.parts().values())
        assert not lou.planted_ran.exists(), lou.planted_ran.read_text()
        return answered, working

    answered, parts = await asyncio.to_thread(use)
    figure(f"wheel by {way}: tools that answer", answered, "tools", at_least=15, enforce=True)
    figure(f"wheel by {way}: late parts that the doctor found to work", parts, "parts",
           at_least=len(PARTS), enforce=True)  # fmt: skip


def every_tool_answers(lou: Installed) -> int:
    """Call each tool of both servers once for real; how many there are."""
    page = f"{lou.place.origin}/read"
    entry = lou.call("tracker", "track_url_email", **PAIR)["data"]["entry"]["id"]
    calls: dict[str, dict[str, dict[str, Any]]] = {
        "search": {
            "web_search": {"query": "bridges", "provider": "brave"},
            "fetch_page": {"url": page},
            "answer_question": {"question": "How long does a bridge last?"},
            "find_emails": {"target": "example.com", "person": "Jane Doe"},
            "verify_email": {"email": "jane@example.com"},
        },
        "tracker": {
            "track_url_email": PAIR,
            "find_tracked": {"domain": "example.org"},
            "get_entry": {"id": entry},
            "update_entry": {"id": entry, "version": 1, "note": "met at a fair"},
            "delete_entry": {"id": entry},
            "restore_entry": {"id": entry},
            "track_many": {"entries": [PAIR]},
            "import_tracked": {"file": "leads.csv"},
            "export_tracked": {"file": "out.csv"},
            "tracker_stats": {},
        },
    }
    for server, tools in calls.items():
        assert {tool["name"] for tool in lou.json("tools", server)["tools"]} == set(tools)
        for tool, arguments in tools.items():
            answer = lou.call(server, tool, **arguments)
            assert not answer["is_error"], f"{tool}: {answer}"
            if tool == "fetch_page":
                assert "centuries" in answer["data"]["text"]
    assert set(lou.bridged()) == set(calls["search"])
    return sum(map(len, calls.values()))


def firestore_can_be_added(lou: Installed) -> None:
    """Until then the key tells how; then its libraries work without a new start of Lou."""
    account = json.dumps(ACCOUNT)
    assert lou.lou("keys", "set", "FIREBASE_CREDENTIALS", stdin=account).returncode == 0
    wait_until(lambda: lou.row("tracker")["trouble"], what="the tracker says what is missing")
    assert lou.row("tracker")["trouble"]["code"] == "firestore_not_installed"
    assert "lou install firestore" in lou.row("tracker")["trouble"]["hint"]
    assert lou.lou("keys", "unset", "FIREBASE_CREDENTIALS", "--yes").returncode == 0
    wait_until(lou.are_ready, what="the tracker is back")
    added = lou.lou("install", "firestore")
    assert added.returncode == 0, added.stderr
    assert lou.parts()["firestore"]["ok"]


def a_missing_package_is_told(lou: Installed) -> None:
    """What an incomplete installation says in the tool, the status and the doctor."""
    python = str(installing.python_of(lou.commands))
    installing.run(python, "-m", "pip", "uninstall", "-q", "-y", "lxml_html_clean", "tomlkit")
    assert lou.lou("restart", "search").returncode == 0
    answer = lou.call("search", "fetch_page", url=f"{lou.place.origin}/read?again")
    assert answer["is_error"]
    assert "lxml_html_clean" in answer["text"]
    assert lou.row("search")["trouble"]["code"] == "incomplete"
    wrong = {code: part for code, part in lou.parts().items() if not part["ok"]}
    assert {"page", "toml"} <= set(wrong) <= {"page", "toml", "encoding"}, wrong
    assert "lxml_html_clean" in wrong["page"]["sentence"]
    assert "Install Lou again" in wrong["page"]["fix"]
