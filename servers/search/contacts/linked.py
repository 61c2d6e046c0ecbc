"""Finds addresses in links, attributes, structured data and scripts of a page. In comes a tree."""

from __future__ import annotations

import codecs
import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from servers.search.contacts import address, disguise, scripts
from servers.search.contacts.vcard import linked_card
from servers.search.contacts.words import listed
from servers.search.contacts.written import SURE, UNSURE, FoundAddress, addresses_in

if TYPE_CHECKING:
    from lxml.html import HtmlElement

LINKED = 0.9
_LONGEST = 1 << 18
_COVER = "email-protection#"
_MAILTO = re.compile(r"mailto(?::|%3a)", re.IGNORECASE)
_MISTYPED = re.compile(
    r"(?:e-?mail|mail|maito|mailo|mailt|malito|mialto|smtp|mailto[;=]?)[:;=]?/{0,2}(?=\S+@)",
    re.IGNORECASE,
)
_WEB_MAILBOX = re.compile(r"https?:?/{0,3}([^/?#@:\s]{1,64}@[^/?#@:\s]{1,253})/?", re.IGNORECASE)
_COMPOSERS = ("mail.google.", "outlook.", "compose.mail.", "mail.yahoo.")
_NEXT_FIELD = re.compile(r"&(?=(?:amp;)?(?:subject|body|cc|bcc|to)=)", re.IGNORECASE)
_BETWEEN = re.compile(r"[,;\s<>\"]+")
_AROUND = "<>\"'().,:;/[] \u200b\ufeff"
_QUOTE = re.compile(r"['\"\\<>)]")
_LINKS = frozenset({"href", "action", "data-href"})
_SHOWN_FIELDS = (None, "text", "email", "button", "submit")
_SHOWN = frozenset({"alt", "title", "aria-label", "content"})
_UNREAD = frozenset(
    {"placeholder", "pattern", "data-placeholder", "data-src", "src", "srcset", "data-srcset"}
)
_ENCODED = re.compile(r"enc|rot|obf|cloak|crypt|cipher", re.IGNORECASE)
_HALVES = (
    dict.fromkeys(
        listed(
            "user, name, local, u, mailbox, account, part1, first, prefix, before, left, login,"
            "username, mailname, lhs, mail-user, email-user, mail-name, email-name, local-part,"
            "localpart, recipient, to, mail-local, id, n"
        ),
        0,
    )
    | dict.fromkeys(
        listed(
            "domain, host, d, server, part2, second, suffix, after, right, site, mail-domain, rhs,"
            "email-domain, last, mail-host, email-host, domain-part, hostname, website"
        ),
        1,
    )
    | dict.fromkeys(listed("tld, ext, zone, part3, third, t, ending"), 2)
)
"""Which part of an address an attribute of that name holds: before the @, after it, the end."""
_PLAIN_HALVES = frozenset({"user", "domain", "host", "tld"})
"""The attributes that mean this without `data-` in front as well."""
_JSON_EMAIL = re.compile(
    r"\"(?:e-?mail|mailto)(?:address)?\"\s{0,9}:\s{0,9}\"([^\"]{3,300})\"", re.IGNORECASE
)
_JSON_ESCAPE = re.compile(r"\\u([0-9a-f]{4})|\\x([0-9a-f]{2})", re.IGNORECASE)
_CONCATENATION = re.compile(r"(['\"])\s{0,20}\+\s{0,20}['\"]")
_CALL = re.compile(r"crypt\w{0,40}+\(['\"]([^'\"]{5,400}+)['\"]", re.IGNORECASE)
_CLOAK = re.compile(
    r"\b(addy\w{0,40})\s{0,9}=\s{0,9}(?:(addy\w{0,40})\s{0,9}\+\s{0,9})?'([^'\n]{1,200})'"
)
_SCRIPT_MAILTO = re.compile(r"mailto:([^'\"\\<>?\s]{3,320}+)(?=['\"\\<>?])", re.IGNORECASE)
_WRITTEN = re.compile(r"document\.write(?:ln)?\(\s{0,9}[\"']([^\"'<>]{5,320})[\"']\s{0,9}\)")
_WRITES = re.compile(
    r"document\.write|innerHTML|innerText|textContent|\.href|\.location|insertAdjacentHTML"
)
_TAG = re.compile(r"<[^<>]{0,300}>")
_NAMED = re.compile(r"(?:^|[,;])[\s\"]{0,5}([^<>@,;\"]{2,80})\"?\s{0,5}<([^<>\s]{3,320})>")
_OF_ITS_OWNER = frozenset({"contactpoint", "contactpoints"})
"""Objects in JSON-LD that belong to who is around them."""


def linked(tree: HtmlElement) -> Iterator[FoundAddress]:
    """The addresses in links, attributes and structured data."""
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        for name, value in element.attrib.items():
            if 4 < len(value) < _LONGEST:
                yield from _in_attribute(element, name.lower(), value)
        yield from _in_pair(element)
        if element.tag == "script":
            yield from _in_data(element)


def scripted(tree: HtmlElement) -> Iterator[FoundAddress]:
    for script in tree.iter("script"):
        text = str(script.text or "")
        if "json" in str(script.get("type")):
            continue
        if len(text) < _LONGEST and (_WRITES.search(text) or "unescape(" in text):
            yield from (FoundAddress(one.email, SURE) for one in _in_script(text))


def stored(tree: HtmlElement) -> Iterator[FoundAddress]:
    """The addresses in the data of the page's scripts, which may be anybody's."""
    for script in tree.iter("script"):
        kind = str(script.get("type")).lower()
        if "json" in kind and "ld+json" not in kind:
            for one in _named_in_json(str(script.text or "")[:_LONGEST]):
                yield FoundAddress(one.email, UNSURE, only_own=True)


def _in_attribute(element: HtmlElement, name: str, value: str) -> Iterator[FoundAddress]:
    if name == "data-cfemail" or _COVER in value:
        yield from _exact(_from_cloudflare(value.rpartition("#")[2]))
    elif name in _UNREAD:
        return
    elif _MAILTO.search(value):
        is_code = name not in _LINKS or value.lstrip()[:11].lower() == "javascript:"
        if is_code:
            yield from _put_together(value)
        yield from receivers(_unescaped(value) if is_code else value, quoted=is_code)
    elif name in _LINKS:
        yield from _in_href(value.strip())
    elif name in _SHOWN:
        whole = list(_exact(value)) if name == "content" else []
        yield from whole or addresses_in(disguise.without_marks(value[:5000]))
    else:
        yield from _in_other(element, name, value)


def _in_other(element: HtmlElement, name: str, value: str) -> Iterator[FoundAddress]:
    if name.startswith("data-") or name in {"email", "mail"}:
        yield from _in_own_attribute(name, value)
    elif name.startswith("on"):
        yield from _put_together(value)
    elif name == "value" and element.get("type") in _SHOWN_FIELDS:
        yield from (FoundAddress(one.email, UNSURE) for one in _exact(value))


def receivers(value: str, *, quoted: bool = False) -> Iterator[FoundAddress]:
    """The receivers of the `mailto:` in `value`; `quoted` when it is in a script."""
    for part in _MAILTO.split(html.unescape(value))[1:]:
        link = _QUOTE.split(part, maxsplit=1)[0] if quoted else part
        to, _, fields = link.partition("?")
        to, *wrong = _NEXT_FIELD.split(to)
        yield from _in_list(to)
        for field in [*wrong, *fields.split("&")]:
            name, _, text = field.removeprefix("amp;").partition("=")
            if name.lower() in {"to", "cc", "bcc"}:
                yield from _in_list(text)


def _in_list(text: str) -> Iterator[FoundAddress]:
    text = unquote(unquote(text)) if "%25" in text else unquote(text)
    text = disguise.undisguised(disguise.without_marks(text[:5000])).translate(_PLAIN_AT)
    pieces = [piece.strip(_AROUND) for piece in _BETWEEN.split(text)]
    known = [email for email in map(address.exact, pieces) if email]
    if not known:
        known = list(filter(None, [address.exact("".join(text.split()).strip(_AROUND))]))
    names = {address.exact(email): name for name, email in _NAMED.findall(text)}
    for email in known:
        yield FoundAddress(email, LINKED, names.get(email, ""))


_PLAIN_AT = {ord(disguise.SURE_AT): "@", ord(disguise.UNSURE_AT): "@"}


def _exact(text: str) -> Iterator[FoundAddress]:
    if email := address.exact(text.strip().strip(_AROUND)):
        yield FoundAddress(email, LINKED)


def _in_href(value: str) -> Iterator[FoundAddress]:
    """An address in a link that its author mistyped, or that a script has to decode."""
    if found := _WEB_MAILBOX.fullmatch(value):
        yield from _exact(unquote(found.group(1)))
    elif found := _MISTYPED.match(value):
        yield from receivers(f"mailto:{value[found.end() :]}")
    elif "://" not in value:
        yield from _decoded_href(value)
    elif any(place in value[:60].lower() for place in _COMPOSERS):
        yield from _in_compose_link(value)


def _decoded_href(value: str) -> Iterator[FoundAddress]:
    start = value[:20].lower()
    if start.startswith(("javascript:", "#")):
        for call in _CALL.finditer(value):
            yield from _in_shifted_letters(call.group(1))
        yield from _put_together(value)
    elif start.startswith("znvygb:"):
        yield from receivers(codecs.decode(value, "rot13"))
    elif start.startswith(("data:text/vcard", "data:text/x-vcard")):
        yield from linked_card(value)
    elif "/" not in (bare := value.removeprefix("./").strip("/")):  # or it is a path
        yield from _exact(unquote(bare))


def _in_compose_link(url: str) -> Iterator[FoundAddress]:
    try:
        fields = parse_qsl(urlsplit(url).query)
    except ValueError:
        return
    for name, value in fields:
        if name.lower() in {"to", "cc"}:
            yield from _in_list(value)


def _in_shifted_letters(text: str) -> Iterator[FoundAddress]:
    """The address in a link whose letters were moved by a fixed number of places."""
    for by in range(-13, 14):
        for move in (_in_ranges, _plainly):
            if "".join(move(letter, by) for letter in text[:7]).lower() == "mailto:":
                yield from receivers("".join(move(letter, by) for letter in text))
                return


def _in_ranges(letter: str, by: int) -> str:
    """As TYPO3 moves letters: within each of its three ranges."""
    for low, high in ((0x2B, 0x3A), (0x40, 0x5A), (0x61, 0x7A)):
        if low <= ord(letter) <= high:
            return chr(low + (ord(letter) - low + by) % (high - low + 1))
    return letter


def _plainly(letter: str, by: int) -> str:
    return chr(max(1, ord(letter) + by))


def _in_own_attribute(name: str, value: str) -> Iterator[FoundAddress]:
    """An address as the whole value of an attribute that a site made for itself."""
    value = html.unescape(value).strip()
    if "mailto-token" in name:
        yield from _in_shifted_letters(value)
    elif value.startswith(("{", "[{")):
        yield from (FoundAddress(one.email, UNSURE) for one in _named_in_json(value))
    elif len(value) <= 400:
        yield from _decoded(name, value)


def _decoded(name: str, value: str) -> Iterator[FoundAddress]:
    turned = codecs.decode(value, "rot13")
    readings = [turned, value] if _ENCODED.search(name) else [value, value[::-1]]
    if "mail" in name:
        readings += [turned, unquote(value)]
    for reading in (*readings, scripts.from_base64(value)):
        plain = disguise.undisguised(disguise.without_marks(reading)).translate(_PLAIN_AT)
        if email := address.exact(plain.strip(_AROUND)):
            yield FoundAddress(email, LINKED)
            return


def _in_pair(element: HtmlElement) -> Iterator[FoundAddress]:
    """An address whose halves are in two or three attributes of one element."""
    halves = ["", "", ""]
    for name, value in element.attrib.items() if len(element.attrib) > 1 else []:
        bare = name.lower().removeprefix("data-")
        own = bare != name.lower() or bare in _PLAIN_HALVES or element.tag == "joomla-hidden-mail"
        if own and bare in _HALVES and len(value) < 300:
            halves[_HALVES[bare]] = value.strip().strip("@.")
    first, second, end = halves
    if not first or not second:
        return
    place = f"{second}.{end}" if end else second
    turned = (first[::-1], place[::-1])
    unpacked = (scripts.from_base64(first), scripts.from_base64(place))
    for local, domain in ((first, place), turned, unpacked):
        if email := address.put_together(local, domain):
            yield FoundAddress(email, SURE)
            return


def _in_data(script: HtmlElement) -> Iterator[FoundAddress]:
    """The addresses in JSON-LD: its e-mail fields, and what its other texts say."""
    if "ld+json" not in str(script.get("type")).lower():
        return
    text = str(script.text or "").strip().removeprefix("<!--").removesuffix("-->")
    text = text.replace("//<![CDATA[", "").replace("//]]>", "")
    try:
        data = json.loads(text if '"' in text else html.unescape(text), strict=False)
    except (ValueError, RecursionError):
        yield from _named_in_json(text[:_LONGEST])
        return
    yield from _in_json(data)


def _in_json(data: Any) -> Iterator[FoundAddress]:
    waiting = [("", data, "")]
    while waiting:
        key, value, owner = waiting.pop()
        if isinstance(value, dict):
            owner = _name_in(value) or (owner if key.lower() in _OF_ITS_OWNER else "")
            waiting += [(name, one, owner) for name, one in value.items()]
        elif isinstance(value, list):
            waiting += [(key, one, owner) for one in value]
        elif isinstance(value, str) and "email" in key.lower():
            for one in receivers(value) if _MAILTO.match(value) else _in_list(value):
                yield replace(one, name=one.name or owner)
        elif isinstance(value, str) and not key.startswith("@") and "@" in value:
            yield from addresses_in(disguise.without_marks(value[:5000]))


def _name_in(person: dict[str, Any]) -> str:
    """The name of a person or an organization in JSON-LD."""
    whole = person.get("name")
    if isinstance(whole, dict):  # with its language
        whole = whole.get("@value")
    parts = [person.get("givenName"), person.get("familyName")]
    both = " ".join(part for part in parts if isinstance(part, str))
    named = (whole, both, person.get("legalName"))
    return next((name for name in named if isinstance(name, str) and name.strip()), "")


def _named_in_json(text: str) -> Iterator[FoundAddress]:
    for field in _JSON_EMAIL.finditer(text):
        value = _unescaped(field.group(1))
        yield from receivers(value) if _MAILTO.match(value) else _exact(value)


def _unescaped(text: str) -> str:
    return _JSON_ESCAPE.sub(lambda one: chr(int(one.group(1) or one.group(2), 16)), text)


def _in_script(text: str) -> Iterator[FoundAddress]:
    text = unquote(text) if "unescape(" in text or "decodeURI" in text else text
    yield from _put_together(_unescaped(text))
    text = html.unescape(_CONCATENATION.sub("", _unescaped(text)))
    parts: dict[str, str] = {}
    for name, before, more in _CLOAK.findall(text):
        parts[name] = f"{parts.get(before, '')}{more}"
    for piece in (*parts.values(), *_WRITTEN.findall(text)):
        yield from _exact(piece)
    for link in _SCRIPT_MAILTO.findall(text):
        yield from receivers(f"mailto:{link}")


def _put_together(source: str) -> Iterator[FoundAddress]:
    """The addresses in the texts that a script joins, turns or decodes."""
    for text in scripts.put_together(source):
        yield from _written(text)


def _written(text: str) -> Iterator[FoundAddress]:
    """The addresses in what a script writes: markup, a link, or an address alone."""
    if _MAILTO.search(text):
        yield from receivers(text, quoted=True)
    yield from _exact(html.unescape(_TAG.sub("", text)))


def _from_cloudflare(covered: str) -> str:
    """The address that Cloudflare encoded: each byte is XORed with the first."""
    try:
        key, *rest = bytes.fromhex(covered.strip())
    except ValueError:
        return ""
    return bytes(byte ^ key for byte in rest).decode("utf-8", "replace")
