"""Sends HTTP requests to the address of a server, with the headers of the user's entry.

In: requests. Out: responses whose body has not been read. Redirects are followed; the headers of
the entry go to the host of the entry alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import ClientResponse, ClientSession, ClientTimeout
from yarl import URL

from servers.host.tools.service import UpstreamLostError
from servers.relay import routing_headers

if TYPE_CHECKING:
    from servers.relay.entry import WebAddress

_CONNECTED_WITHIN_S = 30.0
_LONGEST_HEADER, _MOST_HEADERS = 1 << 17, 1_000
_MOST_REDIRECTS = 20
_REDIRECTS = frozenset((301, 302, 307, 308))


class WebRequests:
    """The connections and cookies of one session with the server at `address`."""

    def __init__(self, address: WebAddress) -> None:
        self._address = address
        self._http = ClientSession(
            connector=aiohttp.TCPConnector(limit=0),  # calls that wait hold up nothing else
            timeout=ClientTimeout(total=None, sock_connect=_CONNECTED_WITHIN_S),
            trust_env=True,
            auto_decompress=True,
            cookie_jar=aiohttp.CookieJar(unsafe=True),  # of addresses that are numbers, too
            read_bufsize=1 << 20,
            max_line_size=_LONGEST_HEADER,
            max_field_size=_LONGEST_HEADER,
            max_headers=_MOST_HEADERS,
        )

    async def open(
        self, method: str, headers: Mapping[str, str], body: bytes = b"", url: str = ""
    ) -> ClientResponse:
        """Send a request to `url`, by default the address itself.

        Raises:
            UpstreamLostError: it redirects without an end.
            ClientError, OSError, ValueError: there is no response.
        """
        own = URL(self._address.url)
        target = URL(url) if url else own
        for _ in range(_MOST_REDIRECTS):
            mine = self._address.headers if routing_headers.is_same_host(own, target) else {}
            response = await self._http.request(
                method,
                target,
                data=body or None,
                headers={**headers, **mine},
                allow_redirects=False,
            )
            where = response.headers.get("Location")
            if response.status not in _REDIRECTS or not where:
                return response
            response.close()
            target = target.join(URL(where))
        raise UpstreamLostError(f"The server at {own.host} redirects without an end.")

    async def are_taken(self, method: str, headers: Mapping[str, str], within_s: float) -> bool:
        """Whether the server takes a connection with an empty request, whatever it answers."""
        try:
            async with asyncio.timeout(within_s):
                (await self.open(method, headers)).close()
        except (aiohttp.ClientError, UpstreamLostError, TimeoutError, OSError) as failed:
            return not isinstance(failed, aiohttp.ClientConnectorError)
        return True

    async def close(self) -> None:
        await self._http.close()
