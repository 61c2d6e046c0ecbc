"""Whether the shape that clips an element leaves nothing of it: its text comes in. Pure."""

from __future__ import annotations

import re

from servers.search.pages.css_values import four_sides, number, pixels
from servers.search.pages.transforms import STEP

_WIDE = 1_000.0
"""The width and the height of an element, in the same measure as a pixel; none is known."""
_LEAST, _DEEP = 2.0, 100.0
"""What is smaller is not seen; two opposite sides that leave out this much leave out a line."""
_NUMBER = re.compile(r"-?\d{1,9}(?:\.\d{1,9})?")


def is_closed(clip: str) -> bool:
    """Whether one of the shapes in `clip` is empty, or lies outside of its element."""
    return any(
        name in _CLOSED and _CLOSED[name](said.partition(" round ")[0].strip())
        for name, said in STEP.findall(clip)
    )


def _length(said: str, otherwise: float) -> float:
    size = number(said)
    if size is None:
        return otherwise
    return size[0] * _WIDE / 100 if size[1] == "%" else pixels(size) or 0.0


def _inset(said: str) -> bool:
    sides = four_sides(said)
    for one, other, most in ((0, 2, _DEEP), (1, 3, _WIDE)) if sides else ():
        pair = sides[one], sides[other]
        shares = [_length(side, 0.0) / _WIDE for side in pair if side.endswith("%")]
        fixed = [_length(side, 0.0) for side in pair if not side.endswith("%")]
        if sum(shares) >= 0.99 or sum(fixed) >= most:
            return True
    return False


def _round(said: str) -> bool:
    radii, _, place = said.partition("at ")
    sizes = [_length(one, _WIDE / 2) for one in radii.split()] or [_WIDE / 2]
    at = [_length(one, _WIDE / 2) for one in place.split()]
    return min(sizes) <= _LEAST or any(one + max(sizes) <= 0 for one in at)


def _corners(said: str) -> bool:
    points = [
        (_length(pair[0], 0.0), _length(pair[1], 0.0))
        for part in said.split(",")
        if len(pair := part.split()) == 2
    ]
    return bool(points) and _is_nothing(points)


def _is_nothing(points: list[tuple[float, float]]) -> bool:
    turned = [*points[1:], points[0]]
    twice = sum(a[0] * b[1] - a[1] * b[0] for a, b in zip(points, turned, strict=True))
    return abs(twice) <= 2 * _LEAST or any(
        max(axis) <= 0 or min(axis) >= _WIDE for axis in zip(*points, strict=True)
    )


def _edges(said: str) -> bool:
    sides = said.replace(",", " ").split()
    if len(sides) != 4:
        return False
    usual = (0.0, _WIDE, _WIDE, 0.0)
    top, right, bottom, left = (_length(one, at) for one, at in zip(sides, usual, strict=True))
    return right - left <= _LEAST or bottom - top <= _LEAST


def _box(said: str) -> bool:
    return any(_length(one, _WIDE) <= _LEAST for one in said.split()[2:])


def _path(said: str) -> bool:
    numbers = [float(one) for one in _NUMBER.findall(said)]
    if set(filter(str.isalpha, said)) - set("mlz"):
        return max(map(abs, numbers), default=0.0) <= _LEAST
    points = list(zip(numbers[::2], numbers[1::2], strict=False))
    return bool(points) and _is_nothing(points)


_CLOSED = {
    "inset": _inset, "circle": _round, "ellipse": _round, "polygon": _corners, "rect": _edges,
    "xywh": _box, "path": _path,
}  # fmt: skip
