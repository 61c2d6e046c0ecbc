"""HTML as a tree, and what a person would see of it.

lxml is imported when the first page is read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d]*[1-9])|"
    r"opacity\s*:\s*0(?![.\d]*[1-9])|(?:left|top|text-indent)\s*:\s*-\d{3,}|"
    r"clip\s*:\s*rect\(\s*0|scale\(\s*0\s*\)",
    re.IGNORECASE,
)
_NO_TEXT = ("script", "style", "template", "svg", "iframe", "object", "head")
_BLOCK_NAMES = (
    "p div section article main header footer aside nav li tr h1 h2 h3 h4 h5 h6 br hr pre table ul "
    "ol dl dt dd blockquote figure figcaption address form fieldset legend summary details option"
)
_BLOCKS = _BLOCK_NAMES.split()


def parsed(page: str) -> HtmlElement | None:
    """The HTML `page` as a tree; None when there is nothing in it."""
    from lxml import etree, html  # noqa: PLC0415 - only pages need it

    parser = html.HTMLParser(remove_comments=True, remove_pis=True, encoding="utf-8")
    try:
        return html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None


def drop_unseen(tree: HtmlElement) -> None:
    """Take out what a person would not see, so that it cannot speak to a model."""
    for element in tree.xpath("//*[@hidden or @aria-hidden or @style]"):
        if element.tag in {"html", "body"}:
            continue
        unseen = (
            element.get("hidden") is not None
            or element.get("aria-hidden") == "true"
            or _HIDDEN_STYLE.search(element.get("style") or "")
        )
        if unseen and element.getparent() is not None:
            element.drop_tree()


def lines(tree: HtmlElement, *without: str) -> str:
    """All text, a line for each block; takes what is no text, and the elements `without`, out."""
    from lxml import etree  # noqa: PLC0415 - only pages need it

    etree.strip_elements(tree, *_NO_TEXT, *without, with_tail=False)
    for block in tree.iter(*_BLOCKS):
        block.text = f"\n{block.text or ''}"
        block.tail = f"\n{block.tail or ''}"
    for cell in tree.iter("td", "th"):
        cell.tail = f" {cell.tail or ''}"
    found = (" ".join(line.split()) for line in str(tree.text_content()).splitlines())
    return "\n".join(line for line in found if line)


def base(tree: HtmlElement, url: str) -> str:
    """What the links of the page at `url` start from."""
    given = tree.xpath("//base/@href")
    return joined(url, str(given[0])) or url if given else url


def joined(url: str, href: str) -> str:
    """Where `href` on the page at `url` leads, without a fragment; empty when nowhere."""
    try:
        return urljoin(url, href.strip()).split("#")[0]
    except ValueError:
        return ""
