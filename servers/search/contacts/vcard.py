"""Finds the addresses in vCards (RFC 6350 and older), each with the name on its card. Pure."""

from __future__ import annotations

import base64
import quopri
import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import unquote, unquote_to_bytes

from servers.search.contacts import address
from servers.search.contacts.written import FoundAddress

SURE = 0.9
_MOST = 1_000
_FOLD = re.compile(r"\r?\n[ \t]")
_SOFT_BREAK = re.compile(r"=\r?\n")
_ESCAPED = re.compile(r"\\([,;:\\nN])")
_CHARSET = re.compile(r"CHARSET=\"?([\w-]{1,20})", re.IGNORECASE)


def is_vcard(text: str) -> bool:
    return text[:200].lstrip("\ufeff \t\r\n")[:11].upper() == "BEGIN:VCARD"


def vcards(text: str) -> Iterator[FoundAddress]:
    """The first addresses in the cards of `text`, each with its name or its organization's."""
    yield from islice(_each(text), _MOST)


def _each(text: str) -> Iterator[FoundAddress]:
    emails: list[str] = []
    fields: dict[str, str] = {}
    for line in _lines(text):
        label, colon, value = line.partition(":")
        if not colon:
            continue
        kind, *parameters = label.rpartition(".")[2].upper().split(";")
        value = _decoded(value, parameters)
        if kind == "EMAIL":
            if len(emails) < _MOST:
                emails.append(address.exact(value.strip().removeprefix("mailto:")))
        elif kind in {"FN", "N", "ORG"}:
            fields.setdefault(kind, value)
        elif kind == "END":
            name = _name(fields)
            yield from (FoundAddress(email, SURE, name) for email in emails if email)
            emails, fields = [], {}
    yield from (FoundAddress(email, SURE, _name(fields)) for email in emails if email)


def linked_card(href: str) -> Iterator[FoundAddress]:
    """The addresses in a `data:` link to a vCard."""
    head, _, body = href.partition(",")
    if not head.lower().endswith(";base64"):
        yield from vcards(unquote(body))
        return
    try:
        yield from vcards(base64.b64decode(unquote_to_bytes(body)).decode("utf-8", "replace"))
    except ValueError:
        return


def _lines(text: str) -> list[str]:
    if "QUOTED-PRINTABLE" in text.upper():
        text = _SOFT_BREAK.sub("", text)
    return _FOLD.sub("", text).splitlines()


def _decoded(value: str, parameters: list[str]) -> str:
    """The value without the encodings of its `parameters`; escaped signs stay."""
    if not any(one.endswith("QUOTED-PRINTABLE") for one in parameters):
        return value
    named = _CHARSET.search(";".join(parameters))
    try:
        raw = quopri.decodestring(value.encode("utf-8", "replace"))
        return raw.decode(named.group(1) if named else "utf-8", "replace")
    except LookupError:
        return ""


def _name(fields: dict[str, str]) -> str:
    family, given, *_ = [*fields.get("N", "").split(";"), "", ""]
    parts = (
        fields.get("FN") or f"{given} {family}".strip() or fields.get("ORG", "").partition(";")[0]
    )
    return _ESCAPED.sub(lambda one: " " if one.group(1) in "nN" else one.group(1), parts)
