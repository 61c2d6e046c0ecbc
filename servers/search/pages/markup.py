"""HTML as a tree, and what a person would see of it.

lxml is imported when the first page is read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from servers.contract.harmless import visible

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_ORDINAL = re.compile(r"(?:st|nd|rd|th)\b", re.IGNORECASE)
_RUNS = ("a", "span", "button", "label", "time", "small", "data")
_NO_TEXT = ("script", "style", "template", "svg", "iframe", "object", "head")
_BLOCK_NAMES = (
    "p div section article main header footer aside nav li tr h1 h2 h3 h4 h5 h6 br hr pre table ul "
    "ol dl dt dd blockquote figure figcaption address form fieldset legend summary details option"
)
_BLOCKS = _BLOCK_NAMES.split()

_CONTROLS = ("noscript", "select", "button", "input", "textarea", "dialog")
_GONE = "gone"
_SHORTEST_MAIN = 80
_REFRESH = re.compile(r"url\s*=\s*[\"']?([^\"'\s]{1,2000})", re.IGNORECASE)
_PLAIN = re.compile(
    r"https?://[\w.-]{1,250}/[\w/.,~%+=&-]{0,500}(?:\?[\w/.,~%+=&-]{1,1000})?", re.ASCII
)
"""Addresses that are joined to nothing; `urljoin` takes long to find that out."""
_NO_LETTERS = re.compile(r"[\W_]+")
_NAMES = re.compile(r"[a-z]+")
_NOTICES = frozenset({"cookie", "cookies", "consent", "newsletter", "editsection"})
_LONGEST_NOTICE = 400
_LEADING = frozenset([
    "nav", "navbar", "navigation", "menu", "breadcrumb", "breadcrumbs", "sidebar", "toc", "related",
])  # fmt: skip
_METADATA = frozenset(
    ["title", "meta", "link", "script", "style", "base", "noscript", "template", "object"]
)


_UNWRITABLE = bytes([*range(9), 11, *range(14, 32)])
_UNWRITABLE_NUMBER = re.compile(
    rb"&#(?:0{0,9}(?:[1-8]|1[124-9]|2\d|3[01]|6553[45])(?!\d)|"
    rb"x0{0,9}(?:[1-8bcef]|1[0-9a-f]|fff[ef])(?![0-9a-f]));?",
    re.IGNORECASE,
)
_SPACED = bytes.maketrans(b"\f", b" ")


def parsed(page: str) -> HtmlElement | None:
    """The HTML `page` as a tree; None when there is nothing in it."""
    from lxml import etree, html  # noqa: PLC0415 - only pages need it

    parser = html.HTMLParser(remove_comments=True, remove_pis=True, encoding="utf-8")
    # the usual look-up asks Python code for the class of each element, each time it is met
    parser.set_element_class_lookup(etree.ElementDefaultClassLookup(element=html.HtmlElement))
    try:
        content = _without_controls(page.encode("utf-8", "replace"))
        tree = html.document_fromstring(content, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None
    for late in list(tree.itersiblings("html")):  # what stands after </html>
        late.tag = "div"
        tree.append(late)
    _end_head(tree)
    return tree


def _without_controls(page: bytes) -> bytes:
    """`page` without the characters, and their numbers, that a tree refuses when it changes."""
    page = page.translate(_SPACED, _UNWRITABLE)
    page = page.replace(b"\xef\xbf\xbe", b"").replace(b"\xef\xbf\xbf", b"")
    return _UNWRITABLE_NUMBER.sub(b"", page) if b"&#" in page else page


def _end_head(tree: HtmlElement) -> None:
    """Begin the body at the first element that no head may hold; the parser does not know all."""
    head = tree.find("head")
    shown = () if head is None else [one for one in head if one.tag not in _METADATA]
    if head is None or not shown:
        return
    body = tree.find("body")
    if body is None:
        body = tree.makeelement("body")
        head.addnext(body)
    begin = next(iter(body), None)
    for element in head[head.index(shown[0]) :]:
        if begin is None:
            body.append(element)
        else:
            begin.addprevious(element)  # `insert` walks to its place each time


def space_apart(tree: HtmlElement) -> None:
    """Put a space between neighbouring elements that a person sees apart: `Phone` and `1-855`."""
    for element in tree.iter(*_RUNS):
        after = element.getnext()
        if element.tail or after is None or after.tag not in _RUNS:
            continue
        if _are_apart(_last(element), _first(after), element.tag) and not _is_code(element):
            element.tail = " "


def _last(element: HtmlElement) -> str:
    """The text that `element` ends with."""
    while len(element):
        element = element[-1]
        if element.tail:
            return str(element.tail)
    return element.text or ""


def _first(element: HtmlElement) -> str:
    """The text that `element` begins with."""
    while not element.text and len(element):
        element = element[0]
    return element.text or ""


def _is_code(element: HtmlElement) -> bool:
    return next(element.iterancestors("pre", "code", "samp", "kbd"), None) is not None


def _are_apart(text: str, after: str, tag: str) -> bool:
    """Whether `text` and what comes `after` it are no parts of one word."""
    last, first = text[-1:], after[:1]
    if not last.isalnum() or not first.isalnum():
        return bool(last.strip() and first.strip()) and tag == "a"
    if tag in ("a", "button") or " " in text.strip() or " " in after.strip():
        return True
    if last.isdigit() and _ORDINAL.match(after):
        return False
    return last.isalpha() != first.isalpha() or (last.islower() and first.isupper())


def drop_all(tree: HtmlElement, elements: Sequence[HtmlElement]) -> None:
    """Take out `elements` at once: one by one, each would copy all text right before it."""
    from lxml import etree  # noqa: PLC0415 - only pages need it

    inner = [element for element in elements if element.getparent() is not None]
    for element in inner:
        element.tag = _GONE
    if inner:
        etree.strip_elements(tree, _GONE, with_tail=False)


def drop(tree: HtmlElement, *names: str) -> None:
    """Take out the elements called `names`."""
    from lxml import etree  # noqa: PLC0415 - only pages need it

    etree.strip_elements(tree, *names, with_tail=False)


def letters(text: str | None) -> int:
    """How many letters and digits are in `text`."""
    return len(_NO_LETTERS.sub("", text)) if text else 0


def lines(tree: HtmlElement) -> str:
    """All text, a line for each block; takes what is no text out."""
    drop(tree, *_NO_TEXT)
    for block in tree.iter(*_BLOCKS):
        block.text = f"\n{block.text or ''}"
        block.tail = f"\n{block.tail or ''}"
    for cell in tree.iter("td", "th"):
        cell.tail = f" {cell.tail or ''}"
    found = (" ".join(line.split()) for line in str(tree.text_content()).splitlines())
    return "\n".join(line for line in found if line)


def own_part(tree: HtmlElement) -> HtmlElement:
    """The page without its controls, and without what is around it on every page of the site."""
    drop(tree, *_CONTROLS)
    for frames in tree.iter("noframes"):  # its tags come as text
        inner = parsed(frames.text or "")
        frames.tag, frames.text = "div", lines(inner) if inner is not None else ""
    for main in tree.xpath("//main | //*[@role='main']"):
        if len(str(main.text_content()).strip()) > _SHORTEST_MAIN:
            tree = main
            break
    around = ".//nav | .//footer | .//aside | .//header[not(.//h1) and not(ancestor::article)]"
    named = [one for one in tree.xpath(".//*[@id or @class]") if _is_around(one)]
    drop_all(tree, [*tree.xpath(around), *named])
    return tree


def _is_around(element: HtmlElement) -> bool:
    """Whether its name says that it leads elsewhere or asks for something, and it does that."""
    names = set(_NAMES.findall(f"{element.get('id', '')} {element.get('class', '')}".lower()))
    if names & _NOTICES:
        return len(str(element.text_content())) < _LONGEST_NOTICE
    if not names & _LEADING:
        return False
    whole = len("".join(str(element.text_content()).split()))
    linked = sum(len("".join(str(a.text_content()).split())) for a in element.iter("a"))
    return linked >= 0.5 * whole


def base(tree: HtmlElement, url: str) -> str:
    """What the links of the page at `url` start from."""
    given = tree.xpath("//base/@href")
    return joined(url, str(given[0])) or url if given else url


def refresh(tree: HtmlElement, url: str) -> str:
    """Where the page at `url` sends its visitors on by itself; empty when it does not."""
    for meta in tree.iter("meta"):
        if (meta.get("http-equiv") or "").strip().lower() == "refresh":
            found = _REFRESH.search(meta.get("content") or "")
            return visible(joined(base(tree, url), found.group(1))) if found else ""
    return ""


def joined(url: str, href: str) -> str:
    """Where `href` on the page at `url` leads, without a fragment; empty when nowhere."""
    href = href.strip()
    if _PLAIN.fullmatch(href):
        return href
    try:
        return urljoin(url, href).split("#")[0]
    except ValueError:
        return ""
