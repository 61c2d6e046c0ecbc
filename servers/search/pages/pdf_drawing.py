"""The steps of a PDF page, and of the forms on it, one after another: what each of them draws.

A step that makes no sense is passed over, as by those who show pages.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from copy import copy
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from pypdf.generic import ContentStream, NameObject

from servers.search.pages.pdf_canvas import Canvas, Steps, box_of, unsay
from servers.search.pages.pdf_pen import (
    CLEAR,
    SAME,
    Box,
    Matrix,
    Outline,
    Pen,
    around,
    at,
    common,
    corners,
)

if TYPE_CHECKING:
    from pypdf import PageObject

_MOST_STEPS, _DEEPEST = 150_000, 8
"""Of all forms on a page; and of forms within forms."""
_LARGEST_FIGURE = 4_000
"""Bytes of a form without text that is looked at."""
_WRITES = re.compile(rb"\bT[jJ]\b|\bDo\b|[)>]\s{0,9}['\"]")
"""In a form that may hold text; others are not kept."""
_SIZES = (("/Width", "/W"), ("/Height", "/H"))
_AS_BYTES = "bytes"
"""How texts are told: only its font knows their letters."""
_UNIT: Box = (0.0, 0.0, 1.0, 1.0)


def seen(page: PageObject, canvas: Canvas) -> ContentStream:
    """The steps of `page` without those that write what nobody sees."""
    kept = ContentStream(page["/Contents"], page.pdf, _AS_BYTES)
    Drawing(canvas, kept.operations, page["/Resources"], pen=Pen(canvas.box)).run()
    canvas.drop_unseen()
    return kept


class Drawing:
    """The steps of a page, or of a form on it, one after another."""

    def __init__(
        self,
        canvas: Canvas,
        steps: Steps,
        resources: Any,
        *,
        pen: Pen,
        within: frozenset[int] = frozenset(),
    ) -> None:
        self.pen = pen
        self._canvas, self._steps, self._resources, self._within = canvas, steps, resources, within
        self._stack: list[Pen] = []
        self._outline = Outline()
        self._off: list[bool] = []
        """Of each mark that is open, whether it is of a layer that is off."""
        self._number = 0

    def run(self) -> None:
        """Do all steps; one that makes no sense is passed over, as by those who draw pages."""
        for number, (values, step) in enumerate(self._steps):
            self._number = number
            try:
                if does := _DOES.get(step):
                    does(self, values)
            except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError):
                continue

    def _named(self, kind: str, name: Any) -> Any:
        return self._resources[kind][name]

    def save(self) -> None:
        self._stack.append(copy(self.pen))

    def restore(self) -> None:
        if self._stack:
            self.pen = self._stack.pop()

    def take_state(self, name: Any) -> None:
        state, pen = self._named("/ExtGState", name), self.pen
        inside, outline = (
            float(state[key]) if key in state else usual
            for key, usual in zip(("/ca", "/CA"), pen.clear, strict=True)
        )
        pen.clear = (inside, outline)
        if "/BM" in state:
            pen.is_mixed = state["/BM"] not in {"/Normal", "/Compatible"}
        if "/Font" in state:
            font, size = state["/Font"]
            self.take_font(font.get_object(), size)

    def take_font(self, font: Any, size: Any) -> None:
        """Write with `font`, which may be the name of one."""
        self.pen.size, self.pen.units = float(size), 1.0
        font = self._named("/Font", font) if isinstance(font, str) else font
        if font["/Subtype"] == "/Type3":
            self.pen.units = abs(float(font["/FontMatrix"][3])) * 1000

    def take_space(self, part: int, space: Any) -> None:
        if not space.startswith(("/Device", "/Pattern")):
            space = self._named("/ColorSpace", space)
        self.pen.ink(part, space, [])

    def next_line(self, right: Any, up: Any, *, leads: bool = False) -> None:
        if leads:
            self.pen.leading = -float(up)
        self.pen.next_line(float(right), float(up))

    def show(self, said: Any, *, next_line: bool = False) -> None:
        if next_line:
            self.pen.next_line(0.0, -self.pen.leading)
        pieces = said if isinstance(said, list) else [said]
        letters = sum(len(one) for one in pieces if isinstance(one, str | bytes))
        lead = sum(_numbers(takewhile(lambda one: isinstance(one, int | float), pieces)))
        text = self.pen.show(letters, sum(_numbers(pieces)) - lead, lead)
        if any(self._off):
            unsay(self._steps, self._number)
        elif letters:
            self._canvas.show(text, self.pen.clip, self._steps, self._number)

    def draw_box(self, x: Any, y: Any, wide: Any, high: Any) -> None:
        x, y, right, top = float(x), float(y), float(x) + float(wide), float(y) + float(high)
        self._outline.parts.append(corners(self.pen.matrix, (x, y, right, top)))
        self._outline.ways.add((right < x) == (top < y))

    def extend_path(self, values: Any, *, begins: bool = False) -> None:
        if begins:
            self._outline.parts.append([])
        numbers = _numbers(values)
        for x, y in zip(numbers[::2], numbers[1::2], strict=True):
            self._outline.parts[-1].append(at(self.pen.matrix, x, y))

    def clip(self) -> None:
        self._outline.clips = True

    def end_path(self, *, fills: bool, odd: bool = False) -> None:
        outline, self._outline, pen = self._outline, Outline(), self.pen
        points = outline.points
        if not points:
            return
        box = around(points)
        if fills and pen.clear[0] > CLEAR and not any(self._off):
            ink = None if pen.is_mixed or pen.clear[0] < 1 else pen.inks[0]
            boxes = outline.boxes(odd=odd)
            for one in boxes or [box]:
                self._canvas.paint(common(one, pen.clip), ink, is_box=bool(boxes))
        elif not fills and len(points) == 2 and (half := pen.thickness / 2) > 1:
            wide = (box[0] - half, box[1] - half, box[2] + half, box[3] + half)
            self._canvas.paint(common(wide, pen.clip), None, is_box=False)
        if outline.clips:
            pen.clip = common(box, pen.clip)

    def shade(self) -> None:
        self._canvas.paint(self.pen.clip, None, is_box=False)

    def draw_picture(self, picture: Any) -> None:
        box = common(around(corners(self.pen.matrix, _UNIT)), self.pen.clip)
        sizes = (next(picture[key] for key in keys if key in picture) for keys in _SIZES)
        self._canvas.picture(box, math.prod(map(int, sizes)))

    def draw(self, values: Any) -> None:
        """Draw a picture, or a form: what is read of it then is what is seen of it here."""
        drawn, canvas = self._named("/XObject", values[0]), self._canvas
        is_off = any(self._off) or ("/OC" in drawn and canvas.is_off(drawn.raw_get("/OC")))
        if drawn["/Subtype"] == "/Image":
            if not is_off:
                self.draw_picture(drawn)
            return
        values[0] = NameObject("/None")
        within = self._within | {id(drawn)}
        is_circle = len(within) == len(self._within) or len(within) > _DEEPEST
        if is_off or is_circle or canvas.steps > _MOST_STEPS:
            return
        pen = self.pen.moved(_matrix(drawn.get("/Matrix", SAME)))
        pen.clip = common(pen.clip, around(corners(pen.matrix, box_of(drawn["/BBox"]))))
        form = ContentStream(drawn, canvas.pdf, _AS_BYTES)
        data = form.get_data()
        has_text = _WRITES.search(data) is not None
        if not has_text and len(data) > _LARGEST_FIGURE:
            canvas.paint(pen.clip, None, is_box=False)
            return
        resources = drawn.get("/Resources", self._resources).get_object()
        canvas.steps += len(form.operations)
        if has_text:
            values[0] = NameObject(f"/Drawn{canvas.steps}")
            form.update(
                {NameObject("/Subtype"): drawn["/Subtype"], NameObject("/Resources"): resources}
            )
            self._resources["/XObject"][values[0]] = form
        Drawing(canvas, form.operations, resources, pen=pen, within=within).run()

    def mark(self, values: Any) -> None:
        self._off.append(False)
        if len(values) > 1 and values[0] == "/OC":
            group = self._resources["/Properties"].raw_get(values[1])
            self._off[-1] = self._canvas.is_off(group)

    def unmark(self) -> None:
        if self._off:
            self._off.pop()


def _numbers(values: Any) -> list[float]:
    return [float(value) for value in values if isinstance(value, int | float)]


def _matrix(values: Any) -> Matrix:
    a, b, c, d, e, f = map(float, values)
    return a, b, c, d, e, f


_Doing = Callable[[Drawing, Any], None]


def _sets(name: str, scale: float = 1.0) -> _Doing:
    return lambda drawing, values: setattr(drawing.pen, name, float(values[0]) * scale)


def _inks(part: int, space: str = "") -> _Doing:
    """Take a colour of this `space`, or of the one that was taken before."""
    return lambda drawing, values: drawing.pen.ink(
        part, space or drawing.pen.spaces[part], _numbers(values)
    )


_DOES: dict[bytes, _Doing] = {
    b"q": lambda drawing, _: drawing.save(),
    b"Q": lambda drawing, _: drawing.restore(),
    b"cm": lambda drawing, values: setattr(drawing, "pen", drawing.pen.moved(_matrix(values))),
    b"gs": lambda drawing, values: drawing.take_state(values[0]),
    b"w": _sets("thickness"),
    b"g": _inks(0, "/DeviceGray"),
    b"rg": _inks(0, "/DeviceRGB"),
    b"k": _inks(0, "/DeviceCMYK"),
    **dict.fromkeys([b"sc", b"scn"], _inks(0)),
    b"G": _inks(1, "/DeviceGray"),
    b"RG": _inks(1, "/DeviceRGB"),
    b"K": _inks(1, "/DeviceCMYK"),
    **dict.fromkeys([b"SC", b"SCN"], _inks(1)),
    b"cs": lambda drawing, values: drawing.take_space(0, values[0]),
    b"CS": lambda drawing, values: drawing.take_space(1, values[0]),
    b"BT": lambda drawing, _: drawing.pen.place(SAME),
    b"Tf": lambda drawing, values: drawing.take_font(*values),
    b"Tr": lambda drawing, values: setattr(drawing.pen, "mode", int(values[0])),
    b"TL": _sets("leading"),
    b"Ts": _sets("rise"),
    b"Tz": _sets("stretch", 0.01),
    b"Tm": lambda drawing, values: drawing.pen.place(_matrix(values)),
    b"Td": lambda drawing, values: drawing.next_line(*values),
    b"TD": lambda drawing, values: drawing.next_line(*values, leads=True),
    b"T*": lambda drawing, _: drawing.pen.next_line(0.0, -drawing.pen.leading),
    **dict.fromkeys([b"Tj", b"TJ"], lambda drawing, values: drawing.show(values[0])),
    b"'": lambda drawing, values: drawing.show(values[0], next_line=True),
    b'"': lambda drawing, values: drawing.show(values[2], next_line=True),
    b"re": lambda drawing, values: drawing.draw_box(*values),
    b"m": lambda drawing, values: drawing.extend_path(values, begins=True),
    **dict.fromkeys([b"l", b"c", b"v", b"y"], Drawing.extend_path),
    **dict.fromkeys([b"W", b"W*"], lambda drawing, _: drawing.clip()),
    **dict.fromkeys([b"S", b"s", b"n"], lambda drawing, _: drawing.end_path(fills=False)),
    **dict.fromkeys([b"f", b"F", b"B", b"b"], lambda drawing, _: drawing.end_path(fills=True)),
    **dict.fromkeys(
        [b"f*", b"B*", b"b*"], lambda drawing, _: drawing.end_path(fills=True, odd=True)
    ),
    b"sh": lambda drawing, _: drawing.shade(),
    b"Do": Drawing.draw,
    b"INLINE IMAGE": lambda drawing, values: drawing.draw_picture(values["settings"]),
    **dict.fromkeys([b"BMC", b"BDC"], Drawing.mark),
    b"EMC": lambda drawing, _: drawing.unmark(),
}
