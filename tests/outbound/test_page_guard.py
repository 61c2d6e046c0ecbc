"""Nothing that a page or a model can write makes the guard reach inward, or eat the memory."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from servers.outbound import addresses
from servers.outbound.failure import Kind, OutboundError
from servers.outbound.guard import PageFetcher
from tests.outbound.conftest import answer, head
from tests.outbound.hostile_urls import HOSTILE
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.anyio

OUTSIDE = "127.0.0.2"
"""Stands in for a public address; 127.0.0.1 is what must not be reached."""
Serving = Callable[..., Awaitable[int]]


class Names(AbstractResolver):
    """A resolver that answers as told, each answer once and the last for ever."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): found for name, found in answers.items()}
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked += 1
        found = self.answers.get(host.lower().rstrip("."), [["127.0.0.1"]])
        one = found.pop(0) if len(found) > 1 else found[0]
        family = socket.AF_INET
        return [
            ResolveResult(hostname=host, host=place, port=port, family=family, proto=0, flags=0)
            for place in one
        ]

    async def close(self) -> None:
        pass


class Site:
    """A site on the inner and one on the "public" address, on the same port."""

    def __init__(self) -> None:
        self.inner = self.public = 0
        self.port = 0
        self.answers: dict[str, bytes] = {}

    async def inside(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.inner += 1
        await head(reader)
        writer.write(answer(b"secret", "Content-Type: text/html"))

    async def outside(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.public += 1
        path = (await head(reader)).split()[1].decode()
        writer.write(self.answers.get(path, answer(b"public", "Content-Type: text/html")))
        await writer.drain()


@pytest.fixture
async def site(serve: Serving) -> Site:
    made = Site()
    made.port = await serve(made.outside, OUTSIDE)
    await serve(made.inside, "127.0.0.1", made.port)
    return made


@pytest.fixture
async def guards(site: Site) -> AsyncIterator[Callable[..., PageFetcher]]:
    """Guards for which 127.0.0.2 is a public address and the site's port a web port."""
    made: list[PageFetcher] = []

    def make(resolver: AbstractResolver | None = None, **more: object) -> PageFetcher:
        ports = frozenset({80, 443, site.port})
        guard = PageFetcher(
            "Lou/test",
            resolver=resolver,
            is_public=lambda place: place == OUTSIDE or addresses.is_public(place),
            ports=ports,
            **more,  # type: ignore[arg-type]
        )
        made.append(guard)
        return guard

    yield make
    for guard in made:
        await guard.close()


def soon(seconds: float = 3.0) -> float:
    return asyncio.get_running_loop().time() + seconds


async def refused(guard: PageFetcher, url: str) -> OutboundError:
    with pytest.raises(OutboundError) as caught:
        await guard.get(url, soon())
    return caught.value


async def test_of_all_hostile_addresses_none_is_connected_to(
    monkeypatch: pytest.MonkeyPatch, figure
) -> None:
    """The real resolver and every port: only the addresses decide. Every connect is counted."""
    connected: list[str] = []
    loop = asyncio.get_running_loop()

    async def counted(_socket: socket.socket, place: tuple[str, int]) -> None:
        connected.append(place[0])
        raise OSError("no network in this test")

    monkeypatch.setattr(loop, "sock_connect", counted)
    guard = PageFetcher("Lou/test", ports=frozenset(range(65536)))
    for url in HOSTILE:
        with pytest.raises(OutboundError):
            await guard.get(url, soon(1.0))
    await guard.close()
    inward = [place for place in connected if not addresses.is_public(place)]
    assert len(HOSTILE) >= 200
    figure("search: hostile addresses tried", len(HOSTILE), "", at_least=200, enforce=True)
    figure("search: inner connections by them", len(inward), "", at_most=0, enforce=True)


async def test_a_hostile_address_is_refused_in_words() -> None:
    guard = PageFetcher("Lou/test")
    told = await refused(guard, "http://127.0.0.1/")
    assert told.kind is Kind.REFUSED
    assert "not on the public internet" in told.message
    assert "user name" in (await refused(guard, "http://a:b@e.org/")).message
    assert "port 6379" in (await refused(guard, "http://e.org:6379/")).message
    await guard.close()


async def test_what_slips_past_the_first_look_is_refused_where_the_socket_is_made(
    site: Site, guards: Callable[..., PageFetcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PageFetcher, "_check_host", lambda *_: None)
    told = await refused(guards(), f"http://127.0.0.1:{site.port}/")
    assert (told.kind, site.inner) == (Kind.REFUSED, 0)


async def test_a_public_page_is_read(site: Site, guards: Callable[..., PageFetcher]) -> None:
    guard = guards(Names(good_test=[[OUTSIDE]]))
    page = await guard.get(f"http://good.test:{site.port}/x", soon())
    assert (page.content, page.status, page.content_type) == (b"public", 200, "text/html")


async def test_200_rebinding_attempts_reach_nothing_inside(
    site: Site, guards: Callable[..., PageFetcher], figure
) -> None:
    """Each name is public when it is looked at first and inner ever after."""
    for attempt in range(200):
        resolver = Names(rebind_test=[[OUTSIDE], ["127.0.0.1"]])
        guard = guards(resolver)
        if attempt % 2:
            resolver.answers["rebind.test"].reverse()
        url = f"http://rebind.test:{site.port}/"
        if attempt % 2:
            assert (await refused(guard, url)).kind is Kind.REFUSED
        else:
            assert (await guard.get(url, soon())).content == b"public"
        assert resolver.asked == 1, "a name is resolved once"
    figure("search: rebinding attempts", 200, "", at_least=200)
    figure("search: inner connections by rebinding", site.inner, "", at_most=0, enforce=True)
    assert site.public == 100


async def test_one_inner_address_among_public_ones_is_enough_to_refuse(
    site: Site, guards: Callable[..., PageFetcher]
) -> None:
    guard = guards(Names(mixed_test=[[OUTSIDE, "127.0.0.1"]]))
    assert (await refused(guard, f"http://mixed.test:{site.port}/")).kind is Kind.REFUSED
    assert (site.inner, site.public) == (0, 0)


@pytest.mark.parametrize(
    "goal",
    [
        "http://127.0.0.1:{port}/",
        "http://inner.test:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://2130706433:{port}/",
        "//127.0.0.1:{port}/",
        "file:///etc/passwd",
        "http://user:pw@good.test:{port}/",
        "http://good.test:22/",
        "gopher://127.0.0.1/",
        "http://[bad/",
    ],
)
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Temp", "308 Perm"])
async def test_a_redirect_inward_is_refused(
    site: Site, guards: Callable[..., PageFetcher], goal: str, status: str
) -> None:
    place = goal.replace("{port}", str(site.port))
    site.answers["/go"] = answer(b"", f"Location: {place}", status=status)
    guard = guards(Names(good_test=[[OUTSIDE]], inner_test=[["127.0.0.1"]]))
    with pytest.raises(OutboundError):
        await guard.get(f"http://good.test:{site.port}/go", soon())
    assert site.inner == 0


async def test_redirects_are_followed_five_times_and_no_more(
    site: Site, guards: Callable[..., PageFetcher]
) -> None:
    for number in range(10):
        site.answers[f"/{number}"] = answer(b"", f"Location: /{number + 1}", status="302 Found")
    guard = guards(Names(good_test=[[OUTSIDE]]))
    page = await guard.get(f"http://good.test:{site.port}/5", soon())
    assert page.url.endswith("/10")
    assert "more than 5" in (await refused(guard, f"http://good.test:{site.port}/4")).message


async def test_no_proxy_is_used(
    site: Site, guards: Callable[..., PageFetcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{site.port}")
    monkeypatch.setenv("all_proxy", f"http://127.0.0.1:{site.port}")
    guard = guards(Names(good_test=[[OUTSIDE]]))
    await guard.get(f"http://good.test:{site.port}/", soon())
    assert (site.inner, site.public) == (0, 1)


async def test_cookies_are_neither_kept_nor_sent(serve: Serving) -> None:
    heads: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await head(reader))
        writer.write(answer(b"x", "Content-Type: text/html", "Set-Cookie: a=b; Path=/"))

    port = await serve(handle)
    guard = PageFetcher("Lou/test", trusted=frozenset({f"127.0.0.1:{port}"}))
    for _ in range(2):
        await guard.get(f"http://127.0.0.1:{port}/", soon())
    await guard.close()
    assert not any(b"ookie" in one or b"uthorization" in one for one in heads)


async def test_a_place_of_the_users_own_is_read_when_it_is_listed(
    site: Site, guards: Callable[..., PageFetcher]
) -> None:
    guard = guards(trusted=frozenset({f"127.0.0.1:{site.port}"}))
    assert (await guard.get(f"http://127.0.0.1:{site.port}/", soon())).content == b"secret"
    with pytest.raises(OutboundError):
        await guard.get(f"http://127.0.0.1:{site.port + 1}/", soon())


@pytest.mark.parametrize(
    ("place", "own", "others"),
    [
        ("nas.home", "http://nas.home/x", "http://nas.home:8080/"),
        ("nas.home:8080", "http://NAS.home:8080/", "http://127.0.0.1:8080/"),
        ("[::1]:8080", "http://[::1]:8080/", "http://[::1]:8081/"),
        ("[::1]", "https://[::1]/", "http://[::1]:8080/"),
        ("127.0.0.1", "http://127.0.0.1/", "http://127.0.0.2/"),
    ],
)
async def test_a_place_is_listed_as_people_write_it(place: str, own: str, others: str) -> None:
    guard = PageFetcher("Lou/test", trusted=frozenset({place}))
    assert guard.checked(own).path
    with pytest.raises(OutboundError):
        guard.checked(others)
    await guard.close()


async def test_a_page_that_is_no_text_is_not_downloaded(
    site: Site, guards: Callable[..., PageFetcher]
) -> None:
    site.answers["/v"] = answer(bytes(2000), "Content-Type: video/mp4", length=10**9)
    guard = guards(Names(good_test=[[OUTSIDE]]))
    seen: list[tuple[str, int]] = []

    def accept(header: str, start: bytes) -> None:
        seen.append((header, len(start)))
        raise OutboundError(Kind.UNSUPPORTED, header)

    with pytest.raises(OutboundError, match="video/mp4"):
        await guard.get(f"http://good.test:{site.port}/v", soon(), accept)
    assert seen == [("video/mp4", 2000)]


async def test_the_first_bytes_are_enough_when_no_more_are_wanted(
    site: Site, guards: Callable[..., PageFetcher]
) -> None:
    site.answers["/r"] = answer(b"x" * 6_000_000, "Content-Type: text/plain")
    guard = guards(Names(good_test=[[OUTSIDE]]))
    page = await guard.get(f"http://good.test:{site.port}/r", soon(), cut_at=1000)
    assert page.content == b"x" * 1000


async def test_a_site_that_drips_costs_the_deadline(serve: Serving) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(answer(b"", "Content-Type: text/html", length=10_000))
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    port = await serve(handle)
    guard = PageFetcher("Lou/test", trusted=frozenset({f"127.0.0.1:{port}"}))
    started = soon(0)
    with pytest.raises(OutboundError) as caught:
        await guard.get(f"http://127.0.0.1:{port}/", soon(0.5))
    await guard.close()
    assert caught.value.kind is Kind.TIMEOUT
    assert soon(0) - started < 1.0


BOMBS = (
    "gzip",
    "gzip twice",
    "brotli header",
    "deflate",
    "plain without end",
    "chunked gzip",
    "empty members",
)


@pytest.mark.parametrize("bomb", BOMBS)
async def test_a_bomb_is_refused_within_50_mb(bomb: str, figure) -> None:
    """A child reads it, so that its highest memory can be told."""
    child = Path(__file__).parent / "bomb_reader.py"
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(child), bomb],
        capture_output=True,
        timeout=PATIENCE_S,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    told = json.loads(done.stdout)
    assert told["failed"], told
    assert told["seconds"] < 10
    figure(f"search: memory for a bomb ({bomb})", told["grown_mb"], "MB", at_most=50, enforce=True)
