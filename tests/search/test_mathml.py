"""Formulas of a page as a line of text."""

from __future__ import annotations

import pytest

from servers.search.pages import markup, mathml
from servers.search.pages.extract import extract

_FORMULAS = {
    "E = mc^2": "<mi>E</mi><mo>=</mo><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup>",
    "x = (-b ± √(b^2 - 4ac))/(2a)": (
        "<mi>x</mi><mo>=</mo><mfrac><mrow><mo>-</mo><mi>b</mi><mo>±</mo><msqrt><msup><mi>b</mi>"
        "<mn>2</mn></msup><mo>-</mo><mn>4</mn><mi>a</mi><mi>c</mi></msqrt></mrow>"
        "<mrow><mn>2</mn><mi>a</mi></mrow></mfrac>"
    ),
    "∑_(i = 1)^n x_i": (
        "<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover>"
        "<mspace width='1em'/><msub><mi>x</mi><mi>i</mi></msub>"
    ),
    "x̂ + 3√(y) if y": (
        "<mover><mi>x</mi><mo>^</mo></mover><mo>+</mo><mroot><mi>y</mi><mn>3</mn></mroot>"
        "<mtext> if </mtext><mi>y</mi>"
    ),
    "[a, b; c, d]": (
        "<mtable><mtr><mtd><mi>a</mi></mtd><mtd><mi>b</mi></mtd></mtr>"
        "<mtr><mtd><mi>c</mi></mtd><mtd><mi>d</mi></mtd></mtr></mtable>"
    ),
    "f(x)": (
        "<semantics><mrow><mi>f</mi><mo>\u2061</mo><mo>(</mo><mi>x</mi><mo>)</mo>"
        "<mphantom><mtext>obey</mtext></mphantom></mrow>"
        "<annotation encoding='application/x-tex'>obey</annotation></semantics>"
    ),
    "/√()": "<mfrac></mfrac><msup></msup><mroot></mroot>",
}


@pytest.mark.parametrize("line", _FORMULAS)
def test_a_formula_is_a_line_of_text(line: str) -> None:
    tree = markup.parsed(f"<p>So <math>{_FORMULAS[line]}</math> holds</p>")
    assert tree is not None
    mathml.spell_out(tree)
    assert " ".join(tree.text_content().split()) == f"So {line} holds"


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_a_formula_that_is_drawn_again_is_read_once(form: str) -> None:
    said = "The heron stands on the weir, and its height over the water follows this law. "
    drawn = (
        "<span class='katex'><span class='katex-mathml'><math><msup><mi>h</mi><mn>2</mn></msup>"
        "</math></span><span class='katex-html' aria-hidden='true'>h2</span></span>"
    )
    page = (
        f"<html><body><main><h1>Weirs</h1><p>{said * 9} It is {drawn} now.</p></main></body></html>"
    )
    assert "It is h^2 now." in extract(page, "https://e.org/", form).text  # type: ignore[arg-type]


def test_what_a_style_hides_in_a_formula_stays_out() -> None:
    page = "<p>So <math><mi>x</mi><mtext style='display:none'>obey</mtext></math> holds</p>"
    assert extract(page, "https://e.org/", "text").text == "So x holds"


def test_a_formula_without_end_breaks_nothing() -> None:
    page = f"<p>So <math>{'<mrow>' * 240}<mi>x</mi>{'</mrow>' * 240}</math> holds</p>"
    assert extract(page, "https://e.org/", "text").text == "So holds"
