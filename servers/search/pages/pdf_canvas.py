"""What a PDF page shows while it is drawn in thought, and which of its texts a person does not see.

Seen is what stands on the page within what is drawn, of some size and in another colour than what
is under it, and nothing is painted over it. Text that is drawn invisibly is seen in a picture: so
is the text of scanned paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from servers.search.pages.colors import WHITE, alike
from servers.search.pages.pdf_pen import (
    Box,
    Ink,
    Point,
    ShownText,
    common,
    holds,
    is_empty,
)

if TYPE_CHECKING:
    from pypdf import PageObject

Steps = list[tuple[Any, bytes]]

_SMALLEST, _SMALLEST_OF_PAGE = 1.2, 1 / 700
"""Points, and of the longer side of the page."""
_MOST_LOOKS = 300_000
"""Comparisons of a text with a paint on one page; what is beyond them counts as seen."""
_USUAL_PAGE = (0, 0, 612, 792)
_FEWEST_DOTS = 2_500
"""Of a picture that can show text."""


@dataclass(frozen=True, slots=True)
class _Paint:
    """Something in colour: the box around it, and whether it fills that."""

    box: Box
    ink: Ink
    is_box: bool


class Canvas:
    """A page while it is drawn."""

    def __init__(self, page: PageObject) -> None:
        whole, cut = (box_of(page.get(key, _USUAL_PAGE)) for key in ("/MediaBox", "/CropBox"))
        self.box = common(whole, cut) if "/CropBox" in page else whole
        self.box = whole if is_empty(self.box) else self.box
        unit = float(page.get("/UserUnit", 1)) or 1.0
        longer = max(self.box[2] - self.box[0], self.box[3] - self.box[1])
        self._smallest = min(_SMALLEST / unit, longer * _SMALLEST_OF_PAGE)
        self.pdf = page.pdf
        self._off = _layers_off(self.pdf)
        self.steps = 0
        self._looks = 0
        self._paints: list[_Paint] = []
        self._pictures: list[Box] = []
        self._shown: list[tuple[ShownText, Steps, int, list[Point]]] = []
        """Each with the step that writes it, and those of its ends that nothing is painted over."""

    def drop_unseen(self) -> None:
        """Take out, at the end, what is drawn invisibly where no picture shows it."""
        for text, steps, number, _ in self._shown:
            if not text.is_drawn and not any(holds(one, text.ends[0]) for one in self._pictures):
                unsay(steps, number)

    def show(self, text: ShownText, clip: Box, steps: Steps, number: int) -> None:
        """Write `text` as the step `number` does, unless nobody sees it."""
        is_here = not is_empty(common(text.box, clip)) and text.size >= self._smallest
        if is_here and (not text.is_drawn or self._stands_out(text)):
            self._shown.append((text, steps, number, list(text.ends)))
        else:
            unsay(steps, number)

    def paint(self, box: Box, ink: Ink, *, is_box: bool) -> None:
        """Paint over what is there."""
        if is_empty(box):
            return
        self._paints.append(_Paint(box, ink, is_box))
        if not is_box or ink is None or box[3] - box[1] < 2 * self._smallest:
            return
        self._looks += len(self._shown)
        for text, steps, number, ends in self._shown if self._looks < _MOST_LOOKS else ():
            if text.is_drawn and any(holds(box, end) for end in ends):
                ends[:] = [end for end in ends if not holds(box, end)]
                if not ends:
                    unsay(steps, number)

    def picture(self, box: Box, dots: int) -> None:
        self._paints.append(_Paint(box, None, is_box=True))
        if dots >= _FEWEST_DOTS:
            self._pictures.append(box)

    def is_off(self, layer: Any) -> bool:
        """Whether a layer, or a set of them, is not shown."""
        if layer in self._off:
            return True
        group = layer.get_object()
        members = group.get("/OCGs", [])
        states = [one in self._off for one in (members if isinstance(members, list) else [members])]
        return bool(states) and all(states)

    def _stands_out(self, text: ShownText) -> bool:
        """Whether an ink of it differs from what is under its begin or its end."""
        return any(ink is None or self._differs(ink, end) for ink in text.inks for end in text.ends)

    def _differs(self, ink: Ink, point: Point) -> bool:
        self._looks += len(self._paints)
        if ink is None or self._looks > _MOST_LOOKS:
            return True
        for paint in reversed(self._paints):
            if holds(paint.box, point):
                if paint.ink is None or not alike(ink, paint.ink):
                    return True
                if paint.is_box:
                    return False
        return not alike(ink, WHITE)


def unsay(steps: Steps, number: int) -> None:
    """Let the step `number` write nothing."""
    steps[number] = ([], b"T*" if steps[number][1] in {b"'", b'"'} else b"n")


def box_of(values: Any) -> Box:
    left, low, right, high = map(float, values)
    return min(left, right), min(low, high), max(left, right), max(low, high)


def _layers_off(pdf: Any) -> list[Any]:
    """The references of the layers that are not shown at first."""
    try:
        layers = pdf.root_object["/OCProperties"]
        usual = layers["/D"]
        on, off = (list(usual[key]) if key in usual else [] for key in ("/ON", "/OFF"))
        if usual.get("/BaseState") == "/OFF":
            off += [one for one in layers["/OCGs"] if one not in on]
    except (AttributeError, KeyError, TypeError):
        return []
    return off
