"""What a page carries as data for the script that fills it: a tree in, readable text out.

No person sees this data as it stands, so it is read only of pages that show nothing without it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from servers.search import sanitize

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LARGEST = 3 << 20
_MOST_VALUES = 20_000
_MOST_CHARS = 60_000
_DEEPEST = 40
_DATA = (
    "//script[contains(@type,'json') or @type='fastboot/shoebox']"
    "[not(@type='importmap' or @type='speculationrules')]"
    "[not(contains(@id,'config'))]"
)
_CARRIERS = (
    *("data-preloaded", "data-page", "data-props", "data-state", "data-initial-state"),
    "props",
)
_ASSIGNED = re.compile(
    r"\b(?:(?:window|self|globalThis)(?:\.|\[[\"'])|(?:var|let|const)\s{1,9}+)"
    r"(\w{1,60}+)(?:[\"']\])?"
    r"\s{0,9}+=\s{0,9}+(?:(JSON\.parse\(\s{0,9}+(?:decodeURIComponent\(\s{0,9}+)?)(?=[\"'])|(?=[{\[]))"
)
_STATES = re.compile(
    r"STATE|DATA|PROPS|NUXT|PAYLOAD|STORE|CONTEXT|SSR|nitial|Context|Data|State|Props|Store|Payload"
)
_STREAMED = re.compile(r"\bstreamController\.enqueue\(\s{0,9}+(?=\")")
_SINGLE_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*+)'")
_ROW = re.compile(rb"[0-9a-f]{1,6}:T([0-9a-f]{1,6}),")
_WRAPPED = re.compile(
    r"\A\s{0,99}(?://\s?)?(?:<!\[CDATA\[|<!--)|(?:(?://\s?)?(?:\]\]>|-->)\s{0,99}\Z)"
)
_NEXT_JS_PUSH = re.compile(r"self\.__next_f\.push\(\s{0,9}+(?=\[)")
_TITLES = frozenset(
    ["title", "name", "headline", "heading", "label", "question", "subject", "topictitle"]
)
_TEXTS = frozenset([
    "description", "text", "body", "content", "contents", "html", "articlebody", "reviewbody",
    "excerpt", "summary", "caption", "cooked", "message", "answer", "abstract", "lead", "intro",
    "paragraph", "subtitle", "value", "markdown", "bio", "children", "shortdescription",
    "longdescription", "plaintext", "rendered", "bodyhtml", "bodytext",
])  # fmt: skip
_FACTS = frozenset(
    ["price", "lowprice", "author", "username", "datepublished", "publishedat", "createdat"]
)
_SKIPPED = frozenset([
    "i18n", "translations", "messages", "locale", "locales", "config", "configuration", "settings",
    "env", "features", "flags", "theme", "styles", "css", "style", "query", "buildid",
    "runtimeconfig", "site_settings", "currentuser", "analytics", "experiments", "seo", "metadata",
    "meta", "navigation", "footer", "header", "menu",
])  # fmt: skip
_TAG = re.compile(r"<[a-zA-Z/][^<>]{0,400}>")
_ENDS_BLOCK = re.compile(r"</(?:p|div|li|h[1-6]|tr|blockquote|pre)>|<br\s{0,9}+/?>", re.IGNORECASE)
_SHORTEST_TEXT = 3
"""Words; a shorter text under a name that any program may use for anything is none."""
_LONG_DATA = 200
"""Characters; a longer text that looks like JSON is read as such."""
_ENOUGH = 300
"""Characters of an article in JSON-LD that make all else superfluous."""


def read(tree: HtmlElement) -> str:
    """The texts in the data of the page `tree`, one a line; empty when there are none."""
    found = [data for data in _found(tree) if isinstance(data, dict | list)]
    for data in found:
        article = _article(data)
        if len(article) >= _ENOUGH:
            return article
    lines: dict[str, None] = {}
    room = _MOST_CHARS
    for line in islice(_lines(found, "", 0), _MOST_VALUES):
        if line not in lines:
            lines[line] = None
            room -= len(line)
        if room <= 0:
            break
    return "\n\n".join(lines)


def _found(tree: HtmlElement) -> Iterator[Any]:
    for script in tree.xpath(_DATA):
        yield _parsed(script.text or "")
    for name in _CARRIERS:
        for element in tree.xpath(f"//*[@{name}]"):
            yield _parsed(element.get(name))
    texts = [(script.text or "")[:_LARGEST] for script in tree.iter("script")]
    for text in texts:
        for start in islice(_ASSIGNED.finditer(text), 5):
            if _STATES.search(start[1]):
                yield _quoted(text, start) if start[2] else _first(text, start.end())
        for start in islice(_STREAMED.finditer(text), 5):
            yield _parsed(str(_first(text, start.end())))
    yield from _next_js_data(texts)


def _next_js_data(texts: list[str]) -> Iterator[Any]:
    """The data that Next.js sends in pieces, each in a script of its own."""
    pieces = []
    for text in texts:
        for start in islice(_NEXT_JS_PUSH.finditer(text), 200):
            part = _first(text, start.end())
            if isinstance(part, list) and len(part) > 1 and isinstance(part[1], str):
                pieces.append(part[1])
    rows = "".join(pieces).encode("utf-8", "replace")
    end = 0
    for row in _ROW.finditer(rows):  # a text says how many bytes it has
        if row.start() >= end:
            end = row.end() + int(row[1], 16)
            yield {"text": rows[row.end() : end].decode("utf-8", "replace")}
    for line in rows.decode().splitlines():
        _, colon, value = line.partition(":")
        if colon and value[:1] in "[{":
            yield _parsed(value)


def _parsed(text: str) -> Any:
    text = _WRAPPED.sub("", text[:_LARGEST].strip())
    if text.startswith("{&q;"):  # as Angular wrote quotes
        text = text.replace("&q;", '"').replace("&l;", "<").replace("&g;", ">").replace("&a;", "&")
    try:
        data = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return _unpacked(data) if isinstance(data, list) else data


def _unpacked(data: list[Any]) -> list[Any]:
    """`data` with the texts that its objects name by their places in it, as Nuxt and Remix do."""

    def at(place: Any) -> Any:
        return data[place] if isinstance(place, int) and 0 <= place < len(data) else place

    return [
        {
            at(int(key[1:])) if key[:1] == "_" and key[1:].isdecimal() else key: at(value)
            for key, value in one.items()
            if isinstance(at(value), str)
        }
        if isinstance(one, dict) and one and all(type(value) is int for value in one.values())
        else one
        for one in data
    ]


def _quoted(text: str, start: re.Match[str]) -> Any:
    """The data in the quotes of a `JSON.parse`."""
    if text[start.end()] == "'":
        found = _SINGLE_QUOTED.match(text, start.end())
        said = found[1].replace("\\'", "'").replace("\\\\", "\\") if found else ""
    else:
        said = str(_first(text, start.end()))
    return _parsed(unquote(said) if "decode" in start[2] else said)


def _first(text: str, start: int) -> Any:
    try:
        return json.JSONDecoder(strict=False).raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return None


def _article(data: Any) -> str:
    """The article, posting or product description that JSON-LD holds whole."""
    items = data if isinstance(data, list) else [data]
    graph = [one.get("@graph") for one in items if isinstance(one, dict)]
    items = [*items, *(one for part in graph if isinstance(part, list) for one in part)]
    for item in items:
        if isinstance(item, dict) and isinstance(item.get("articleBody"), str):
            head = item.get("headline")
            return "\n\n".join(_plain(one) for one in (head, item["articleBody"]) if one)
    return ""


def _lines(value: Any, name: str, depth: int) -> Iterator[str]:
    """The readable texts of `value`, which stands under `name`."""
    if isinstance(value, str):
        inner = _parsed(value) if value[:1] in "[{" and len(value) > _LONG_DATA else None
        if inner is not None:
            yield from _lines(inner, "", depth + 1)
        elif text := _text(value, name):
            yield text
        return
    inside: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else ()
    inside = ((name, one) for one in value) if isinstance(value, list) else inside
    for key, one in inside if depth < _DEEPEST else ():
        if str(key).lower() not in _SKIPPED:
            yield from _lines(one, str(key).lower(), depth + 1)


def _text(value: str, name: str) -> str:
    name = name.replace("_", "")
    if name not in _TEXTS and name not in _TITLES and name not in _FACTS:
        return ""
    text = _plain(value)
    if name in _TEXTS and len(text.split()) < _SHORTEST_TEXT:
        return ""
    return text if any(map(str.isalnum, text)) and "://" not in text[:12] else ""


def _plain(value: object) -> str:
    """`value` without tags; its blocks are lines."""
    if not isinstance(value, str):
        return ""
    if _TAG.search(value):
        value = _TAG.sub("", _ENDS_BLOCK.sub("\n", value))
    lines = (sanitize.line(line, 20_000) for line in value.splitlines())
    return "\n".join(line for line in lines if line)
