"""The interface of a provider: it makes requests and reads replies. No I/O."""

from __future__ import annotations

import math
import time
from typing import Any, Protocol

from servers.host.redact import redact
from servers.outbound import retry
from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import HttpReply, HttpRequest
from servers.search import sanitize
from servers.search.provider_spec import Access, ProviderSpec
from servers.search.websearch.query import SearchQuery
from servers.search.websearch.results import ResultPage


class Provider(Protocol):
    """The requests and replies of a search service.

    Its key is tried by a search; a service that has a cheaper way overrides the two probes.
    """

    spec: ProviderSpec

    def request(self, query: SearchQuery, access: Access) -> HttpRequest:
        """The request that searches."""

    def read(self, reply: HttpReply) -> ResultPage:
        """The hits in `reply`.

        Raises:
            OutboundError: the reply is a failure, whatever its status says.
        """

    def image_request(self, query: SearchQuery, access: Access) -> HttpRequest:
        """The request that searches for images.

        Raises:
            OutboundError: UNSUPPORTED, unless its spec has `image_ignores`.
        """
        raise OutboundError(Kind.UNSUPPORTED, "it has no images")

    def read_images(self, reply: HttpReply) -> ResultPage:
        """The images in `reply`.

        Raises:
            OutboundError: the reply is a failure, whatever its status says.
        """
        raise OutboundError(Kind.UNSUPPORTED, "it has no images")

    def probe(self, access: Access) -> HttpRequest:
        """The cheapest request that shows whether the key works."""
        return self.request(SearchQuery("lou", count=1), access)

    def read_probe(self, reply: HttpReply) -> None:
        """Look at the answer to `probe`.

        Raises:
            OutboundError: AUTH when the key was refused.
        """
        self.read(reply)


def payload_of(reply: HttpReply) -> Any:
    """The JSON in `reply`; a failure that comes as something else is told by its status.

    A 403 that is no JSON comes from a wall before the service, which never looked at the key.

    Raises:
        OutboundError: there is no JSON.
    """
    try:
        return reply.json()
    except OutboundError:
        if reply.status == 403:
            raise failure(Kind.BLOCKED, reply, "a wall before it refused us") from None
        if reply.status >= 300:
            raise by_status(reply) from None
        raise


def rows(payload: Any, *path: str) -> list[Any]:
    """The list at `path`; a list that is missing is a broken answer, an empty one is not.

    Raises:
        OutboundError: UPSTREAM, when there is no list.
    """
    found = payload
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    if not isinstance(found, list):
        raise OutboundError(Kind.UPSTREAM, f"its answer has no list `{'.'.join(path)}`")
    return [row for row in found if isinstance(row, dict)]


def at(payload: Any, *path: str) -> Any:
    """The value at `path` in nested objects, or None."""
    for step in path:
        payload = payload.get(step) if isinstance(payload, dict) else None
    return payload


_BY_STATUS = {
    401: Kind.AUTH,
    402: Kind.QUOTA,
    403: Kind.AUTH,
    408: Kind.TIMEOUT,
    429: Kind.RATE_LIMITED,
    504: Kind.TIMEOUT,
}
_LOOKED_AT = 20_000
_AGAIN = frozenset({429, 502, 503, 504, 529})


def by_status(reply: HttpReply, said: object = "") -> OutboundError:
    """The failure for an HTTP status, when the body names none."""
    kind = _BY_STATUS.get(reply.status)
    if kind is None:
        kind = Kind.BAD_REQUEST if 400 <= reply.status < 500 else Kind.UPSTREAM
    return failure(kind, reply, said, transient=reply.status in _AGAIN)


def failure(
    kind: Kind, reply: HttpReply, said: object = "", *, transient: bool = False
) -> OutboundError:
    """A failure of `kind` that quotes what the provider said."""
    text = sanitize.line(redact(said[:_LOOKED_AT]) if isinstance(said, str) else "", 200)
    if 300 <= reply.status < 400:
        text = "it redirects elsewhere; correct its base_url setting"
    words = f"{_WORDS[kind]} ({reply.status}{': ' + text if text else ''})"
    return OutboundError(kind, words, retry_after=retry_after(reply), transient=transient)


def retry_after(reply: HttpReply) -> float | None:
    """What the reply's Retry-After asks for, in seconds."""
    return retry.seconds(reply.headers.get("Retry-After"), time.time())


_WORDS = {
    Kind.AUTH: "the key was rejected",
    Kind.QUOTA: "the quota is used up",
    Kind.RATE_LIMITED: "too many requests",
    Kind.BAD_REQUEST: "it refused the request",
    Kind.BLOCKED: "it takes us for a bot",
    Kind.TIMEOUT: "it did not answer in time",
    Kind.UPSTREAM: "it failed",
    Kind.UNSUPPORTED: "it cannot do this",
}


def number(text: object, default: float = -1) -> float:
    """A number that may come as a text; `nan` and `inf` are none."""
    try:
        found = float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return default
    return found if math.isfinite(found) else default
