"""Reads install links, by which web pages add a server to a client: link in, entry out."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from app.formats.spans import UnreadableError, refuse_depths

_LINK = re.compile(r"[a-z][a-z0-9+.-]{1,30}:[^\s{}\"<>]{4,100000}", re.IGNORECASE)
_PLACES = ("mcp/install", "install-mcp", "add_mcp", "mcp/add", "redirect")


def entry_of(text: str, redirects: int = 3) -> dict[str, Any] | None:
    """The entry in an install link, with its name; None when the text is no such link.

    A web page may wrap the link in at most `redirects` others.

    Raises:
        UnreadableError: the link's content cannot be read.
    """
    if not _LINK.fullmatch(text.strip()):
        return None
    parts = urlsplit(text.strip())
    place = f"{parts.netloc}{parts.path}".strip("/")
    query = parse_qs(parts.query)
    if parts.scheme == "goose" and place == "extension":
        return _of_goose(query)
    if not place.endswith(_PLACES):
        return None
    if "url" in query and place.endswith("redirect"):
        if not redirects:
            raise UnreadableError("The link stands in too many others.", 1, 1)
        return entry_of(query["url"][0], redirects - 1)
    if "config" in query:
        return {"name": query.get("name", ["server"])[0], **_decoded(query["config"][0])}
    return _decoded(unquote(parts.query))


def _of_goose(query: dict[str, list[str]]) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": query.get("id", query.get("name", ["server"]))[0]}
    if "url" in query:
        return {**entry, "url": query["url"][0], "type": "http"}
    return {**entry, "command": query.get("cmd", [""])[0], "args": query.get("arg", [])}


def _decoded(text: str) -> dict[str, Any]:
    """A parameter of the link: JSON, or JSON in Base64."""
    try:
        if not text.lstrip().startswith("{"):
            plain = text.replace(" ", "+").replace("-", "+").replace("_", "/")
            text = base64.b64decode(plain + "=" * (-len(plain) % 4)).decode("utf-8")
        found = json.loads(text)
    except (ValueError, binascii.Error, RecursionError):
        raise UnreadableError("What the link holds cannot be read.") from None
    if not isinstance(found, dict):
        raise UnreadableError("The link holds no entry of a server.")
    refuse_depths(found)
    return found
