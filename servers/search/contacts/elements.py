"""The text of a page for addresses: as it is shown, with marks where elements meet."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from servers.search.contacts.disguise import BREAK, CLOSE, LINK, OPEN, without_marks
from servers.search.contacts.words import listed
from servers.search.pages import markup

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LINES = frozenset(
    listed(
        "p, div, section, article, main, header, footer, aside, nav, li, tr, td, th, h1, h2,"
        "h3, h4,"
        "h5, h6, br, hr, pre, table, tbody, thead, ul, ol, dl, dt, dd, blockquote, figure,"
        "address, figcaption, form, fieldset, legend, summary, details, option, body, title,"
        "caption, center, select, button, label"
    )
)
_NO_TEXT = listed(
    "script, style, template, svg, iframe, object, head, textarea, option, del, s, strike"
)
_WITHOUT_BOXES = frozenset({"script", "style", "img", "input", "br"})
_UNSEEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d]*[1-9])|"
    r"opacity\s*:\s*0(?![.\d]*[1-9])|(?:left|top|text-indent)\s*:\s*-\d{3,}",
    re.IGNORECASE,
)
_BACKWARDS = re.compile(r"unicode-bidi\s*:\s*(?:bidi|isolate)-override", re.IGNORECASE)
_RIGHT_TO_LEFT = re.compile(r"direction\s*:\s*rtl", re.IGNORECASE)
_AT_ICON = re.compile(
    r"(?:^|\s)(?:(?:[a-z]{2,12}-)?(?:icon-)?at(?:-(?:line|fill|solid|sign|icon))?|at-?sign)(?:\s|$)",
    re.IGNORECASE,
)
_OTHER_NETWORK = re.compile(
    r"^(?:https?://[^/]{1,253})?/(?:@|(?:u|c|m|users|profile|accounts)/)", re.IGNORECASE
)
"""Of a link whose text is a name there, which looks like an address."""
_CONTENT = re.compile(
    r"content\s{0,9}:\s{0,9}((?:attr\([\s\w-]{1,40}\)|\"[^\"]{0,200}\"|'[^']{0,200}'|\s){1,20})"
)
_CONTENT_PART = re.compile(r"attr\(\s*([\w-]+)\s*\)|\"([^\"]*)\"|'([^']*)'")
_CSS_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?")
_BESIDE = re.compile(r"\s*\w{0,20}([.#][\w-]{1,80})::?(before|after)\s*")
_BROKEN = re.compile(r"(?<=[a-zA-Z0-9]@)\n{1,2}(?=[a-z0-9-]{1,63}\.[a-z])")
"""Where a line ends in the middle of an address."""
_LONGEST_DECOY, _MOST_IN_DECOY = 300, 30
_LONGEST_STYLES = 1 << 18


def as_seen(tree: HtmlElement) -> None:
    """Change `tree` to what a person sees: remove decoys, turn reversed text round."""
    styles = _styles(tree)
    for element in list(tree.iter()):
        if isinstance(element.tag, str):
            _rework(element, styles)


def text(tree: HtmlElement) -> str:
    """The text of `tree`, with the marks of `disguise`; changes `tree`."""
    markup.drop(tree, *_NO_TEXT)
    for element in list(tree.iter()):
        if isinstance(element.tag, str):
            _mark(element)
    found = " ".join(str(tree.text_content()).split())
    return _BROKEN.sub("", found.replace(BREAK, "\n"))


def _styles(tree: HtmlElement) -> dict[str, str]:
    """The styles of each class and id in the page's style sheets, by `.class` or `#id`."""
    found: dict[str, str] = {}
    sheets = "}".join(str(style.text or "") for style in tree.iter("style"))[:_LONGEST_STYLES]
    for rule in sheets.split("}"):
        selectors, _, body = rule.rpartition("{")
        written = _CONTENT.search(body)
        if written and (place := _BESIDE.fullmatch(selectors.rpartition("{")[2])):
            found[f"{place[1]}:{place[2]}"] = written[1]
        if _UNSEEN.search(body) or _BACKWARDS.search(body):
            for selector in selectors.rpartition("{")[2].split(","):
                name = re.fullmatch(r"\s*\w{0,20}([.#][\w-]{1,80})\s*", selector)
                if name:
                    found[name.group(1)] = f"{found.get(name.group(1), '')};{body}"
    return found


def _style(element: HtmlElement, styles: dict[str, str]) -> str:
    """The styles of the element, its own and those of the page's style sheets."""
    own = str(element.get("style") or "")
    if not styles:
        return own
    return ";".join([own, *(styles.get(name, "") for name in _names(element))])


def _names(element: HtmlElement) -> list[str]:
    """By which style sheets name it: its classes, and its id."""
    classes = str(element.get("class") or "").split()[:20]
    return [*(f".{name}" for name in classes), f"#{element.get('id')}"]


def _written_beside(element: HtmlElement, styles: dict[str, str]) -> None:
    """Add what the style sheets write before and after the text of the element."""
    for name in _names(element):
        before, after = (
            _content(element, styles.get(f"{name}:{at}", "")) for at in ("before", "after")
        )
        element.text = f"{before}{element.text or ''}"
        if after and len(element):
            element[-1].tail = f"{element[-1].tail or ''}{after}"
        elif after:
            element.text += after


def _content(element: HtmlElement, rule: str) -> str:
    pieces = (
        str(element.get(name) or "") if name else quoted or other
        for name, quoted, other in _CONTENT_PART.findall(rule)
    )
    return _CSS_ESCAPE.sub(lambda one: chr(min(0xFFFD, int(one[1], 16))), "".join(pieces))


def _rework(element: HtmlElement, styles: dict[str, str]) -> None:
    """Make the text of one element what a person sees."""
    style = _style(element, styles)
    if styles and element.tag not in _WITHOUT_BOXES:
        _written_beside(element, styles)
    if style and _UNSEEN.search(style) and element.tag not in {"html", "body"}:
        if element.getparent() is not None and _is_short(element):
            element.drop_tree()
    elif _is_backwards(element, style):
        if _is_short(element):
            _replace(element, str(element.text_content())[::-1])
    elif (shown := _shown_instead(element)) is not None:
        _replace(element, shown)


def _shown_instead(element: HtmlElement) -> str | None:
    """The text that a person sees instead of the element's content; None when it is the content."""
    if element.tag in {"img", "area"}:
        return str(element.get("alt") or " ")[:_LONGEST_DECOY]
    if element.tag in {"i", "span", "svg", "em", "b"}:
        is_icon = _AT_ICON.search(element.get("class") or "") and _is_empty(element)
        return "@" if is_icon else None
    if element.tag == "a" and _OTHER_NETWORK.match(element.get("href") or ""):
        return str(element.text_content()).replace("@", " ") if _is_short(element) else None
    return None


def _is_backwards(element: HtmlElement, style: str) -> bool:
    if element.tag == "bdo":
        return str(element.get("dir")).lower() == "rtl"
    if not style or not _BACKWARDS.search(style):
        return False
    return bool(_RIGHT_TO_LEFT.search(style)) or str(element.get("dir")).lower() == "rtl"


def _is_short(element: HtmlElement) -> bool:
    few = list(islice(element.iter(), _MOST_IN_DECOY + 1))
    if len(few) > _MOST_IN_DECOY:
        return False
    return sum(len(one.text or "") + len(one.tail or "") for one in few[1:]) < _LONGEST_DECOY


def _is_empty(element: HtmlElement) -> bool:
    return _is_short(element) and not str(element.text_content()).strip()


def _is_nothing(element: HtmlElement) -> bool:
    """Whether the element shows nothing. One with a class may show an icon or a gap."""
    return not len(element) and not element.text and not element.attrib


def _replace(element: HtmlElement, text: str) -> None:
    if element.tag == "svg":
        element.tag = "span"
    element.text = text
    del element[:]


def _mark(element: HtmlElement) -> None:
    """Put the marks of lines and edges where the element begins and ends."""
    if element.tag in {"at", "dot"}:  # no tags: a disguise in angle brackets
        element.text = f"({element.tag}){element.text or ''}"
    before, after = OPEN, CLOSE
    if element.tag in _LINES:
        before = after = BREAK
    elif element.tag in {"a", "img"}:  # these stand for themselves in a line of text
        before = after = LINK
    elif element.tag == "wbr" or _is_nothing(element):
        before = after = ""
    text = without_marks(element.text or "")
    if element.tag == "pre" and not len(element):
        text = text.replace("\n", BREAK)
    element.text = f"{before}{text}"
    element.tail = f"{after}{without_marks(element.tail or '')}"
