"""Asks once a day whether a newer Lou is out, only if the person allowed it.

In: the address of a small JSON file, `{"version": "1.2.3", "notes": "..."}`. Out: news, when that
version is newer. The request carries the name and version of Lou and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from app.errors import SettingsError
from app.system import files, paths, version
from servers.contract import harmless

_DAY_S = 86_400.0
_WITHIN_S = 20.0
_MOST_BYTES = 65_536
_MOST_NOTES = 400
_VERSION = re.compile(r"\d{1,6}(?:\.\d{1,6}){0,3}")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class UpdateNews:
    """A version that is newer than this one, and what its makers say of it."""

    version: str
    notes: str


def is_due() -> bool:
    """Whether nobody asked within a day."""
    try:
        return abs(time.time() - _stamp().stat().st_mtime) >= _DAY_S
    except OSError:
        return True


def ask(address: str) -> UpdateNews | None:
    """The news at `address`; None when there are none. Blocks; for a thread.

    Raises:
        SettingsError: the address cannot be used, or its answer is not understood.
    """
    import urllib.request  # noqa: PLC0415 - TLS, for those alone who allowed it

    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise SettingsError(
            f"New versions cannot be asked for at {address!r:.200}.",
            "Set `update_address` to an address that begins with https://.",
            code="update_address",
        )
    with contextlib.suppress(SettingsError):  # without it Lou asks again after its next start
        files.write_atomic(_stamp(), b"")
    agent = {"User-Agent": f"Lou/{version.current()}", "Accept": "application/json"}
    request = urllib.request.Request(address, headers=agent)  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=_WITHIN_S) as answer:  # noqa: S310
            found = json.loads(answer.read(_MOST_BYTES))
        newest, notes = str(found["version"]), str(found.get("notes", ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as failure:
        raise SettingsError(
            f"Lou could not ask for new versions: {failure}.",
            "Lou asks again tomorrow.",
            code="update_unknown",
        ) from failure
    if not is_newer(newest, version.current()):
        return None
    return UpdateNews(newest, harmless.cell(notes)[:_MOST_NOTES])


def is_newer(one: str, other: str) -> bool:
    """Whether version `one` is newer than `other`; what is no version never is."""
    if not _VERSION.fullmatch(one):
        return False
    return _numbers(one) > _numbers(other)


def _numbers(text: str) -> tuple[int, ...]:
    found = _VERSION.match(text)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    return tuple((*numbers, 0, 0, 0, 0)[:4])


def _stamp() -> Path:
    return paths.data_folder("update-asked")
