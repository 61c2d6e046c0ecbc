"""The text of a PDF page without what a person does not see of it.

Left out is text that is drawn invisibly where no picture stands for it (as under a scanned page),
text in the colour of the paper where nothing else is painted, and text of nearly no size.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pypdf.generic import ContentStream, NameObject

if TYPE_CHECKING:
    from pypdf import PageObject

_PERHAPS_UNSEEN = re.compile(
    rb"\b[37]\s{1,4}Tr\b|\b1(?:\.0{0,9})?\s{1,4}(?:g|rg|scn?)\b|\b0(?:\.0{0,9})?\s{1,4}k\b|"
    rb"(?<![\d.])0?(?:\.\d{1,9})?\s{1,4}Tf\b"
)
"""Steps after which text may be unseen, so that the other pages need no second look."""
_PICTURES = frozenset({b"Do", b"INLINE IMAGE", b"sh"})
_FILLS = frozenset({b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*"})
_SHOWS = frozenset({b"Tj", b"TJ", b"'", b'"'})
_WHITE = {b"g": 1.0, b"rg": 1.0, b"sc": 1.0, b"scn": 1.0, b"k": 0.0}
"""What each number of a colour of that kind is for white."""
_SMALLEST = 0.5
"""Points."""


@dataclass(frozen=True, slots=True)
class _Pen:
    """How text is drawn: the render mode, whether in white, its size and the scale of that."""

    mode: int = 0
    is_white: bool = False
    size: float = 12.0
    scale: float = 1.0


def text_of(page: PageObject) -> str:
    """What a person sees of the text of `page`."""
    content = page.get_contents()
    if content is not None and _PERHAPS_UNSEEN.search(content.get_data()):
        _drop_unseen(content)
        page[NameObject("/Contents")] = content
    return page.extract_text()


def _drop_unseen(content: ContentStream) -> None:
    steps = content.operations
    used = {step for _, step in steps}
    has_pictures, is_blank = bool(used & _PICTURES), not used & (_PICTURES | _FILLS)
    is_scaled = b"cm" in used
    pen, stack, kept = _Pen(), [], []
    for values, step in steps:
        if step == b"q":
            stack.append(pen)
        elif step == b"Q":
            pen = stack.pop() if stack else _Pen()
        else:
            pen = _after(pen, step, values)
        is_unseen = (
            (pen.mode in {3, 7} and not has_pictures)
            or (pen.is_white and is_blank)
            or (abs(pen.size * pen.scale) < _SMALLEST and not is_scaled)
        )
        if step not in _SHOWS or not is_unseen:
            kept.append((values, step))
    content.operations = kept


def _after(pen: _Pen, step: bytes, values: Any) -> _Pen:
    """`pen` after one step of the page's program."""
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    if step == b"Tr" and numbers:
        return replace(pen, mode=int(numbers[0]))
    if step == b"Tf" and numbers:
        return replace(pen, size=numbers[-1])
    if step == b"BT":
        return replace(pen, scale=1.0)
    if step == b"Tm" and len(numbers) == 6:
        return replace(pen, scale=max(map(abs, numbers[:4])))
    if step in _WHITE:
        return replace(pen, is_white=bool(numbers) and all(one == _WHITE[step] for one in numbers))
    return pen
