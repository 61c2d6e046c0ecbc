"""The error of outbound calls: a kind for programs, a sentence for people."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """The kind of failure; the values appear in metrics and answers."""

    NO_KEY = "no_key"
    AUTH = "auth"
    QUOTA = "quota"
    RATE_LIMITED = "rate_limited"
    BAD_REQUEST = "bad_request"
    BLOCKED = "blocked"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    OFFLINE = "offline"
    """Its name was not found or there is no network; this says nothing about the provider."""
    UPSTREAM = "upstream"
    UNSUPPORTED = "unsupported"
    RESTING = "resting"
    BUSY = "busy"
    REFUSED = "refused"
    """Lou does not send it: a private address, a scheme, a robots rule."""


class OutboundError(Exception):
    """A call without a usable answer.

    `retry_after` is in seconds, as the provider sent it. `transient` means that the same request
    may succeed if it is sent again at once.
    """

    def __init__(
        self, kind: Kind, message: str, *, retry_after: float | None = None, transient: bool = False
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.retry_after = retry_after
        self.transient = transient
