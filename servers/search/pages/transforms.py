"""What the transformations of a style do to an element: its declarations come in. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from servers.search.pages.css_values import DEGREES, number, pixels, share

STEP = re.compile(r"([a-z3-]{1,20})\(([^()]{0,300}+)\)")
"""The name of a function, and what is in its brackets."""
NAMES = frozenset(["transform", "translate", "scale", "rotate"])
_TURNS = {**DEGREES, "": DEGREES["rad"]}
_AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
_THIN = 0.1
Matrix = list[list[float]]
_Size = tuple[float, str]


@dataclass(frozen=True, slots=True)
class Moved:
    """Where an element is drawn."""

    x: float = 0.0
    y: float = 0.0
    """Pixels from its own place."""
    across: float = 0.0
    down: float = 0.0
    """The same in percent of its own size."""
    is_thin: bool = False
    """Whether nothing of its front has a surface."""
    is_turned: bool = False
    """Whether its back is seen."""


def moved(style: dict[str, str]) -> Moved:
    """What all transformations of `style` do together."""
    if not NAMES & style.keys():
        return _STILL
    return _moved(*(style.get(name, "") for name in ("translate", "rotate", "scale", "transform")))


_STILL = Moved()


@lru_cache(200)
def _moved(translate: str, rotate: str, scale: str, transform: str) -> Moved:
    steps = []
    if translate:
        steps.append(("translate3d", ",".join(translate.split())))
    if rotate:
        *axis, angle = rotate.split()
        name = f"rotate{axis[0]}" if len(axis) == 1 else "rotate3d" if axis else "rotate"
        steps.append((name, ",".join([*(axis if len(axis) > 1 else ()), angle])))
    if scale:
        steps.append(("scale", ",".join(scale.split())))
    steps += STEP.findall(transform)
    matrix, shares = _matrix("", [], []), [0.0, 0.0]
    for name, said in steps[:20]:
        sizes = [number(part) or (0.0, "") for part in said.split(",")]
        if name.startswith("translate"):
            sizes = [(0.0, "")] * (name == "translatey") + sizes
            shares = [
                share + (size[0] if size[1] == "%" else 0.0)
                for share, size in zip(shares, [*sizes, (0.0, "")][:2], strict=True)
            ]
        step = _matrix(name, sizes, [pixels(size) or 0.0 for size in sizes])
        matrix = [[_dot(row, column) for column in zip(*step, strict=True)] for row in matrix]
    return _seen(matrix, shares)


def _dot(one: list[float], other: tuple[float, ...]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _seen(matrix: Matrix, shares: list[float]) -> Moved:
    (a, c, z_x, x), (b, d, z_y, y), (_, _, z, _), (_, _, _, near) = matrix
    if near <= 0 or math.hypot(z_x, z_y, z) < _THIN:
        return Moved(is_thin=True)
    longest = max(math.hypot(a, b), math.hypot(c, d)) / near
    is_thin = longest < _THIN or abs(a * d - b * c) / (near * near) < _THIN * longest
    across, down = shares
    return Moved(x / near, y / near, across, down, is_thin, z < 0)


def _matrix(name: str, sizes: list[tuple[float, str]], lengths: list[float]) -> Matrix:
    """The matrix of one function, by rows; of one that is not known the one that does nothing."""
    found = [[float(row == column) for column in range(4)] for row in range(4)]
    kind = next((one for one in _KINDS if name.startswith(one)), "")
    if kind:
        _KINDS[kind](found, name, sizes, lengths)
    return found


def _translate(found: Matrix, name: str, sizes: list[_Size], lengths: list[float]) -> None:
    moves = [0.0 if size[1] == "%" else one for one, size in zip(lengths, sizes, strict=True)]
    for row, move in enumerate([0.0, 0.0, *moves] if name == "translatez" else moves[:3]):
        found[row][3] = move


def _scale(found: Matrix, name: str, sizes: list[_Size], _lengths: list[float]) -> None:
    parts = [share(size) for size in sizes[:3]]
    axis = {"scalex": [0], "scaley": [1], "scalez": [2]}.get(name, [0, 1, 2])
    for row, part in zip(axis, parts * 2 if len(parts) == 1 else parts, strict=False):
        found[row][row] = part


def _rotate(found: Matrix, name: str, sizes: list[_Size], _lengths: list[float]) -> None:
    x, y, z = _AXES.get(name[6:], _AXES["z"])
    if name == "rotate3d" and len(sizes) == 4:
        x, y, z = (size for size, _ in sizes[:3])
    _turn(found, (x, y, z), math.radians(sizes[-1][0] * _TURNS.get(sizes[-1][1], 1.0)))


def _skew(found: Matrix, name: str, sizes: list[_Size], _lengths: list[float]) -> None:
    turns = [math.tan(math.radians(size * _TURNS.get(unit, 1.0))) for size, unit in sizes]
    across, down = {"skewx": (turns[0], 0.0), "skewy": (0.0, turns[0])}.get(name, (*turns, 0.0)[:2])
    found[0][1], found[1][0] = across, down


def _whole(found: Matrix, _name: str, sizes: list[_Size], _lengths: list[float]) -> None:
    numbers = [size for size, _ in sizes]
    if len(numbers) == 6:
        a, b, c, d, x, y = numbers
        numbers = [a, b, 0, 0, c, d, 0, 0, 0, 0, 1, 0, x, y, 0, 1]
    if len(numbers) == 16:
        found[:] = [numbers[row::4] for row in range(4)]


def _perspective(found: Matrix, _name: str, _sizes: list[_Size], lengths: list[float]) -> None:
    found[3][2] = -1 / max(lengths[0], 1.0) if lengths[0] > 0 else 0.0


_KINDS = {
    "translate": _translate, "scale": _scale, "rotate": _rotate, "skew": _skew, "matrix": _whole,
    "perspective": _perspective,
}  # fmt: skip


def _turn(found: Matrix, axis: tuple[float, float, float], angle: float) -> None:
    long = math.hypot(*axis)
    if not long:
        return
    x, y, z = (part / long for part in axis)
    cos, sin = math.cos(angle), math.sin(angle)
    rest = 1 - cos
    found[0][:3] = [cos + x * x * rest, x * y * rest - z * sin, x * z * rest + y * sin]
    found[1][:3] = [y * x * rest + z * sin, cos + y * y * rest, y * z * rest - x * sin]
    found[2][:3] = [z * x * rest - y * sin, z * y * rest + x * sin, cos + z * z * rest]
