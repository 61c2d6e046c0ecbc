"""Finds who an address belongs to, as hCards and microdata of a page say. In comes a tree."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from servers.search.contacts import elements, linked
from servers.search.contacts.disguise import without_marks
from servers.search.contacts.written import FoundAddress, addresses_in

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_CARDS = frozenset({"h-card", "vcard"})
_EMAILS = frozenset({"u-email", "email", "itemprop email"})
_NAMES = (
    ("p-name", "fn", "itemprop name"),
    ("p-given-name", "given-name", "itemprop givenName"),
    ("p-family-name", "family-name", "itemprop familyName"),
    ("p-org", "org", "itemprop legalName"),
)
"""What holds a name, the given name, the family name, and the name of the organization."""
_PART = {role: part for part, roles in enumerate(_NAMES) for role in roles}
_LONGEST_NAME, _MOST_ELEMENTS, _MOST_EMAILS = 200, 30, 1_000


def addresses_in_cards(tree: HtmlElement) -> Iterator[FoundAddress]:
    """The addresses in the cards of the page, each with the name on its card."""
    names: dict[HtmlElement, dict[int, str]] = {}
    emails: list[tuple[HtmlElement, HtmlElement]] = []
    around: dict[HtmlElement | None, HtmlElement] = {}
    """The nearest card that an element is or stands in."""
    for element in tree.iter():
        roles = _roles(element)
        above = around.get(element.getparent())
        own = element if _is_card(element, roles) else above
        if own is not None:
            around[element] = own
        is_named = not _EMAILS.isdisjoint(roles)
        is_email = is_named or _is_mailto(element)
        parts = {_PART[role] for role in roles if role in _PART}
        card = own if above is None else above
        if card is None or not (is_email or parts):
            continue
        if is_email and (is_named or not _CARDS.isdisjoint(_roles(card))):
            emails.append((element, card))
        for part in parts:
            names.setdefault(card, {}).setdefault(part, _text(element))
    for element, card in emails[:_MOST_EMAILS]:
        if name := _name(names.get(card, {})):
            yield from (replace(found, name=name) for found in _addresses(element))


def _roles(element: HtmlElement) -> set[str]:
    if not isinstance(element.tag, str):
        return set()
    roles = {f"itemprop {one}" for one in (element.get("itemprop") or "").split()}
    return roles.union((element.get("class") or "").split())


def _is_mailto(element: HtmlElement) -> bool:
    href = element.get("href") if element.tag == "a" else None
    return bool(href) and str(href).lstrip()[:7].lower() == "mailto:"


def _is_card(element: HtmlElement, roles: set[str]) -> bool:
    return element.get("itemscope") is not None or not _CARDS.isdisjoint(roles)


def _addresses(element: HtmlElement) -> Iterator[FoundAddress]:
    if _is_mailto(element):
        yield from linked.receivers(element.get("href") or "")
    elif content := element.get("content"):
        yield from addresses_in(without_marks(content[:_LONGEST_NAME]))
    elif len(list(islice(element.iter(), _MOST_ELEMENTS + 1))) <= _MOST_ELEMENTS:
        alone = copy.deepcopy(element)
        alone.tail = None
        yield from addresses_in(elements.text(alone))


def _text(element: HtmlElement) -> str:
    """What a name's element says; empty when it says more than a name."""
    content = element.get("content") or element.get("alt") or ""
    pieces = [content] if content else list(islice(element.itertext(), _MOST_ELEMENTS + 1))
    text = " ".join("".join(pieces).split())
    return text if len(pieces) <= _MOST_ELEMENTS and len(text) <= _LONGEST_NAME else ""


def _name(parts: dict[int, str]) -> str:
    given = f"{parts.get(1, '')} {parts.get(2, '')}".strip()
    return parts.get(0) or given or parts.get(3, "")
