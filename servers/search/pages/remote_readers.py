"""Services that read a page in a browser of theirs, for pages that only a script fills.

They are asked with the user's own key and only where the user chose one in the settings, since
they learn which pages are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import HttpReply, HttpRequest
from servers.outbound.limiter import Pace
from servers.search import sanitize
from servers.search.provider_spec import Access, KeyedService, ProviderSpec
from servers.search.providers.provider import at, by_status, failure, payload_of
from servers.search.websearch.provider_line import ProviderLine

_SLOWEST_S = 40.0


@dataclass(frozen=True, slots=True)
class RemotePage:
    """What a service read: untrusted Markdown."""

    title: str
    text: str


class PageReading(KeyedService, Protocol):
    """The requests and replies of such a service."""

    def request(self, url: str, access: Access) -> HttpRequest:
        """The request that reads the page at `url`."""

    def read(self, reply: HttpReply) -> RemotePage:
        """The page in `reply`; raises OutboundError for a failure, whatever its status says."""


class Firecrawl:
    """`POST /v2/scrape`."""

    spec = ProviderSpec(
        name="firecrawl",
        title="Firecrawl",
        base_url="https://api.firecrawl.dev",
        keys=("FIRECRAWL_API_KEY",),
        caution="Costs a credit for each page.",
        pace=Pace(per_second=1, at_once=2),
    )

    def request(self, url: str, access: Access) -> HttpRequest:
        return HttpRequest(
            "POST",
            f"{access.base_url}/v2/scrape",
            headers=_bearer(access, self.spec),
            body={"url": url, "formats": ["markdown"], "onlyMainContent": True},
            repeatable=False,
            silence_s=_SLOWEST_S,
        )

    def read(self, reply: HttpReply) -> RemotePage:
        """The page, or the failure that `error` names."""
        payload = payload_of(reply)
        if reply.status != 200 or at(payload, "success") is False:
            raise by_status(reply, at(payload, "error"))
        return _page(at(payload, "data", "metadata", "title"), at(payload, "data", "markdown"))

    def probe(self, access: Access) -> HttpRequest:
        """What is left of the credit, which costs none."""
        url = f"{access.base_url}/v2/team/credit-usage"
        return HttpRequest("GET", url, headers=_bearer(access, self.spec))

    def read_probe(self, reply: HttpReply) -> None:
        if reply.status != 200:
            raise by_status(reply, at(payload_of(reply), "error"))


class Jina:
    """`POST /` of the reader, with JSON asked for."""

    spec = ProviderSpec(
        name="jina",
        title="Jina Reader",
        base_url="https://r.jina.ai",
        keys=("JINA_API_KEY",),
        caution="Costs tokens for each page.",
        pace=Pace(per_second=3, at_once=2),
    )

    def request(self, url: str, access: Access) -> HttpRequest:
        headers = {**_bearer(access, self.spec), "Accept": "application/json"}
        return HttpRequest(
            "POST",
            f"{access.base_url}/",
            headers=headers,
            body={"url": url},
            repeatable=False,
            silence_s=_SLOWEST_S,
        )

    def read(self, reply: HttpReply) -> RemotePage:
        """The page, or the failure that its message names."""
        payload = payload_of(reply)
        if reply.status != 200:
            said = at(payload, "readableMessage") or at(payload, "message")
            if reply.status == 402:
                raise failure(Kind.QUOTA, reply, said)
            raise by_status(reply, said)
        return _page(at(payload, "data", "title"), at(payload, "data", "content"))

    def probe(self, access: Access) -> HttpRequest:
        """The shortest page there is."""
        return self.request("https://example.com", access)

    def read_probe(self, reply: HttpReply) -> None:
        self.read(reply)


READERS: tuple[PageReading, ...] = (Firecrawl(), Jina())
"""Adding one is a class above and a line here."""


class RemoteReader:
    """The service that the user chose, with the user's access to it."""

    def __init__(self, service: PageReading, line: ProviderLine) -> None:
        self._service = service
        self._line = line

    @property
    def title(self) -> str:
        """What the service is called."""
        return self._service.spec.title

    async def page(self, url: str, deadline: float) -> RemotePage:
        """The page at `url`; raises OutboundError if it was not asked, or did not read it."""
        request = self._service.request(url, self._line.access)
        return await self._line.exchange(request, self._service.read, deadline)


def _bearer(access: Access, spec: ProviderSpec) -> dict[str, str]:
    return {"Authorization": f"Bearer {access.key(spec.keys[0])}"}


def _page(title: object, text: object) -> RemotePage:
    if not isinstance(text, str) or not text.strip():
        raise OutboundError(Kind.UPSTREAM, "it found no text either")
    return RemotePage(sanitize.line(title, 200), sanitize.passive(text).strip())
