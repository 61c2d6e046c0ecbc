"""What providers and networks do wrong, and that it costs no more than the deadline."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Awaitable, Callable

import pytest

from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import MOST_BYTES, HttpClient, HttpRequest
from tests.outbound.conftest import answer, head

pytestmark = pytest.mark.anyio

KEY = "sk-secret-of-the-user"
Serving = Callable[..., Awaitable[int]]


def now() -> float:
    return asyncio.get_running_loop().time()


async def ask(http: HttpClient, port: int, seconds: float = 3.0, **more: object) -> object:
    url = f"http://127.0.0.1:{port}/search"
    request = HttpRequest("GET", url, {"key": KEY}, {"Authorization": KEY}, **more)  # type: ignore[arg-type]
    return await http.send(request, now() + seconds)


async def failure(http: HttpClient, port: int, seconds: float = 3.0) -> OutboundError:
    with pytest.raises(OutboundError) as caught:
        await ask(http, port, seconds)
    chain = caught.value
    while chain is not None:
        assert KEY not in str(chain)
        assert KEY not in repr(chain.args)
        chain = None if chain.__suppress_context__ else chain.__context__  # type: ignore[assignment]
    return caught.value


async def test_a_reply_is_whole_and_decompressed(http: HttpClient, serve: Serving) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b"Accept-Encoding: gzip\r\n" in await head(reader)
        writer.write(answer(gzip.compress(b'{"a": 1}'), "Content-Encoding: gzip"))

    reply = await ask(http, await serve(handle))
    assert reply.json() == {"a": 1}  # type: ignore[attr-defined]


@pytest.mark.parametrize("pause", [False, True])
async def test_gzip_members_are_one_answer_and_padding_is_none(
    http: HttpClient, serve: Serving, pause: bool
) -> None:
    first, second = gzip.compress(b"A" * 10), gzip.compress(b"B" * 10)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        whole = answer(first + second + bytes(700), "Content-Encoding: gzip")
        between = whole.index(second) + 1 if pause else len(whole)
        writer.write(whole[:between])
        await writer.drain()
        await asyncio.sleep(0.05 * pause)
        writer.write(whole[between:])

    reply = await ask(http, await serve(handle))
    assert reply.content == b"A" * 10 + b"B" * 10  # type: ignore[attr-defined]


async def test_nobody_there(http: HttpClient, serve: Serving) -> None:
    async def handle(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        pass

    port = await serve(handle)
    told = await failure(http, port)
    assert told.kind is Kind.UPSTREAM
    assert (await failure(http, 1)).kind is Kind.UNREACHABLE


async def test_a_name_that_does_not_exist_is_offline_and_no_fault_of_the_provider(
    http: HttpClient,
) -> None:
    with pytest.raises(OutboundError) as caught:
        await http.send(HttpRequest("GET", "http://nowhere.invalid/"), now() + 3)
    assert caught.value.kind is Kind.OFFLINE


async def test_a_silent_server_costs_the_deadline_and_no_more(
    http: HttpClient, serve: Serving
) -> None:
    async def handle(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    started = now()
    told = await failure(http, await serve(handle), 0.3)
    assert told.kind is Kind.TIMEOUT
    assert now() - started < 0.6


async def test_a_dripping_server_costs_the_deadline_and_no_more(
    http: HttpClient, serve: Serving
) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(answer(b"", length=1000))
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    started = now()
    told = await failure(http, await serve(handle), 0.4)
    assert told.kind is Kind.TIMEOUT
    assert now() - started < 0.8


@pytest.mark.parametrize(
    "sent",
    [
        answer(b'{"a"', length=50),
        answer(b"5\r\nab", "Transfer-Encoding: chunked"),
        b"HTTP/1.1 200 OK\r\nContent-Le",
        answer(gzip.compress(b"x" * 1000)[:20], "Content-Encoding: gzip"),
        answer(gzip.compress(b"x") + gzip.compress(b"y")[:-9], "Content-Encoding: gzip"),
    ],
)
async def test_an_answer_that_breaks_off_is_never_taken_for_whole(
    http: HttpClient, serve: Serving, sent: bytes
) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(sent)

    assert (await failure(http, await serve(handle))).kind is Kind.UPSTREAM


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01garbage\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        answer(b"not gzip", "Content-Encoding: gzip"),
        answer(b"zzz", "Content-Encoding: br"),
        answer(b"zzz", "Content-Encoding: gzip, gzip"),
        answer(
            gzip.compress(gzip.compress(b"{}")), "Content-Encoding: gzip", "Content-Encoding: gzip"
        ),
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
)
async def test_garbage_is_a_failure_of_the_provider(
    http: HttpClient, serve: Serving, sent: bytes
) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(sent)

    assert (await failure(http, await serve(handle))).kind is Kind.UPSTREAM


@pytest.mark.parametrize("packed", [False, True])
async def test_an_answer_larger_than_the_cap_is_refused(
    http: HttpClient, serve: Serving, packed: bool
) -> None:
    size = MOST_BYTES + 1

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        body = b"0" * size
        if packed:
            writer.write(answer(gzip.compress(body), "Content-Encoding: gzip"))
        else:
            writer.write(answer(body))
        await writer.drain()

    told = await failure(http, await serve(handle))
    assert "larger than 5 MiB" in told.message


async def test_a_redirect_is_not_followed_with_the_key(http: HttpClient, serve: Serving) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(answer(b"", "Location: http://127.0.0.1:1/", status="302 Found"))

    reply = await ask(http, await serve(handle))
    assert reply.status == 302  # type: ignore[attr-defined]


async def test_a_proxy_from_the_environment_is_used_and_no_proxy_is_obeyed(
    monkeypatch: pytest.MonkeyPatch, serve: Serving
) -> None:
    lines: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append((await head(reader)).splitlines()[0])
        writer.write(answer(b"{}"))

    port = await serve(proxy)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    opened = HttpClient("Lou/test")
    try:
        await opened.send(HttpRequest("GET", "http://provider.test/x"), now() + 3)
        assert lines == [b"GET http://provider.test/x HTTP/1.1"]
        await opened.send(HttpRequest("GET", f"http://127.0.0.1:{port}/y"), now() + 3)
        assert lines[1] == b"GET /y HTTP/1.1"
    finally:
        await opened.close()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("http_proxy", "{place}", ""),
        ("all_proxy", "http://{place}", ""),
        ("http_proxy", "http://user:pw@{place}", ""),
        ("http_proxy", "socks5://{place}", "cannot use (socks5)"),
        ("http_proxy", "http://[bad", "is no address"),
        ("http_proxy", "http://127.0.0.1:1", "through the proxy of the environment"),
        ("https_proxy", "http://{place}/", "wants a user name"),
    ],
)
async def test_a_proxy_is_used_as_people_write_it_or_named_as_the_reason(
    monkeypatch: pytest.MonkeyPatch, serve: Serving, name: str, value: str, said: str
) -> None:
    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (await head(reader)).startswith(b"CONNECT"):
            writer.write(answer(b"", status="407 Proxy Authentication Required"))
        else:
            writer.write(answer(b"{}"))

    for other in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(other, raising=False)
        monkeypatch.delenv(other.upper(), raising=False)
    monkeypatch.setenv(name, value.format(place=f"127.0.0.1:{await serve(proxy)}"))
    opened = HttpClient("Lou/test")
    scheme = "https" if name == "https_proxy" else "http"
    asking = opened.send(HttpRequest("GET", f"{scheme}://provider.test/x"), now() + 3)
    if said:
        with pytest.raises(OutboundError, match=re.escape(said)) as caught:
            await asking
        assert caught.value.kind is Kind.UNREACHABLE
    else:
        assert (await asking).status == 200
    await opened.close()


async def test_a_proxy_that_wants_a_password_is_no_answer_of_the_provider(
    monkeypatch: pytest.MonkeyPatch, serve: Serving
) -> None:
    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(answer(b"<html>", status="407 Proxy Authentication Required"))

    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{await serve(proxy)}")
    monkeypatch.delenv("no_proxy", raising=False)
    opened = HttpClient("Lou/test")
    with pytest.raises(OutboundError, match="the proxy refused") as caught:
        await opened.send(HttpRequest("GET", "http://provider.test/x"), now() + 3)
    await opened.close()
    assert caught.value.kind is Kind.UNREACHABLE


async def test_connections_are_used_again(http: HttpClient, serve: Serving) -> None:
    connections = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            await head(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    port = await serve(handle)
    for _ in range(10):
        await ask(http, port)
    assert connections == 1
