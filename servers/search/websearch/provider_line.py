"""The access to a provider with its channel: sends requests, and tells its state in words.

Whatever a failure says on its way out, no key is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from servers.host.tools import calls
from servers.outbound.channel import Channel
from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import HttpReply, HttpRequest
from servers.search.provider_spec import Access, ProviderSpec
from servers.search.providers.provider import KEY_REJECTED

T = TypeVar("T")


class ProviderLine:
    """Access and channel of one provider; replaced when keys or settings change."""

    def __init__(self, spec: ProviderSpec, access: Access, channel: Channel) -> None:
        self.spec = spec
        self.access = access
        self.channel = channel

    @property
    def has_keys(self) -> bool:
        """Whether every key it needs is set."""
        needed = self.spec.keys
        return bool(needed) and all(self.access.key(name) for name in needed)

    @property
    def missing(self) -> str:
        """What must be set before it can be asked, in words; empty when nothing is missing."""
        if not self.access.base_url:
            return f"its address is not set (settings.search.{self.spec.name}.base_url)"
        if self.has_keys or self.spec.keyless:
            return ""
        absent = [name for name in self.spec.keys if not self.access.key(name)]
        return f"no key: {' and '.join(absent)} not set"

    def refusal(self) -> OutboundError | None:
        return self.channel.refusal()

    async def exchange(
        self, request: HttpRequest, read: Callable[[HttpReply], T], deadline: float
    ) -> T:
        """What `read` makes of the reply; raises OutboundError if there is none."""
        if self.missing:
            raise OutboundError(Kind.NO_KEY, self.missing)

        def read_safely(reply: HttpReply) -> T:
            try:
                return read(reply)
            except OutboundError as failure:
                raise self._safe_failure(failure) from None

        return await self.channel.exchange(request, read_safely, deadline)

    def _safe_failure(self, failure: OutboundError) -> OutboundError:
        """The failure without keys in its text. A rejected key is reported to the app."""
        failure.message = without(failure.message, self.access.keys)
        if failure.kind is not Kind.AUTH:
            return failure
        if not self.has_keys:
            failure.kind = Kind.BLOCKED
            failure.message = failure.message.replace(KEY_REJECTED, "it refuses us without a key")
            return failure
        calls.trouble(
            "key_rejected",
            f"{self.spec.title}: {failure.message}",
            "Set the key again, or take the provider out of the chain.",
            key=self.spec.keys[0],
        )
        return failure


def without(text: str, secrets: Mapping[str, str]) -> str:
    """`text` with the values of `secrets` taken out."""
    for value in secrets.values():
        if len(value) >= 4:
            text = text.replace(value, "[key]")
    return text
