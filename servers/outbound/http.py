"""Sends HTTP requests to providers over one connection pool.

In: a request and a deadline. Out: a reply of limited size. Error messages never contain a URL or a
header, since either may contain a key.
"""

from __future__ import annotations

import asyncio
import errno
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from servers.host.redact import excerpt
from servers.outbound.failure import Kind, OutboundError

CONNECT_S = 5.0
SILENCE_S = 10.0
"""Longest wait for the next byte, in seconds."""
MOST_BYTES = 5 << 20
"""Bytes of one answer after decompression."""
_OUT_OF_DATE = (9, 10)
"""What OpenSSL calls a certificate that is not valid yet, and one that has expired."""
_WANTS_PASSWORD = 407


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One HTTP request as data.

    `repeatable` means that sending it twice does no harm and costs nothing extra.
    """

    method: str
    url: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    form: Mapping[str, str] | None = None
    repeatable: bool = True
    silence_s: float = SILENCE_S


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A complete, decompressed reply."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    origin: str = ""
    """Scheme, host and port that answered."""

    def json(self) -> Any:
        """The content as JSON; invalid UTF-8 and raw line breaks in strings are tolerated.

        Raises:
            OutboundError: UPSTREAM, if it is not JSON.
        """
        try:
            encoding = json.detect_encoding(self.content)
            return json.loads(self.content.decode(encoding, "replace"), strict=False)
        except (ValueError, RecursionError):
            message = f"it answered {self.status} with something that is not JSON"
            raise OutboundError(Kind.UPSTREAM, message) from None


class HttpClient:
    """The connection pool of a server; create it inside the running loop, close it at the end."""

    def __init__(self, user_agent: str) -> None:
        self._proxies = getproxies()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=1024, ttl_dns_cache=60, keepalive_timeout=60),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": user_agent, "Accept-Encoding": "gzip"},
        )

    async def send(self, request: HttpRequest, deadline: float) -> HttpReply:
        """The reply, whatever its status; raises OutboundError for none, or a late or large one."""
        remaining = deadline - asyncio.get_running_loop().time()
        if remaining <= 0:
            raise OutboundError(Kind.TIMEOUT, "no time was left to ask it")
        limits = aiohttp.ClientTimeout(
            total=remaining, sock_connect=CONNECT_S, sock_read=request.silence_s
        )
        proxy: URL | None = None
        try:
            proxy = self._proxy(request.url)
            return await self._exchange(request, limits, proxy)
        except aiohttp.ConnectionTimeoutError:
            raise OutboundError(
                Kind.TIMEOUT, f"it took no connection within {min(CONNECT_S, remaining):.1f} s"
            ) from None
        except TimeoutError:
            waited = min(remaining, request.silence_s)
            raise OutboundError(Kind.TIMEOUT, f"no answer within {waited:.1f} s") from None
        except aiohttp.ClientSSLError as error:  # that of a certificate is a ValueError, too
            raise _failed(error, request, proxy) from None
        except ValueError:
            raise OutboundError(
                Kind.BAD_REQUEST, "its base_url setting is not a web address"
            ) from None
        except aiohttp.ClientHttpProxyError as error:
            raise OutboundError(Kind.UNREACHABLE, _proxy_refusal(error.status)) from None
        except aiohttp.ClientError as error:
            raise _failed(error, request, proxy) from None

    async def close(self) -> None:
        await self._session.close()

    async def _exchange(
        self, request: HttpRequest, limits: aiohttp.ClientTimeout, proxy: URL | None
    ) -> HttpReply:
        async with self._session.request(
            request.method,
            URL(request.url).extend_query(request.query) if request.query else request.url,
            headers=request.headers,
            json=request.body,
            data=request.form,
            allow_redirects=False,
            timeout=limits,
            proxy=proxy,
        ) as response:
            if proxy and response.status == _WANTS_PASSWORD:
                raise OutboundError(Kind.UNREACHABLE, _proxy_refusal(_WANTS_PASSWORD))
            content = await body(response, MOST_BYTES)
            origin = str(response.url.origin())
            return HttpReply(response.status, response.headers, content, origin)

    def _proxy(self, url: str) -> URL | None:
        """The proxy that the environment sets for `url`; without a scheme it is http.

        Raises:
            OutboundError: Lou cannot use that proxy.
        """
        if not self._proxies:
            return None
        parts = URL(url)
        named = self._proxies.get(parts.scheme) or self._proxies.get("all")
        if not named or proxy_bypass(f"{parts.host}:{parts.port}"):
            return None
        try:
            proxy = URL(named if "://" in named else f"http://{named}")
        except ValueError:
            raise OutboundError(
                Kind.UNREACHABLE, "the proxy of the environment is no address"
            ) from None
        if proxy.scheme not in {"http", "https"}:
            kind = f"the proxy of the environment is of a kind that Lou cannot use ({proxy.scheme})"
            raise OutboundError(Kind.UNREACHABLE, kind)
        return proxy


_START = 1024
"""Bytes at the start of a content by which its type is known."""


async def body(
    response: aiohttp.ClientResponse,
    most: int,
    *,
    cut: bool = False,
    accept: Callable[[bytes], int | None] | None = None,
) -> bytes:
    """The decompressed content of `response`, at most `most` bytes.

    With `cut` a larger content is cut there. `accept` gets its start, and raises to stop the
    download; a number it gives is how many bytes may come if that is more.

    Raises:
        OutboundError: it is larger, compressed in a way that was not asked for, or damaged.
    """
    unpack = _unpacker(",".join(response.headers.getall("Content-Encoding", [])))
    parts: list[bytes] = []
    total = received = 0
    async for chunk in response.content.iter_any():
        received += len(chunk)
        piece = unpack.decompress(chunk, most + 1 - total) if unpack else chunk
        total += len(piece)
        parts.append(piece)
        if max(total, received) > most:
            if cut:
                return b"".join(parts)[:most]
            raise OutboundError(Kind.UPSTREAM, f"its answer is larger than {most >> 20} MiB")
        if accept and total >= _START:
            most = max(most, accept(b"".join(parts)) or 0)
            accept = None
    if accept:
        accept(b"".join(parts))
    if unpack and parts and not unpack.eof:
        raise OutboundError(Kind.UPSTREAM, "its compressed answer ended early", transient=True)
    return b"".join(parts)


_MEMBER = b"\x1f\x8b"


class _Gzip:
    """Decompresses gzip members up to a limit; damage raises an OutboundError.

    Bytes after the last member that do not begin another one are padding and are ignored.
    """

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        self._rest = b""

    @property
    def eof(self) -> bool:
        return self._inner.eof

    def decompress(self, chunk: bytes, most: int) -> bytes:
        parts: list[bytes] = []
        chunk = self._rest + chunk
        while chunk and most > 0:
            if self._inner.eof:
                if not chunk.startswith(_MEMBER):
                    break
                self._inner = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            parts.append(self._member(chunk, most))
            most -= len(parts[-1])
            chunk = self._inner.unused_data
        self._rest = chunk[: len(_MEMBER)]
        return b"".join(parts)

    def _member(self, chunk: bytes, most: int) -> bytes:
        try:
            return self._inner.decompress(chunk, most)
        except zlib.error:
            raise OutboundError(Kind.UPSTREAM, "its compressed answer is damaged") from None


def _unpacker(encoding: str) -> _Gzip | None:
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return _Gzip()
        case other:
            message = f"it answered in the encoding {excerpt(other, 20)!r}, which was not asked for"
            raise OutboundError(Kind.UPSTREAM, message)


def _failed(error: aiohttp.ClientError, request: HttpRequest, proxy: URL | None) -> OutboundError:
    failed = as_outbound_error(error, repeatable=request.repeatable)
    if not proxy:
        return failed
    message = f"{failed.message} (through the proxy of the environment)"
    return OutboundError(failed.kind, message, transient=failed.transient)


def _insecure(error: aiohttp.ClientError) -> str:
    """Why there is no secure connection; to a clock that is years off every certificate is old."""
    refusal = getattr(error, "certificate_error", None)
    if getattr(refusal, "verify_code", 0) in _OUT_OF_DATE:
        return "its certificate is not valid today (is the clock of this computer right?)"
    return "no secure connection could be made to it"


def as_outbound_error(error: aiohttp.ClientError, *, repeatable: bool) -> OutboundError:
    """`error` in words, without the address and the headers that it may quote."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return OutboundError(
                Kind.OFFLINE, "its name could not be resolved (is the network up?)"
            )
        case aiohttp.ClientSSLError():
            return OutboundError(Kind.UNREACHABLE, _insecure(error))
        case aiohttp.ClientConnectorError():
            return _connection_error(error.os_error)
        case aiohttp.InvalidURL():
            return OutboundError(Kind.BAD_REQUEST, "its address is not a web address")
        case aiohttp.ClientPayloadError():
            message = "its answer broke off"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            message = "it closed the connection without answering"
        case _:
            message = f"its answer was no valid HTTP ({type(error).__name__})"
            return OutboundError(Kind.UPSTREAM, message)
    return OutboundError(Kind.UPSTREAM, message, transient=repeatable)


def _proxy_refusal(status: int) -> str:
    wants = ": it wants a user name and a password" if status == _WANTS_PASSWORD else ""
    return f"the proxy refused ({status}{wants})"


def _connection_error(error: OSError) -> OutboundError:
    if error.errno in {errno.ENETUNREACH, errno.ENETDOWN}:
        return OutboundError(Kind.OFFLINE, "no network leads to it (is the network up?)")
    reason = error.strerror or type(error).__name__
    return OutboundError(Kind.UNREACHABLE, f"it took no connection: {reason}", transient=True)
