"""Formulas of a page as a line of text: MathML comes in, `(a + b)/2 = x^2` goes out.

Only what a person sees of a formula is read: no annotation, no attribute, no phantom.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_UNSEEN = frozenset({"annotation", "annotation-xml", "mphantom", "mprescripts"})
_SPACED = frozenset(
    "=<>\u2264\u2265\u2260\u2248\u223c\u2261\u2245\u221d\u2208\u2209\u2282\u2286\u2192\u2190\u21d2\u21d0\u21d4"
    "\u21a6+\u2212-\u00b1\u00d7\u00f7\u00b7\u222a\u2229\u2227\u2228\u2254\u2223"
)
_INVISIBLE = str.maketrans("", "", "\u2061\u2062\u2063\u2064")
_ACCENTS = dict(
    zip(
        "^\u02c6~\u02dc\u00af\u203e\u2015\u02d9\u00a8\u2192\u02c7",
        "\u0302\u0302\u0303\u0303\u0304\u0304\u0304\u0307\u0308\u20d7\u030c",
        strict=True,
    )
)
_DRAWN = frozenset({"span", "nobr", "mjx-math"})
"""The elements that draw a formula a second time, for browsers without MathML."""

_TOO_DEEP = f"boolean({'/'.join('*' * 60)})"
"""No formula nests so, but a page that means to break its reader."""


def spell_out(tree: HtmlElement) -> None:
    """Put a line of text in the place of each formula in `tree`, and of what draws it again."""
    for formula in list(tree.iter("math")):
        text = "" if formula.xpath(_TOO_DEEP) else " ".join(_text(formula).split())
        _drop_drawing(formula)
        formula[:] = []
        formula.tag = "div" if formula.get("display") == "block" else "span"
        formula.text = text


def _drop_drawing(formula: HtmlElement) -> None:
    around = formula.getparent()
    if around is None or len(around) > 1 or around.text or formula.tail:
        return
    for beside in (around.getprevious(), around.getnext()):
        if beside is not None and beside.tag in _DRAWN and beside.get("aria-hidden") == "true":
            beside.drop_tree()


def _text(element: HtmlElement) -> str:
    if not isinstance(element.tag, str) or element.tag in _UNSEEN:
        return ""
    return _SHAPES.get(element.tag, _row)(element)


def _row(element: HtmlElement) -> str:
    return "".join([(element.text or "").strip(), *map(_text, element)])


def _first(element: HtmlElement) -> str:
    return _text(element[0]) if len(element) else ""


def _operator(element: HtmlElement) -> str:
    sign = (element.text or "").strip().translate(_INVISIBLE)
    stands_between = element.getprevious() is not None and element.getnext() is not None
    return f" {sign} " if sign in _SPACED and stands_between else sign


def _words(element: HtmlElement) -> str:
    """The text of an element as it is, with a space on both sides where it has one."""
    return "".join(element.itertext())


def _root(element: HtmlElement) -> str:
    return f"√({_row(element)})"


def _other_root(element: HtmlElement) -> str:
    base, index = _parts(element, 2)
    return f"{index}√({base})"


def _fraction(element: HtmlElement) -> str:
    above, below = _parts(element, 2)
    return f"{_together(above)}/{_together(below)}"


def _scripts(*marks: str) -> Callable[[HtmlElement], str]:
    """What puts its further parts below (`_`) or above (`^`) the first one."""

    def spelled(element: HtmlElement) -> str:
        base, *further = _parts(element, 1 + len(marks))
        if marks == ("^",) and len(base) == 1 and further[0] in _ACCENTS:
            return base + _ACCENTS[further[0]]
        scripts = (
            f"{mark}{_together(one)}" for mark, one in zip(marks, further, strict=True) if one
        )
        return "".join([base, *scripts])

    return spelled


def _rows(element: HtmlElement) -> str:
    rows = (", ".join(filter(None, map(_text, row))) for row in element)
    return f"[{'; '.join(rows)}]" if len(element) > 1 else "".join(map(_text, element))


def _parts(element: HtmlElement, many: int) -> list[str]:
    parts = [_text(one).strip() for one in element if isinstance(one.tag, str)]
    return (parts + [""] * many)[:many]


def _together(text: str) -> str:
    return text if len(text) <= 1 or text.isdigit() else f"({text})"


_SHAPES: dict[str, Callable[[HtmlElement], str]] = {
    "mo": _operator,
    "mtext": _words,
    "mspace": lambda _: " ",
    "semantics": _first,
    "maction": _first,
    "mfrac": _fraction,
    "msqrt": _root,
    "mroot": _other_root,
    "msub": _scripts("_"),
    "msup": _scripts("^"),
    "msubsup": _scripts("_", "^"),
    "munder": _scripts("_"),
    "mover": _scripts("^"),
    "munderover": _scripts("_", "^"),
    "mtable": _rows,
}
