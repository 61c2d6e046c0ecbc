"""Values of declarations as numbers: sums are computed, lengths are brought to pixels. Pure."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable
from functools import lru_cache

_NUMBER = re.compile(
    r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,2})?)\s*(px|pt|em|rem|%|vw|vh|vmin|vmax|ex|ch|pc|in|cm"
    r"|mm|q|lh|deg|turn|grad|rad|dppx|dpi|dpcm|[sd]v[wh]|s|ms|x)?(?![\w.])"
)
_PIXELS = {
    "": 1.0, "px": 1.0, "pt": 4 / 3, "em": 16.0, "rem": 16.0, "%": 12.8, "vw": 12.8, "vh": 8.0,
    "vmin": 8.0, "vmax": 12.8, "ex": 8.0, "ch": 8.0, "pc": 16.0, "in": 96.0, "cm": 37.8,
    "mm": 3.78, "q": 0.945, "lh": 19.2, "svw": 12.8, "svh": 8.0, "dvw": 12.8, "dvh": 8.0,
}  # fmt: skip
"""Of letters of a usual size on a usual screen."""
DEGREES = {"deg": 1.0, "turn": 360.0, "grad": 0.9, "rad": 180 / math.pi}
VALID = {
    "display": re.compile(
        r"(?:none|block|inline|contents|flex|grid|table|list-item|flow|ruby|-webkit-|-moz-|-ms-|run-in"
        r"|inherit|initial|unset|revert|math|var\()"
    ),
    "opacity": re.compile(r"[+-]?[\d.]|calc|min|max|clamp|inherit|initial|unset|revert|var\("),
    "visibility": re.compile(r"visible|hidden|collapse|inherit|initial|unset|revert|var\("),
    "font-size": re.compile(
        r"[+\d.]|[a-z]{1,20}\(|(?:x{1,3}-)?(?:small|large)|medium|smaller|larger|math"
        r"|inherit|initial|unset|revert"
    ),
    "content": re.compile(r"url\("),
    **dict.fromkeys(
        ["padding-left", "padding-top"],
        re.compile(r"(?:\d{3,4}|[4-9]\d)px|(?:[3-9]|\d{2,4})(?:r?em|%|v)"),
    ),
}
"""What a browser takes; it keeps what was said before anything else. Of paddings and contents only
what moves or replaces a line of text."""
_SUM = re.compile(r"(?:calc|min|max|clamp|abs|round)\((?:[^()]++|\([^()]{0,80}+\)){0,20}+\)")
_LONGEST_SUM = 300
"""Characters; no page has longer ones, and computing them would take a deep stack."""
_IN_SUM = re.compile(r"((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,2})?)([a-z%]{0,4})")
_DOES: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_CALLS: dict[str, Callable[..., float]] = {
    "calc": lambda value: value,
    "min": min,
    "max": max,
    "abs": abs,
    "round": lambda value, step=1.0: round(value / step) * step,
    "clamp": lambda least, value, most: max(least, min(value, most)),
}


@lru_cache(1_000)
def number(value: str) -> tuple[float, str] | None:
    """The number that `value` begins with, and its unit, which may be empty."""
    value = value.strip()
    found = _NUMBER.match(computed(value) if "(" in value else value)
    return (float(found[1]), found[2] or "") if found else None


def pixels(size: tuple[float, str]) -> float | None:
    """A length in pixels, roughly; None for what is none."""
    return size[0] * _PIXELS[size[1]] if size[1] in _PIXELS else None


def length(style: dict[str, str], name: str) -> float | None:
    """The pixels that a style says for `name`; None where it says no length."""
    size = number(style[name]) if name in style else None
    return None if size is None else pixels(size)


def share(size: tuple[float, str]) -> float:
    """A number as it is, and percent as a part of 1."""
    return size[0] / (100 if size[1] == "%" else 1)


def computed(value: str) -> str:
    """`value` with its sums as numbers, in pixels where they are of lengths; 0 for a long one."""
    return _SUM.sub(_computed, value) if _SUM.search(value) else value


def _computed(found: re.Match[str]) -> str:
    if len(found[0]) > _LONGEST_SUM:
        return "0"
    units = {unit for _, unit in _IN_SUM.findall(found[0]) if unit}
    text = _IN_SUM.sub(lambda one: str(float(one[1]) * _PIXELS.get(one[2], 1.0)), found[0])
    try:
        return f"{_value(ast.parse(text, mode='eval').body):.4f}{'px' if units else ''}"
    except (SyntaxError, ValueError, TypeError, KeyError, ZeroDivisionError, OverflowError):
        return found[0]


def _value(node: ast.AST) -> float:
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]  # anything else is a TypeError
    if isinstance(node, ast.UnaryOp):
        return -_value(node.operand) if isinstance(node.op, ast.USub) else _value(node.operand)
    if isinstance(node, ast.BinOp):
        return _DOES[type(node.op)](_value(node.left), _value(node.right))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _CALLS[node.func.id](*map(_value, node.args))
    raise ValueError(ast.dump(node)[:80])


def four_sides(said: str) -> list[str]:
    """The values of top, right, bottom and left in a shorthand; none when it has too many."""
    parts = said.split()
    if not 0 < len(parts) <= 4:
        return []
    right = parts[1 % len(parts)]
    return [parts[0], right, parts[2 if len(parts) > 2 else 0], parts[3] if parts[3:] else right]
