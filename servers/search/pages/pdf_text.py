"""The text of a PDF page as a person reads it: what is seen of it, and what is filled in."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pypdf.generic import NameObject

from servers.search.pages.pdf_canvas import Canvas, box_of
from servers.search.pages.pdf_drawing import seen
from servers.search.pages.pdf_pen import Box, common, is_empty

if TYPE_CHECKING:
    from pypdf import PageObject

_UNSEEN, _SECRET = 2 | 32, 1 << 13
"""Flags of a field that is hidden or not shown, and of one for a password."""
_DEEPEST = 9
_PLAIN = {
    letter: plain
    for first, last in ((0x2E80, 0x2FD5), (0xFB00, 0xFDFF), (0xFE70, 0xFEFC))
    for letter in range(first, last + 1)
    if (plain := unicodedata.normalize("NFKC", chr(letter))) != chr(letter)
}
"""The letters of ligatures, and of forms that letters have in fonts alone."""


def text_of(page: PageObject) -> str:
    """What a person sees of the text of `page`; it is changed."""
    canvas = Canvas(page)
    if page.get_contents() is not None:
        page[NameObject("/Contents")] = seen(page, canvas)
    # with a visitor, the steps are read as they are and not written out first
    text = page.extract_text(visitor_operand_before=lambda *_: None)
    filled = _filled(page, canvas.box)
    return "\n".join([text.replace("\xad\n", ""), *filled]).translate(_PLAIN)


def _filled(page: PageObject, box: Box) -> Iterator[str]:
    """What stands in the fields of a form, and in notes that are written on the page."""
    for one in page.annotations or []:
        with suppress(AttributeError, KeyError, TypeError, ValueError):
            note: Any = one.get_object()
            field = note
            for _ in range(_DEEPEST):
                field = field["/Parent"] if "/V" not in field and "/Parent" in field else field
            name = {"/Widget": "/V", "/FreeText": "/Contents"}[note["/Subtype"]]
            is_secret = int(note.get("/F", 0)) & _UNSEEN or int(field.get("/Ff", 0)) & _SECRET
            is_here = not is_empty(common(box, box_of(note.get("/Rect", box))))
            value = field[name]
            if is_here and not is_secret and isinstance(value, str) and value[:1] != "/":
                yield str(value)
