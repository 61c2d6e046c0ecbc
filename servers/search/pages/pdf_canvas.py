"""Which steps of a PDF page write text that a person does not see, by drawing the page in thought.

Seen is what stands on the page within what is drawn, of some size and in another colour than what
is under it, and nothing is painted over it. Text that is drawn invisibly is seen in a picture: so
is the text of scanned paper.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from pypdf.generic import ContentStream, NameObject

from servers.search.pages.colors import WHITE, alike
from servers.search.pages.pdf_pen import (
    CLEAR,
    SAME,
    Box,
    Ink,
    Matrix,
    Outline,
    Pen,
    Point,
    ShownText,
    around,
    at,
    common,
    corners,
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
_MOST_STEPS, _DEEPEST = 150_000, 8
"""Of all forms on a page; and of forms within forms."""
_LARGEST_FIGURE = 4_000
"""Bytes of a form without text that is looked at."""
_WRITES = re.compile(rb"\bT[jJ]\b|\bDo\b|[)>]\s{0,9}['\"]")
"""In a form that may hold text; others are not kept."""
_SIZES = (("/Width", "/W"), ("/Height", "/H"))
_FEWEST_DOTS = 2_500
"""Of a picture that can show text."""
_AS_BYTES = "bytes"
"""How texts are told: only its font knows their letters."""
_UNIT: Box = (0.0, 0.0, 1.0, 1.0)


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

    def seen(self, content: Any, resources: Any) -> ContentStream:
        """The steps of `content` without those that write what nobody sees."""
        kept = ContentStream(content, self.pdf, _AS_BYTES)
        Drawing(self, kept.operations, resources, pen=Pen(self.box)).run()
        for text, steps, number, _ in self._shown:
            if not text.is_drawn and not any(holds(one, text.ends[0]) for one in self._pictures):
                unsay(steps, number)
        return kept

    def show(self, text: ShownText, clip: Box, steps: Steps, number: int) -> None:
        """Write `text` as the step `number` does, unless nobody sees it."""
        is_here = not is_empty(common(text.box, clip)) and text.size >= self._smallest
        if is_here and (self._stands_out(text) if text.is_drawn else True):
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
        is_of_inks = isinstance(space, list) and space[0] in {"/Separation", "/DeviceN"}
        self.pen.ink(part, space, [1.0 if is_of_inks else 0.0])

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

    def lead(self, values: Any, *, begins: bool = False) -> None:
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
        is_layer = len(values) > 1 and values[0] == "/OC"
        self._off.append(False)
        if is_layer:
            group = self._resources["/Properties"].raw_get(values[1])
            self._off[-1] = self._canvas.is_off(group)

    def unmark(self) -> None:
        if self._off:
            self._off.pop()


def unsay(steps: Steps, number: int) -> None:
    """Let the step `number` write nothing."""
    steps[number] = ([], b"T*" if steps[number][1] in {b"'", b'"'} else b"n")


def _numbers(values: Any) -> list[float]:
    return [float(value) for value in values if isinstance(value, int | float)]


def _matrix(values: Any) -> Matrix:
    a, b, c, d, e, f = map(float, values)
    return a, b, c, d, e, f


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
    b"sc": _inks(0),
    b"scn": _inks(0),
    b"G": _inks(1, "/DeviceGray"),
    b"RG": _inks(1, "/DeviceRGB"),
    b"K": _inks(1, "/DeviceCMYK"),
    b"SC": _inks(1),
    b"SCN": _inks(1),
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
    b"Tj": lambda drawing, values: drawing.show(values[0]),
    b"TJ": lambda drawing, values: drawing.show(values[0]),
    b"'": lambda drawing, values: drawing.show(values[0], next_line=True),
    b'"': lambda drawing, values: drawing.show(values[2], next_line=True),
    b"re": lambda drawing, values: drawing.draw_box(*values),
    b"m": lambda drawing, values: drawing.lead(values, begins=True),
    **dict.fromkeys([b"l", b"c", b"v", b"y"], Drawing.lead),
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
