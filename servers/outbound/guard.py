"""Fetches pages at addresses that a model or a web page gave: public addresses only.

In: a URL. Out: the page after redirects, limited in size. A name is resolved once, all its
addresses must be public, and the connection goes to one of them. The address is checked again where
the socket is created. Proxies, cookies and credentials are never used.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from servers.outbound import addresses
from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import CONNECT_S, MOST_BYTES, SILENCE_S, as_outbound_error, body

LONGEST_URL = 2048
_MOST_REDIRECTS = 5
_PORTS = frozenset({80, 443})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_UNCLEAN = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
_ACCEPT = (
    "text/html, application/xhtml+xml, text/plain;q=0.9, application/json;q=0.8, "
    "application/pdf;q=0.8, */*;q=0.1"
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A fetched page; `url` is the last one after redirects."""

    url: str
    status: int
    content_type: str
    """The header unchanged; empty if there is none."""
    content: bytes = field(repr=False)


Accept = Callable[[str, bytes], int | None]


class RedirectError(OutboundError):
    """A redirect that cannot be followed."""

    def __init__(self, message: str) -> None:
        super().__init__(Kind.UPSTREAM, message)


class _PrivateAddressError(OSError):
    """An address that is not on the public internet."""


class PageFetcher:
    """Fetches pages. `trusted` names hosts of the user that may be read although not public.

    An item is `host:port`, or `host` for the default port; IPv6 is written in brackets.
    """

    def __init__(
        self,
        user_agent: str,
        *,
        trusted: frozenset[str] = frozenset(),
        resolver: AbstractResolver | None = None,
        is_public: Callable[[str], bool] = addresses.is_public,
        ports: frozenset[int] = _PORTS,
    ) -> None:
        self.trusted = trusted
        self._is_public = is_public
        self._ports = ports
        public = aiohttp.TCPConnector(
            limit=32,
            use_dns_cache=False,
            resolver=_PublicResolver(resolver or aiohttp.ThreadedResolver(), is_public),
            socket_factory=self._socket,
        )
        self._public = _session(user_agent, public)
        self._own = _session(user_agent, aiohttp.TCPConnector(limit=8))

    async def close(self) -> None:
        await self._public.close()
        await self._own.close()

    async def get(
        self,
        url: str,
        deadline: float,
        accept: Accept | None = None,
        permit: Callable[[str], Awaitable[None]] | None = None,
        *,
        cut_at: int = 0,
    ) -> Fetched:
        """The page at `url` after its redirects.

        `accept` gets the Content-Type header (empty if none) and the first bytes, and raises to
        stop the download, or tells how many bytes may come. `permit` gets every address before it
        is requested, and raises to refuse it. After `cut_at` bytes the download stops; 0 means the
        usual limit, and an error there.

        Raises:
            OutboundError: REFUSED when the address must not be read; else why there is no page.
        """
        target = self.checked(url)
        for _ in range(_MOST_REDIRECTS + 1):
            if permit:
                await permit(str(target))
            found = await self._hop(target, deadline, accept, cut_at)
            if isinstance(found, Fetched):
                return found
            if target.scheme == "https" and found.scheme == "http" and not self._is_own(found):
                raise OutboundError(Kind.REFUSED, "it redirects from https to http")
            target = self.checked(str(found))
        raise RedirectError(f"it redirects more than {_MOST_REDIRECTS} times")

    def checked(self, text: str) -> URL:
        """The address in `text`; raises OutboundError REFUSED if its text alone forbids it."""
        if len(text) > LONGEST_URL:
            raise OutboundError(
                Kind.REFUSED, f"the address is longer than {LONGEST_URL} characters"
            )
        if _UNCLEAN.search(text):
            raise OutboundError(
                Kind.REFUSED, "the address holds spaces, control characters or backslashes"
            )
        try:
            url = URL(text)
            host, port = url.host, url.port
        except ValueError:
            raise OutboundError(Kind.REFUSED, "that is not a web address") from None
        if url.scheme not in {"http", "https"} or not host:
            raise OutboundError(Kind.REFUSED, "only http and https addresses can be read")
        if url.user is not None or url.password is not None:
            raise OutboundError(Kind.REFUSED, "the address holds a user name or password")
        if not self._is_own(url):
            self._check_host(host, port)
        return url.with_fragment(None)

    def _check_host(self, host: str, port: int | None) -> None:
        if port not in self._ports:
            raise OutboundError(Kind.REFUSED, f"port {port} is not a web port")
        is_address = ":" in host or host.replace(".", "").isdigit()
        if is_address and not self._is_public(host):
            raise OutboundError(Kind.REFUSED, _NOT_PUBLIC)

    def _is_own(self, url: URL) -> bool:
        host = f"[{url.host}]" if ":" in (url.host or "") else url.host
        return f"{host}:{url.port}" in self.trusted or (
            url.is_default_port() and host in self.trusted
        )

    async def _hop(
        self, url: URL, deadline: float, accept: Accept | None, cut_at: int
    ) -> Fetched | URL:
        """The page, or the address that it redirects to."""
        remaining = deadline - asyncio.get_running_loop().time()
        if remaining <= 0:
            raise OutboundError(Kind.TIMEOUT, "no time was left to read it")
        limits = aiohttp.ClientTimeout(total=remaining, sock_connect=CONNECT_S, sock_read=SILENCE_S)
        session = self._own if self._is_own(url) else self._public
        try:
            async with session.get(url, allow_redirects=False, timeout=limits) as response:
                return await _read(response, accept, cut_at)
        except TimeoutError:
            raise OutboundError(
                Kind.TIMEOUT, f"it did not answer within {remaining:.0f} s"
            ) from None
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, _PrivateAddressError):
                raise OutboundError(Kind.REFUSED, _NOT_PUBLIC) from None
            raise as_outbound_error(error, repeatable=False) from None
        except aiohttp.ClientError as error:
            raise as_outbound_error(error, repeatable=False) from None
        except ValueError:  # a name that no resolver accepts
            raise OutboundError(Kind.REFUSED, "that is not a web address") from None

    def _socket(self, address: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        family, kind, protocol, _, place = address
        if not self._is_public(str(place[0])):
            raise _PrivateAddressError(_NOT_PUBLIC)
        return socket.socket(family=family, type=kind, proto=protocol)


_NOT_PUBLIC = (
    "its address is not on the public internet; Lou reads such places only when "
    "settings.search.fetch_page.trusted lists them"
)


class _PublicResolver(AbstractResolver):
    """Resolves names whose addresses are all public."""

    def __init__(self, inner: AbstractResolver, is_public: Callable[[str], bool]) -> None:
        self._inner = inner
        self._is_public = is_public

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of `host`; raises OSError if it has none, or one that is not public."""
        results = await self._inner.resolve(host, port, family)
        if not all(self._is_public(one["host"]) for one in results):
            raise _PrivateAddressError(_NOT_PUBLIC)
        return results

    async def close(self) -> None:
        await self._inner.close()


async def _read(
    response: aiohttp.ClientResponse, accept: Accept | None, cut_at: int
) -> Fetched | URL:
    location = response.headers.get("Location")
    if response.status in _REDIRECTS and location:
        try:
            return response.url.join(URL(location))
        except ValueError:
            raise RedirectError("it redirects to something that is no address") from None
    content = b""
    header = ", ".join(response.headers.getall("Content-Type", []))
    if response.status < 400:
        check = (lambda start: accept(header, start)) if accept else None
        content = await body(response, cut_at or MOST_BYTES, cut=bool(cut_at), accept=check)
    return Fetched(str(response.url), response.status, header, content)


def _session(user_agent: str, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        headers={"User-Agent": user_agent, "Accept": _ACCEPT, "Accept-Encoding": "gzip"},
    )
