"""The interface of a provider: it makes requests and reads replies. No I/O."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from servers.host.redact import redact
from servers.outbound import retry
from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import HttpReply, HttpRequest
from servers.search import sanitize
from servers.search.provider_spec import Access, KeyedService
from servers.search.websearch.query import SearchQuery
from servers.search.websearch.results import Found, ResultPage, image, result

KEY_REJECTED = "the key was rejected"


class Provider(KeyedService, Protocol):
    """The requests and replies of a search service.

    Its key is tried by a search; a service that has a cheaper way overrides the two probes.
    """

    def request(self, query: SearchQuery, access: Access) -> HttpRequest:
        """The request that searches."""

    def read(self, reply: HttpReply) -> ResultPage:
        """Raises OutboundError if the reply is a failure, whatever its status says."""

    def image_request(self, query: SearchQuery, access: Access) -> HttpRequest:
        """Raises OutboundError UNSUPPORTED, unless the spec has `image_ignores`."""
        raise OutboundError(Kind.UNSUPPORTED, "it has no images")

    def read_images(self, reply: HttpReply) -> ResultPage:
        """Raises as `read`."""
        raise OutboundError(Kind.UNSUPPORTED, "it has no images")

    def probe(self, access: Access) -> HttpRequest:
        return self.request(SearchQuery("lou", count=1), access)

    def read_probe(self, reply: HttpReply) -> None:
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
    found = at(payload, *path)
    if not isinstance(found, list):
        said = _said(payload)
        more = f" ({sanitize.line(redact(said[:_LOOKED_AT]), 200)})" if said else ""
        raise OutboundError(Kind.UPSTREAM, f"its answer has no list `{'.'.join(path)}`{more}")
    kept = [row for row in found if isinstance(row, dict)]
    if found and not kept:
        raise OutboundError(Kind.UPSTREAM, f"no hit can be read in the list `{'.'.join(path)}`")
    return kept


def usable(items: Sequence[Any], make: Callable[[Any], Found | None]) -> tuple[Found, ...]:
    """What `make` makes of the hits that were told.

    Raises:
        OutboundError: UPSTREAM, when it makes nothing of any: that is not the same as no hits.
    """
    found = tuple(one for one in map(make, items) if one)
    if items and not found:
        message = f"none of the {len(items)} hits in its answer has a web address"
        raise OutboundError(Kind.UPSTREAM, message)
    return found


def hits(items: Sequence[Any], *names: str) -> ResultPage:
    """The hits in `items`; `names` are those of the title, the address, the snippet, the date."""
    found = usable(items, lambda hit: result(*(hit.get(name) for name in names)))
    return ResultPage(found)


def images(items: Sequence[Any], *paths: str) -> ResultPage:
    """The images in `items`; `paths`, with dots, lead to the arguments of `image`, in its order."""
    found = usable(items, lambda hit: image(*(at(hit, *path.split(".")) for path in paths)))
    return ResultPage((), found)


def at(payload: Any, *path: str) -> Any:
    """The value at `path` in nested objects, or None."""
    for step in path:
        payload = payload.get(step) if isinstance(payload, dict) else None
    return payload


def _content(reply: HttpReply) -> object:
    try:
        return reply.json()
    except OutboundError:
        return ""


def _said(value: object) -> str:
    """What a service says of a failure, as a text or in an object like those that most send."""
    if isinstance(value, dict):
        texts = (_said(value[name]) for name in _SAYING if value.get(name))
        return next((text for text in texts if text), "")
    if isinstance(value, list):
        return _said(value[0]) if value else ""
    return value if isinstance(value, str) else ""


_SAYING = ("message", "error", "errors", "detail", "msg", "error_description", "title", "reason")
_BY_WORDS = tuple(
    (kind, re.compile(words, re.IGNORECASE | re.DOTALL))
    for kind, words in (
        (Kind.QUOTA, r"\b(?:monthly|daily|per (?:month|day))\b"),
        (Kind.RATE_LIMITED, r"rate.?limit|too many requests|excessive requests|slow down|throttl"),
        (Kind.RATE_LIMITED, r"\bper (?:second|minute|hour)\b"),
        (Kind.QUOTA, r"\bcredits?\b|\bbilling\b|\bbalance\b|usage limit"),
        (Kind.QUOTA, r"^(?!429)[0-9]+ .*\bquota\b"),
        (Kind.BLOCKED, r"captcha|\bbots?\b|cloudflare|\bwaf\b|your (?:ip|country|region)\b"),
    )
)
"""What a refusal is about by its status and words; the first that fits counts."""
_TOLD_BY_WORDS = frozenset({400, 401, 403, 422, 429})
_NOWHERE = frozenset({404, 405, 410})
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
    text = _said(said) or _said(_content(reply))
    kind = kind_of(reply, text)
    again = reply.status in _AGAIN and kind is not Kind.QUOTA
    if reply.status in _NOWHERE and not text:
        text = "nothing is at this address; look at its base_url setting"
    return failure(kind, reply, text, transient=again)


def kind_of(reply: HttpReply, said: object = "") -> Kind:
    """The kind of a refusal, by what the service says in it and by its HTTP status."""
    status, text = reply.status, _said(said) or _said(_content(reply))
    looked_at = f"{status} {text[:_LOOKED_AT]}" if status in _TOLD_BY_WORDS else ""
    for kind, words in _BY_WORDS:
        if words.search(looked_at):
            return kind
    is_request = 400 <= status < 500 and (text or status not in _NOWHERE)
    return _BY_STATUS.get(status) or (Kind.BAD_REQUEST if is_request else Kind.UPSTREAM)


def failure(
    kind: Kind,
    reply: HttpReply,
    said: object = "",
    *,
    wait: float | None = None,
    transient: bool = False,
) -> OutboundError:
    """A failure of `kind` that quotes what the provider said.

    `wait`: seconds after which it can be asked again, where more than its Retry-After is known.
    """
    text = sanitize.line(redact((_said(said) or _said(_content(reply)))[:_LOOKED_AT]), 200)
    if 300 <= reply.status < 400:
        text = "it redirects elsewhere; correct its base_url setting"
    words = f"{_WORDS[kind]} ({reply.status}{': ' + text if text else ''})"
    wait = retry_after(reply) if wait is None else wait
    return OutboundError(kind, words, retry_after=wait, transient=transient)


def retry_after(reply: HttpReply) -> float | None:
    """What the reply's Retry-After asks for, in seconds."""
    return retry.seconds(reply.headers.get("Retry-After"), time.time())


_WORDS = {
    Kind.AUTH: KEY_REJECTED,
    Kind.QUOTA: "the quota is used up",
    Kind.RATE_LIMITED: "too many requests",
    Kind.BAD_REQUEST: "it refused the request",
    Kind.BLOCKED: "it takes us for a bot",
    Kind.TIMEOUT: "it did not answer in time",
    Kind.UPSTREAM: "it failed",
    Kind.UNSUPPORTED: "it cannot do this",
}


def number(text: object) -> float:
    """A number that may come as a text, or -1; `nan` and `inf` are none."""
    try:
        found = float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return -1
    return found if math.isfinite(found) else -1
