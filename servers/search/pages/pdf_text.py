"""The text of a PDF page as a person reads it: what is seen of it, and what is filled in."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pypdf.generic import NameObject

from servers.search.pages.pdf_canvas import Canvas

if TYPE_CHECKING:
    from pypdf import PageObject

_UNSEEN = 2 | 32
"""Flags of a field that is hidden or not shown."""
_PLAIN = {
    letter: plain
    for first, last in ((0x2E80, 0x2FD5), (0xFB00, 0xFDFF), (0xFE70, 0xFEFC))
    for letter in range(first, last + 1)
    if (plain := unicodedata.normalize("NFKC", chr(letter))) != chr(letter)
}
"""The letters of ligatures, and of forms that letters have in fonts alone."""


def text_of(page: PageObject) -> str:
    """What a person sees of the text of `page`; it is changed."""
    if page.get_contents() is not None:
        content, resources = page["/Contents"], page["/Resources"]
        page[NameObject("/Contents")] = Canvas(page).seen(content, resources)
    # with a visitor, the steps are read as they are and not written out first
    text = page.extract_text(visitor_operand_before=lambda *_: None)
    return "\n".join([text.replace("\xad\n", ""), *_filled(page)]).translate(_PLAIN)


def _filled(page: PageObject) -> Iterator[str]:
    """What stands in the fields of a form, and in notes that are written on the page."""
    for one in page.annotations or []:
        note: Any = one.get_object()
        field = note
        while "/V" not in field and "/Parent" in field:
            field = field["/Parent"]
        name = "/V" if note.get("/Subtype") == "/Widget" else "/Contents"
        value = field.get(name) if note.get("/Subtype") in {"/Widget", "/FreeText"} else None
        is_told = isinstance(value, str) and not isinstance(value, NameObject)
        if is_told and not int(note.get("/F", 0)) & _UNSEEN:
            yield str(value)
