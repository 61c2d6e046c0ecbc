"""What the refusal of a web server means: for the client in words, for the app as a trouble.

In: a response, or why there is none. Out: an `UpstreamLostError`. With a `code` it ends the server
for now; the app shows it and knows from the exit code when to try again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

from servers.contract.messages import EXIT_REFUSED, EXIT_UNREACHABLE
from servers.host.redact import excerpt
from servers.host.tools.service import UpstreamLostError
from servers.relay.event_stream import whole_body
from servers.relay.wire_message import NotJsonError, parse

if TYPE_CHECKING:
    from aiohttp import ClientResponse

_TOLD_BY_STATUS = frozenset((401, 403, 429))
"""Statuses that say more than the body."""
_KEY_HINT = "Correct the key in the server's headers, then it connects again."
_SIGN_IN = " It wants a sign-in in a browser, which Lou cannot do: use an access token as the key."
_NO_KEY_HINT = "Add it to the server's headers, mostly as Authorization: Bearer, then it connects."
_AGAIN = "Lou tries again by itself, and at once when a client calls."
_ADDRESS = "Check the server's address."
_NETWORK = "Check the address and the network."
_LONGEST_WAIT_S = 3600
_LONGEST_QUOTE = 200
_READ_WITHIN_S = 5.0
_KEYLESS = frozenset((
    *("accept", "accept-encoding", "connection", "content-length", "content-type", "host"),
    *("last-event-id", "user-agent"),
))  # fmt: skip
"""Headers that are sent with any request; any other one may be a key."""


async def body_of(response: ClientResponse) -> bytes:
    """What a refusal says; empty if it is none, or cannot be read in time."""
    if response.status >= 400:
        with contextlib.suppress(TimeoutError, aiohttp.ClientError, UpstreamLostError):
            async with asyncio.timeout(_READ_WITHIN_S):
                return (await whole_body(response)).strip()
    return b""


def is_of_session(status: int, body: bytes) -> bool:
    """Whether a server refuses the session, not the request; some say so with 400, in words."""
    return status == 404 or (status == 400 and b"session" in body.lower())


def error_in(status: int, body: bytes) -> dict[str, Any] | None:
    """The JSON-RPC error in what a refusal says, unless its status says more."""
    if status in _TOLD_BY_STATUS:
        return None
    with contextlib.suppress(NotJsonError):
        errors = (answer.fields.get("error") for answer in parse(body))
        return next((error for error in errors if isinstance(error, dict)), None)
    return None


def refused(response: ClientResponse, *, is_first: bool) -> UpstreamLostError:
    """A status of 400 or more; `is_first` says that it was the answer to the handshake.

    Then it ends the server for now, as it does when other requests are refused, too.
    """
    status, host = response.status, URL(str(response.url)).host
    if status in {401, 403}:
        message = f"The server at {host} does not allow this (403)."
        hint = "The key may lack a permission, or the server does not let Lou in."
        if status == 401:
            asked = response.headers.get("WWW-Authenticate", "")
            sent = {name.lower() for name in response.request_info.headers}
            has_key = any(name not in _KEYLESS and not name.startswith("mcp-") for name in sent)
            message = (
                f"The server at {host} {'refused the key' if has_key else 'wants a key'} (401)."
            )
            hint = _KEY_HINT if has_key else _NO_KEY_HINT
            hint += _SIGN_IN if "resource_metadata" in asked else ""
        if not is_first:
            return UpstreamLostError(f"{message} {hint}")
        code = "key_refused" if status == 401 else "not_allowed"
        return UpstreamLostError(message, code=code, hint=hint, exit_code=EXIT_REFUSED)
    if status == 429:
        wait = response.headers.get("Retry-After", "")
        seconds = int(min(float(wait), _LONGEST_WAIT_S)) if wait.isdecimal() else 0
        pause = f" It asks to wait {seconds} s." if seconds else ""
        message = f"The server at {host} gets too many requests (429).{pause}"
        return _passing(message, is_first=is_first, retry_after_s=float(seconds))
    if status >= 500 or status in {404, 408}:
        message = f"The server at {host} answered with an error ({status} {response.reason})."
        return _passing(message, is_first=is_first, hint=_ADDRESS if status == 404 else "")
    message = f"The server at {host} refused the request ({status} {response.reason})."
    return _passing(message, is_first=is_first)


def problem(url: str, failed: Exception) -> UpstreamLostError:
    """Why there is no response that can be used."""
    if isinstance(failed, UpstreamLostError):
        return failed
    unreadable = (aiohttp.ClientPayloadError, aiohttp.ClientResponseError, ValueError)
    if isinstance(failed, unreadable) and not isinstance(failed, aiohttp.ClientSSLError):
        words = excerpt(str(failed), _LONGEST_QUOTE)  # an address that is none, half a body, ...
        message = f"The server at {URL(url).host} sent what nobody can read: {words}."
        return UpstreamLostError(message)
    words = _reason(failed) or "no answer in time"
    message = f"The server at {_place(URL(url))} cannot be reached: {words}."
    return _passing(message, is_first=True, hint=_NETWORK)


def _place(url: URL) -> str:
    """The host, and the port where the address names one: it may be the wrong one."""
    return f"{url.host}" if url.is_default_port() else f"{url.host}:{url.port}"


def is_cut(failed: Exception) -> bool:
    """Whether the server was there and cut the connection, perhaps because of one request."""
    is_away = isinstance(failed, aiohttp.ClientConnectorError)
    return isinstance(failed, aiohttp.ClientError) and not is_away


def stream_ended(url: str) -> UpstreamLostError:
    """The one stream of the older transport ended."""
    return _passing(f"The server at {URL(url).host} closed the connection.", is_first=True)


def _reason(failed: Exception) -> str:
    """The system's own words, where the failure of a connection has them."""
    refusal = getattr(failed, "certificate_error", None)
    if refusal is not None:  # the rest of it names files of OpenSSL
        return f"its certificate is refused ({getattr(refusal, 'verify_message', refusal)})"
    cause = getattr(failed, "os_error", failed)
    words = str(getattr(cause, "strerror", None) or failed)
    if isinstance(cause, OSError) and words.startswith("Connect call failed"):
        return os.strerror(cause.errno or 0)
    return words


def _passing(
    message: str, *, is_first: bool, retry_after_s: float = 0.0, hint: str = ""
) -> UpstreamLostError:
    if not is_first:
        return UpstreamLostError(message)
    return UpstreamLostError(
        message,
        code="unreachable",
        hint=f"{hint} {_AGAIN}".strip(),
        exit_code=EXIT_UNREACHABLE,
        retry_after_s=retry_after_s,
    )
