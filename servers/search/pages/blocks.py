"""A page as a list of blocks: a tree comes in, the text between its block borders goes out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

BORDERS = frozenset([
    "p", "div", "section", "article", "main", "header", "footer", "aside", "nav", "li", "tr", "td",
    "th", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre", "table", "ul", "ol", "dl", "dt", "dd",
    "blockquote", "figure", "figcaption", "address", "form", "fieldset", "legend", "summary",
    "details", "option", "select", "body", "tbody", "thead", "tfoot", "caption", "center",
    "button", "label", "textarea", "xmp", "listing",
])  # fmt: skip
UNREAD = frozenset([
    "script", "style", "template", "svg", "iframe", "object", "head", "noscript", "noembed",
    "noframes", "canvas", "video", "audio", "map", "math", "select", "datalist", "title",
    "textarea",
])  # fmt: skip
_KEPT = frozenset({"pre", "xmp", "listing"})
_CODE = frozenset({"code", "kbd", "samp", "tt"})
LINE_END, CODE_MARK = "\x0b", "\ufdd0"
"""In the `shape` of a block: where the page ends a line, and where code in it begins or ends."""
_SENTENCE_ENDS = frozenset(
    '.!?:;)"\u201d\u2019\u3002\uff01\uff1f\uff09\u300d\u300f'
    "\u0964\u061f\u06d4\u0589\u1362\u104b\u17d4"
)
_LONG_RUN, _LONG = re.compile(r"[\u0e00-\u0eff]+"), 40
"""Marks of many scripts; Thai and Lao have none, but a long run of letters is a sentence."""
_WORD = re.compile(r"\w+")
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Japanese, Chinese
)
"""Scripts that write words without spaces; two letters are about one of theirs."""
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_UNSPACED_WORD = re.compile(rf"[{_UNSPACED}]{{1,2}}|[^\W{_UNSPACED}]+")


@dataclass(slots=True)
class Block:
    """A run of text with no block border in it. `linked` counts its letters that are links."""

    element: HtmlElement
    text: str
    tokens: list[str]
    """Its words in lower case."""
    linked: int
    is_sentence: bool
    """Whether it ends as sentences do."""
    code: str = ""
    """Its lines as they are, where the page keeps them."""
    shape: str = ""
    """Its text with marks, where the page ends lines or holds code in it."""

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self.tokens)


def blocks_of(tree: HtmlElement, unread: frozenset[str] = UNREAD) -> list[Block]:
    """The blocks of `tree` in their order, without the elements called `unread`."""
    from lxml import etree  # noqa: PLC0415 - only pages need it

    body = tree.find("body")
    root = tree if body is None else body
    reader = _Reader(root)
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        known = isinstance(element.tag, str) and element.tag not in unread
        if event == "start":
            if known:
                reader.enter(element)
            else:
                walker.skip_subtree()
            continue
        if known:
            reader.leave(element)
        if element is not root:
            reader.add(element.tail)
    reader.flush()
    return reader.found


def words_of(text: str) -> list[str]:
    """The words of `text` in lower case."""
    lower = text.lower()
    is_unspaced = not lower.isascii() and _IS_UNSPACED.search(lower)
    return (_UNSPACED_WORD if is_unspaced else _WORD).findall(lower)


def ends_sentence(text: str) -> bool:
    """Whether `text` ends as sentences do."""
    is_long = len(text) >= _LONG and _LONG_RUN.fullmatch(text[-_LONG:])
    return text[-1:] in _SENTENCE_ENDS or bool(is_long)


def _counts_lines(tokens: list[str]) -> bool:
    """Whether kept lines are but the numbers of the lines of code beside them."""
    if not tokens[0].isdecimal() or len(tokens) < 2:
        return False
    first = int(tokens[0][:9])
    return all(one == str(number) for number, one in enumerate(tokens, first))


class _Reader:
    """Gathers text until a border of a block ends it."""

    def __init__(self, root: HtmlElement) -> None:
        self.found: list[Block] = []
        self._pieces: list[str] = []
        self._borders = [root]
        self._linked = 0
        self._links = 0
        self._kept = 0
        """How many elements are around that keep lines as they are."""
        self._in_code = 0

    def enter(self, element: HtmlElement) -> None:
        tag = element.tag
        if tag in BORDERS and not self._kept:
            self.flush()
            self._borders.append(element)
        elif tag == "br" or tag in BORDERS:
            self.add(LINE_END)
        elif tag in _CODE:
            self._mark(entered=True)
        self._kept += tag in _KEPT
        self._links += tag == "a"
        self.add(element.text)

    def leave(self, element: HtmlElement) -> None:
        tag = element.tag
        self._links -= tag == "a"
        if tag in BORDERS and self._kept == (tag in _KEPT):
            self.flush()
            self._borders.pop()
        self._kept -= tag in _KEPT
        if tag in _CODE:
            self._mark(entered=False)

    def add(self, text: str | None) -> None:
        if text:
            self._pieces.append(text)
            if self._links:
                self._linked += len(text.strip())

    def _mark(self, *, entered: bool) -> None:
        """Mark where the outermost of the elements of code begins or ends."""
        self._in_code += 1 if entered else -1
        if self._in_code == entered and not self._kept:
            self._pieces.append(CODE_MARK)

    def flush(self) -> None:
        if not self._pieces:
            return
        shape = "".join(self._pieces)
        whole = shape.replace(CODE_MARK, "")
        text = " ".join(whole.split())
        tokens = words_of(text)
        if tokens and not (self._kept and _counts_lines(tokens)):
            code = whole.replace(LINE_END, "\n").strip("\n").rstrip() if self._kept else ""
            if LINE_END not in shape and CODE_MARK not in shape:
                shape = ""
            ends = ends_sentence(text)
            block = Block(self._borders[-1], text, tokens, self._linked, ends, code, shape)
            self.found.append(block)
        self._pieces.clear()
        self._linked = 0
