"""Why the outside world gave no answer: one word for programs, one sentence for people."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What kind of failure; the words appear in metrics and in answers."""

    NO_KEY = "no_key"
    AUTH = "auth"
    QUOTA = "quota"
    RATE_LIMITED = "rate_limited"
    BAD_REQUEST = "bad_request"
    BLOCKED = "blocked"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    OFFLINE = "offline"
    """Its name was not found or no network led to it: nothing is said about the provider."""
    UPSTREAM = "upstream"
    UNSUPPORTED = "unsupported"
    RESTING = "resting"
    BUSY = "busy"
    REFUSED = "refused"
    """Lou itself will not send this: an inner address, a scheme, a robots rule."""


class OutboundError(Exception):
    """A call that brought no answer.

    `retry_after` is in seconds, as the provider gave it. `transient` says that the same request
    may well succeed if it is sent again at once.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        retry_after: float | None = None,
        transient: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.retry_after = retry_after
        self.transient = transient
