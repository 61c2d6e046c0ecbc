"""The worst texts that are known of what comes from the web and from models, and what reads them.

`TEXTS`: a name -> the kind of its reader, and a function from a size to a text. `READERS`: a kind
-> its reader. Units are repeated flat, in one parent, and below many elements inside each other.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

from servers.contract import harmless
from servers.host import call_details
from servers.host.redact import excerpt
from servers.host.tools.service import ToolError
from servers.outbound import retry
from servers.outbound.failure import OutboundError
from servers.outbound.http import HttpReply
from servers.relay import answers, listed_entries, wire_message
from servers.relay.event_stream import EventReader
from servers.search import sanitize
from servers.search.contacts import address, scripts, vcard
from servers.search.contacts import page as contact_page
from servers.search.pages import content, document_program, extract, feeds, rich_text
from servers.search.pages.charset import decoded
from servers.search.providers import provider
from servers.search.providers.duckduckgo import DuckDuckGo
from servers.search.websearch import query, results
from servers.tracker.current_service import parse_filters
from servers.tracker.entry import RejectedEntryError, Rules, checked
from servers.tracker.stores.base import StoreQuery
from servers.tracker.stores.sqlite import queries

Maker = Callable[[int], str]
_URL = "https://a.example/x"
_PLACES = "<style>p:nth-child(7n+1){display:none}.x~p{color:red}div div p{opacity:0}</style>"
_ARTICLE = "<meta property=og:type content=article><body>"


def _flat(unit: str, start: str = "") -> Maker:
    return lambda size: start + unit * ((size - len(start)) // len(unit))


_HIT = "<a class=result__a href=//a.co/>a</a>"


def _numbered(unit: str) -> Maker:
    return lambda size: "".join(unit % at for at in range(size // len(unit)))


def _below(around: str, unit: str) -> Maker:
    """`unit` many times below 200 elements inside each other."""
    return _flat(unit, around * 200)


TEXTS: dict[str, tuple[str, Maker]] = {
    "reading: items": ("reading", _flat("<li>a b")),
    "reading: cells outside of a table": ("reading", _flat("<td>a", _PLACES)),
    "reading: inputs behind a style": ("reading", _flat("<input>", _PLACES)),
    "reading: paragraphs of an article": ("reading", _flat("<p>a b.", _ARTICLE)),
    "reading: rows": ("reading", _flat("<tr><td>a</td><td>b</td></tr>", "<table>")),
    "reading: hidden in hidden": ("reading", _below("<div hidden>", "<br>a")),
    "reading: unseen in unseen": ("reading", _below("<b style=visibility:hidden>", "<br>a")),
    "reading: shown in unseen": (
        "reading",
        _below("<b style=visibility:hidden>", "<i style=visibility:visible>a</i>"),
    ),
    "reading: hidden between words": ("reading", _flat("a <b hidden>x</b>b ")),
    "reading: inputs between words": ("reading", _flat("a@b.co <input hidden>b ")),
    "contacts: unseen between words": ("contacts", _flat("a <b style=display:none>x</b>b ")),
    "reading: rules in rules": ("reading", _flat(".a,p{b:c;", "<p>a<style>")),
    "reading: rules beside rules in rules": ("reading", _flat("b:c;p{opacity:0}", "<p>a<style>p{")),
    "reading: variables of variables": (
        "reading",
        _flat("--a:var(--a) var(--a);", "<p>a<style>p{opacity:var(--a);"),
    ),
    "reading: elements with a variable": (
        "reading",
        _flat("<i>a</i>", "<style>p{--a:0}i{opacity:var(--a)}</style>" + "<b style=--a:1>" * 200),
    ),
    "reading: elements with many rules of a variable": (
        "reading",
        _flat("<i>a</i>", "<style>" + "i{opacity:var(--a)}" * 200 + "</style>"),
    ),
    "reading: many variables": (
        "reading",
        _numbered("<style>p{--a%d:0}</style><p style='opacity:var(--a1)'>a"),
    ),
    "reading: what has something in it": (
        "reading",
        _flat("<p>a<b class=x>", "<style>p:has(.x),p:has(~ b) b{opacity:0}</style>"),
    ),
    "reading: animations": ("reading", _flat("@keyframes a{to{opacity:0}}", "<p>a<style>")),
    "reading: layers": ("reading", _numbered("<style>@layer a%d;@layer b{p{opacity:0}}</style>")),
    "reading: open strings": ("reading", _flat("'\\\"/*", "<p>a<style>")),
    "reading: sums": ("reading", _flat("calc(1px*(2+", "<p style='left:")),
    "reading: ground on ground": (
        "reading",
        _flat("<p class=a>b", "<style>.a{color:#fff}p{background:#fff;z-index:-1}</style>"),
    ),
    "reading: links in menus": ("reading", _below("<div class=menu>", "<a href=x>a</a>")),
    "reading: items in items": ("reading", _below("<ol><li>", "<li>a")),
    "reading: cells in tables": ("reading", _flat("<table><tr><td>a")),
    "reading: scripts": ("reading", _flat("<script>window.__A_STATE={</script>")),
    "reading: data": ("reading", _flat("<script type=json>[{}]</script><div id=app></div>")),
    "reading: entities": ("reading", _flat("&amp;&#64;&#x41;")),
    "reading: brackets": ("reading", _flat("<")),
    "reading: comments": ("reading", _flat("<!--")),
    "contacts: cells outside of a table": ("contacts", _flat("<td>a", _PLACES)),
    "contacts: names in cards": ("contacts", _below("<p class=h-card>", "<b class=p-name>a</b>")),
    "contacts: addresses in cards": (
        "contacts",
        _below("<div class=h-card>", "<a href=mailto:a@b.co>x</a>"),
    ),
    "contacts: hidden in hidden": ("contacts", _below("<div hidden>", "<i>a</i>")),
    "contacts: signs": ("contacts", _flat("a@")),
    "contacts: stand-ins": ("contacts", _flat("a#b *with @ ")),
    "scripts: calls": ("scripts", _flat("mail('a','b.c',")),
    "contacts: written beside": (
        "contacts",
        _below("<style>.a::after{content:'@b.co'}</style><p class=a>", "<b class=a>c</b>"),
    ),
    "contacts: broken lines": ("contacts", _flat("a@<br>b.")),
    "scripts: sums": ("scripts", _flat("a+'b'+")),
    "scripts: names": ("scripts", _flat("var a='b';")),
    "scripts: open quotes": ("scripts", _flat("['a','")),
    "scripts: numbers": ("scripts", _flat("String.fromCharCode(64,64,")),
    "rich: groups": ("rich", _flat("{\\v a")),
    "rich: signs": ("rich", _flat("\\u10?\\'e0\\~}")),
    "charset: comments": ("charset", _flat("<!-- \xe9")),
    "refusal: words": ("refusal", _flat("rate quota your ip ")),
    "feed: braces": ("feed", _flat("{ \"version\": \"http")),
    "contacts: words for signs": ("contacts", _flat("a at b dot ")),
    "contacts: brackets": ("contacts", _flat("a [at] b [dot] c ")),
    "contacts: data": ("contacts", _flat('<script type="application/ld+json">[</script>')),
    "contacts: people in data": (
        "contacts",
        _flat('{"@type":"Person","email":"a@b.co"},', '<script type="application/ld+json">['),
    ),
    "contacts: a person in a person in data": (
        "contacts",
        _flat('{"@type":"Person","founder":', '<script type="application/ld+json">'),
    ),
    "pdf: objects": ("pdf", _numbered("%06d 0 obj ")),
    "pdf: an object without an end": ("pdf", _flat("1 0 obj/Type", "%PDF-1.7\n")),
    "pdf: digits": ("pdf", _flat("9")),
    "contacts: addresses": ("contacts", _flat("a@b.co ")),
    "contacts: percent signs": ("contacts", _flat("<a href=mailto:%61%40>")),
    "links: anchors": ("links", _flat("<a href='/a'>contact</a>")),
    "links: different anchors": ("links", _numbered("<a href='/a%05d'>contact</a>")),
    "links: pictures": ("links", _flat("<a href=a><img alt=b></a>")),
    "links: an anchor of pictures": ("links", _flat("<img alt=b>", "<a href=a>")),
    "links: cells outside of a table": ("links", _flat("<td>a", _PLACES)),
    "hits: quotes that never close": ("hits", _flat("<a class=result__a href='''+ \t")),
    "hits: hits": ("hits", _flat("<a class=result__a href=//a.co/?uddg=b>a</a>")),
    "hits: snippets in snippets": ("hits", _flat("<div class=result__snippet>a", _HIT)),
    "hits: brackets": ("hits", _flat("<", _HIT)),
    "result: comments": ("result", _flat("<!--")),
    "result: entities": ("result", _flat("&a;&#64;")),
    "result: links": ("result", _flat("](")),
    "result: parameters": ("result", _flat("a=b&", "https://a.co/?")),
    "result: words": ("result", _flat("OR a ")),
    "draft: signs": ("draft", _flat("a@")),
    "draft: placeholders": ("draft", _flat("n/a ")),
    "draft: words": ("draft", _flat("do not contact ")),
    "draft: letters": ("draft", _flat("\u00e9\\${")),
    "draft: marks": ("draft", _flat("a\u0301")),
    "draft: digits": ("draft", _flat("9")),
    "draft: cursors": ("draft", _flat("Y2hhbmdlZCA5")),
    "domain: letters": ("domain", _flat("9", "xn--")),
    "domain: labels": ("domain", _flat("xn--a.")),
    "vcard: empty lines": ("vcard", _flat("\n")),
    "vcard: lines": ("vcard", _flat("BEGIN:VCARD\n")),
    "vcard: folded lines": ("vcard", _flat(" a\n", "BEGIN:VCARD\nN:")),
    "vcard: semicolons": ("vcard", _flat(";", "BEGIN:VCARD\nN")),
    "charset: labels": ("charset", _flat("charset=")),
    "charset: bytes": ("charset", _flat("\u00e9")),
    "header: charset": ("header", _flat("charset = ")),
    "header: semicolons": ("header", _flat(";")),
    "header: digits": ("header", _flat("9")),
    "header: blanks": ("header", _flat(" ")),
    "header: commas": ("header", _flat("Mon, ")),
    "events: a line in pieces": ("events", _flat("x", "data: ")),
    "events: lines": ("events", _flat("\n")),
    "events: returns": ("events", _flat("\r")),
    "events: data": ("events", _flat("data\n")),
    "events: digits": ("events", _flat("9", "retry: ")),
    "message: brackets": ("message", _flat("[", '{"result":')),
    "message: members": ("message", _flat('{"a":{},"a":', "")),
    "message: a batch": ("message", _flat('{"id":1},', "[")),
    "message: line ends": ("message", _flat("\n", '{"a":"')),
    "message: escapes": ("message", _flat("\\u00e9", '{"a":"')),
    "message: digits": ("message", _flat("9", '{"id":')),
    "list: tools": ("list", _flat('{"name":null},')),
    "shown: joiners": ("shown", _flat("\u200d")),
    "shown: emoji": ("shown", _flat("\U0001f600\u200d")),
    "shown: screen commands": ("shown", _flat("\x1b[")),
    "shown: titles": ("shown", _flat("\x1b]")),
    "shown: line ends": ("shown", _flat("\r")),
    "spelled: line ends": ("spelled", _flat("\r")),
    "spelled: screen commands": ("spelled", _flat("\x1b[")),
    "spelled: titles": ("spelled", _flat("\x1b]")),
    "spelled: tags": ("spelled", _flat("\U000e0041a")),
    "call: words": ("call", _flat("a ")),
    "call: addresses": ("call", _flat("a@b.co,")),
}  # fmt: skip


def _events(text: str) -> None:
    reader, raw = EventReader(), text.encode()
    for at in range(0, len(raw), 40):
        list(reader.feed(raw[at : at + 40]))


def _message(text: str) -> None:
    for message in wire_message.parse(text.encode()):
        answers.outcome(message)


def _header(text: str) -> None:
    content.labels(text)
    content.form(text, b"a")
    retry.seconds(text, 0.0)


def _shown(text: str) -> None:
    harmless.visible(text)
    excerpt(text, 80)
    harmless.one_line(text, 80)


def _result(text: str) -> None:
    results.result(text, text, text)
    results.same_page(text)
    sanitize.passive(text)
    query.folded(text)


def _hits(text: str) -> None:
    with contextlib.suppress(OutboundError):
        DuckDuckGo().read(HttpReply(200, {}, text.encode("utf-8", "replace")))


def _refusal(text: str) -> None:
    told = json.dumps({"error": {"message": text}}).encode()
    provider.by_status(HttpReply(403, {}, told), text)


def _feed(text: str) -> None:
    feeds.is_feed(text)
    feeds.is_feed("{" + text)


def _draft(text: str) -> None:
    filters: Any = dict.fromkeys(("text", "url", "email", "domain", "tag", "changed_since"), text)
    for refuses in (
        lambda: checked(rules=Rules(), url=text, email=text, note=text, tags=[text], status=text),
        lambda: parse_filters(**filters),
        lambda: queries._read_cursor(StoreQuery(cursor=text)),
    ):
        with contextlib.suppress(RejectedEntryError, ToolError):
            refuses()


def _list(text: str) -> None:
    entries = wire_message.parse(f"[{text}{{}}]".encode())
    listed_entries.check("tools", [entry.fields for entry in entries], is_modern=True)


READERS: dict[str, Callable[[str], object]] = {
    "reading": lambda text: extract.extract(text, _URL, "markdown"),
    "contacts": lambda text: contact_page.contacts_on(text, _URL, "a.example"),
    "links": lambda text: contact_page._likely_links(_URL, text),
    "hits": _hits,
    "result": _result,
    "draft": _draft,
    "domain": address.readable,
    "vcard": lambda text: list(vcard.vcards(text)),
    "pdf": lambda text: document_program._mended(text.encode()),
    "charset": lambda text: decoded(text.encode("latin-1", "replace"), "x-none"),
    "scripts": lambda text: list(scripts.put_together(text)),
    "refusal": _refusal,
    "rich": rich_text.read,
    "feed": _feed,
    "header": _header,
    "events": _events,
    "message": _message,
    "list": _list,
    "shown": _shown,
    "spelled": harmless.logged,
    "call": lambda text: list(call_details._pieces(text)),
}
