"""Where the next text of a PDF page stands, how large, and in which colours: its graphics state.

Places are in points of the page; a box is its left, lower, right and upper side. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from servers.search.pages.colors import BLACK, WHITE, Color

Matrix = tuple[float, float, float, float, float, float]
Box = tuple[float, float, float, float]
Point = tuple[float, float]
Ink = Color | None
"""None where it takes more than a look to tell: a pattern, a mixture of inks."""
SAME: Matrix = (1, 0, 0, 1, 0, 0)
CLEAR = 0.05
"""How much is seen of what nobody sees."""
_WIDTH, _HEIGHT = 0.5, 0.7
"""Of a byte of text, about, in its size; a letter of Chinese has two bytes."""
_PARTS = ((0,), (1,), (0, 1), ())
"""What each way of drawing text draws: its inside, its outline, both, nothing."""
_PLAIN = frozenset({"/DeviceGray", "/DeviceRGB", "/DeviceCMYK", "/CalGray", "/CalRGB", "/ICCBased"})


@dataclass(frozen=True, slots=True)
class ShownText:
    """A piece of text: the box around its line so far, its begin and end, its size, its inks."""

    box: Box
    ends: tuple[Point, Point]
    size: float
    inks: tuple[Ink, ...]
    is_drawn: bool


@dataclass(slots=True)
class Pen:
    """How text and shapes are drawn from here on; inks and clearness are of inside and outline."""

    clip: Box
    matrix: Matrix = SAME
    inks: tuple[Ink, Ink] = (BLACK, BLACK)
    spaces: tuple[Any, Any] = ("/DeviceGray", "/DeviceGray")
    clear: tuple[float, float] = (1.0, 1.0)
    thickness: float = 1.0
    is_mixed: bool = False
    mode: int = 0
    size: float = 0.0
    units: float = 1.0
    """How large a font draws, where it is not the usual thousandths of its size."""
    stretch: float = 1.0
    leading: float = 0.0
    rise: float = 0.0
    line: Matrix = SAME
    run: float = 0.0
    """How far the text went on, about, from where it was placed last."""

    def moved(self, by: Matrix) -> Pen:
        """A pen whose places start from `by`."""
        pen = copy(self)
        pen.matrix = product(by, self.matrix)
        return pen

    def place(self, matrix: Matrix) -> None:
        """Go to the begin of a line."""
        self.line, self.run = matrix, 0.0

    def next_line(self, right: float, up: float) -> None:
        self.place(product((1, 0, 0, 1, right, up), self.line))

    def ink(self, part: int, space: Any, numbers: Sequence[float]) -> None:
        """Take a colour for the inside (0) or the outline (1)."""
        ink = _color(space, numbers)
        self.inks = (ink, self.inks[1]) if part == 0 else (self.inks[0], ink)
        self.spaces = (space, self.spaces[1]) if part == 0 else (self.spaces[0], space)

    def show(self, letters: int, back: float, lead: float) -> ShownText:
        """Write `letters` bytes of text.

        `back` is how many thousandths it goes back between them, `lead` how many before them.
        """
        thousandth = self.size * self.stretch / 1000
        letter = thousandth * 1000 * _WIDTH
        begun = self.run - lead * thousandth
        self.run = begun + letters * letter - back * thousandth
        a, b, c, d, *_ = matrix = product(self.line, self.matrix)
        size, up = abs(self.size * self.units), self.size * _HEIGHT
        first, last = begun + letter / 2, max(self.run, begun + letter) - letter / 2
        # widths are known about, so that a later piece may begin nearer
        near, middle = begun / 2, self.rise + up / 2
        reach = (min(begun, near, self.run), max(begun, near, self.run) + letter)
        parts = _PARTS[self.mode % 4]
        return ShownText(
            around(corners(matrix, (reach[0], self.rise, reach[1], self.rise + up))),
            (at(matrix, first, middle), at(matrix, last, middle)),
            size * min(math.hypot(c, d), math.hypot(a, b) * abs(self.stretch)),
            tuple(self.inks[part] for part in parts if self.clear[part] > CLEAR),
            bool(parts),
        )


@dataclass(slots=True)
class Outline:
    """The path that is being drawn: the points of each of its parts, and whether it clips."""

    parts: list[list[Point]] = field(default_factory=list)
    ways: set[bool] = field(default_factory=set)
    """In which directions its rectangles are drawn."""
    clips: bool = False

    @property
    def points(self) -> list[Point]:
        return [point for part in self.parts for point in part]

    def boxes(self, *, odd: bool) -> list[Box]:
        """The boxes that it fills wholly; none where a part of it may cut a hole in another."""
        has_holes = len(self.parts) > 1 and (odd or len(self.ways) != 1)
        if has_holes or not all(map(_is_box, self.parts)):
            return []
        return [around(part) for part in self.parts]


def _is_box(points: list[Point]) -> bool:
    """Whether they are the corners of the box around them."""
    across, upward = ({round(one[side], 1) for one in points} for side in (0, 1))
    return len(points) in {4, 5} and len(across) == len(upward) == 2


def product(one: Matrix, two: Matrix) -> Matrix:
    """First `one`, then `two`."""
    a, b, c, d, e, f = one
    g, h, i, j, k, m = two
    return (
        *(a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j),
        *(e * g + f * i + k, e * h + f * j + m),
    )


def at(matrix: Matrix, x: float, y: float) -> Point:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def corners(matrix: Matrix, box: Sequence[float]) -> list[Point]:
    """The corners of `box` on the page, in the order of its outline."""
    left, low, right, high = box
    return [at(matrix, x, y) for x, y in ((left, low), (right, low), (right, high), (left, high))]


def around(points: Sequence[Point]) -> Box:
    across, upward = [x for x, _ in points], [y for _, y in points]
    return min(across), min(upward), max(across), max(upward)


def common(one: Box, two: Box) -> Box:
    """What both boxes hold."""
    return (
        *(max(one[0], two[0]), max(one[1], two[1])),
        *(min(one[2], two[2]), min(one[3], two[3])),
    )


def is_empty(box: Box) -> bool:
    return box[0] >= box[2] or box[1] >= box[3]


def holds(box: Box, point: Point) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


def _color(space: Any, numbers: Sequence[float]) -> Ink:
    kind = space[0] if isinstance(space, list) and space else space
    if kind in {"/Separation", "/DeviceN"}:
        return WHITE if numbers and not any(numbers) else None
    shares = [min(1.0, max(0.0, one)) for one in numbers or [0.0]]
    if len(shares) == 4:
        shares = [(1 - one) * (1 - shares[3]) for one in shares[:3]]
    if len(shares) == 1:
        shares *= 3
    if kind not in _PLAIN or len(shares) != 3:
        return None
    red, green, blue = (round(one * 255) for one in shares)
    return red, green, blue
