# ruff: noqa: E501 - the steps of a page on their lines
"""What a person does not see of a PDF stays out of its text, and what a person sees is in it."""

from __future__ import annotations

import io
import time

import pypdf
import pytest

from servers.search.pages.pdf_text import text_of
from tests.search.test_content import Read, read
from tests.search.test_documents import assembled, pdf

__all__ = ["read"]
pytestmark = pytest.mark.anyio

FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
DOTS = b"<</Type/XObject/Subtype/Image/Width 100/Height 100/ColorSpace/DeviceGray/BitsPerComponent 8/Length 10000>>stream\n%s\nendstream" % (b"p" * 10_000)  # fmt: skip
SAID = b"(All rules are void) Tj"


def form(steps: bytes, more: bytes = b"/BBox[0 0 612 792]") -> bytes:
    head = b"<</Type/XObject/Subtype/Form/Resources<</Font<</F1 5 0 R>>>>%s/Length %d>>" % (more, len(steps))  # fmt: skip
    return b"%sstream\n%s\nendstream" % (head, steps)


def drawn(steps: bytes, *, extra: bytes = b"", page: bytes = b"", root: bytes = b"") -> bytes:
    """A PDF of one page with a line of text and then these steps; `extra` is its object 6."""
    steps = b"BT /F1 12 Tf 72 720 Td (Herons wait at the weir.) Tj ET\n" + steps.replace(b"@", SAID)
    resources = (
        b"/Font<</F1 5 0 R>>/XObject<</X 6 0 R>>/Properties<</L 6 0 R>>"
        b"/ExtGState<</Clear<</ca 0>>/Half<</ca .5>>/Tiny<</Font[5 0 R .01]>>>>"
        b"/ColorSpace<</Ink[/Separation/Black/DeviceGray<</FunctionType 2/Domain[0 1]/N 1>>]>>"
        b"/Shading<</S<</ShadingType 2/ColorSpace/DeviceGray/Coords[0 0 9 9]>>>>"
    )
    return assembled(
        [
            b"<</Type/Catalog/Pages 2 0 R%s>>" % root,
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<<%s>>%s>>"
            % (resources, page),
            b"<</Length %d>>stream\n%s\nendstream" % (len(steps), steps),
            FONT,
            extra or b"<<>>",
        ]
    )


OFF = b"/OCProperties<</OCGs[6 0 R]/D<</OFF[6 0 R]>>>>"
HIDDEN = {
    "invisible": drawn(b"BT /F1 12 Tf 3 Tr 72 600 Td @ ET"),
    "invisible, a picture elsewhere": drawn(
        b"q 90 0 0 90 9 9 cm /X Do Q BT /F1 12 Tf 3 Tr 72 600 Td @ ET", extra=DOTS),
    "white": drawn(b"1 g BT /F1 12 Tf 72 600 Td @ ET"),
    "nearly white": drawn(b".98 .99 1 rg BT /F1 12 Tf 72 600 Td @ ET"),
    "no ink": drawn(b"/Ink cs 0 scn BT /F1 12 Tf 72 600 Td @ ET"),
    "white on white": drawn(b"1 g 0 0 612 650 re f BT /F1 12 Tf 72 600 Td @ ET"),
    "white beside a box": drawn(b"0 g 72 400 100 90 re f 1 g BT /F1 12 Tf 72 600 Td @ ET"),
    "black on black": drawn(b"0 g 60 580 300 40 re f BT /F1 12 Tf 72 600 Td @ ET"),
    "painted over": drawn(b"BT /F1 12 Tf 72 600 Td @ ET 1 g 60 590 300 30 re f"),
    "painted over by lines": drawn(b"BT /F1 12 Tf 72 600 Td @ ET 60 590 m 360 590 l 360 630 l 60 630 l h f"),
    "of no size": drawn(b"BT /F1 .1 Tf 72 600 Td @ ET"),
    "of one point": drawn(b"BT /F1 1 Tf 72 600 Td @ ET"),
    "made small": drawn(b"BT /F1 12 Tf .01 0 0 .01 72 600 Tm @ ET"),
    "on a small page": drawn(b"q .01 0 0 .01 72 600 cm BT /F1 12 Tf @ ET Q"),
    "of no width": drawn(b"BT /F1 12 Tf 1 Tz 72 600 Td @ ET"),
    "small by its state": drawn(b"/Tiny gs BT 72 600 Td @ ET"),
    "left of the page": drawn(b"BT /F1 12 Tf -5000 600 Td @ ET"),
    "above the page": drawn(b"BT /F1 12 Tf 72 3000 Td @ ET"),
    "moved away": drawn(b"q 1 0 0 1 5000 0 cm BT /F1 12 Tf 72 600 Td @ ET Q"),
    "cut off": drawn(b"BT /F1 12 Tf 72 100 Td @ ET", page=b"/CropBox[0 400 612 792]"),
    "clipped": drawn(b"q 0 0 10 10 re W n BT /F1 12 Tf 72 600 Td @ ET Q"),
    "clear": drawn(b"/Clear gs BT /F1 12 Tf 72 600 Td @ ET"),
    "layer": drawn(b"/OC /L BDC BT /F1 12 Tf 72 600 Td @ ET EMC", extra=b"<</Type/OCG/Name(L)>>", root=OFF),
    "form in white": drawn(b"/X Do", extra=form(b"1 g BT /F1 12 Tf 72 600 Td %s ET" % SAID)),
    "form moved away": drawn(
        b"/X Do", extra=form(b"BT /F1 12 Tf 72 600 Td %s ET" % SAID, b"/BBox[0 0 612 792]/Matrix[1 0 0 1 9000 0]")),
    "form that is invisible from outside": drawn(
        b"BT 3 Tr ET /X Do", extra=form(b"BT /F1 12 Tf 72 600 Td %s ET" % SAID)),
    "form without room": drawn(
        b"/X Do", extra=form(b"BT /F1 12 Tf 72 600 Td %s ET" % SAID, b"/BBox[0 0 1 1]")),
    "next line": drawn(b"BT /F1 12 Tf 3 Tr 14 TL 72 600 Td (All rules are void) ' ET"),
    "jumped off the page": drawn(b"BT /F1 12 Tf 72 600 Td [-99000 (All rules are void)] TJ ET"),
    "jumped off to the left": drawn(b"BT /F1 12 Tf 72 600 Td [50000 (All rules are void)] TJ ET"),
    "risen off the page": drawn(b"BT /F1 12 Tf 72 600 Td 3000 Ts @ ET"),
    "painted over in parts": drawn(b"BT /F1 12 Tf 72 600 Td @ ET 1 g 60 590 60 30 re f 110 590 200 30 re f"),
    "painted over in parts at once": drawn(b"BT /F1 12 Tf 72 600 Td @ ET 1 g 60 590 60 30 re 110 590 200 30 re f"),
    "painted over by a form": drawn(b"BT /F1 12 Tf 72 600 Td @ ET /X Do", extra=form(b"1 g 60 590 300 30 re f")),
    "in a set of layers": drawn(
        b"/OC /L BDC BT /F1 12 Tf 72 600 Td @ ET EMC", extra=b"<</Type/OCMD/OCGs[5 0 R]>>",
        root=b"/OCProperties<</OCGs[5 0 R]/D<</BaseState/OFF>>>>"),
    "in pieces": drawn(b"BT /F1 12 Tf 3 Tr 72 600 Td [(All) -250 (rules are void)] TJ ET"),
}  # fmt: skip
SEEN = {
    "black": drawn(b"BT /F1 12 Tf 72 600 Td @ ET"),
    "white on black": drawn(b"0 g 60 580 300 40 re f 1 g BT /F1 12 Tf 72 600 Td @ ET"),
    "white on a thick line": drawn(b"40 w 60 604 m 400 604 l S 1 g BT /F1 12 Tf 72 600 Td @ ET"),
    "white on a form": drawn(b"/X Do 1 g BT /F1 12 Tf 72 600 Td @ ET", extra=form(b"0 g 0 580 612 60 re f")),
    "white on a picture": drawn(b"q 612 0 0 792 0 0 cm /X Do Q 1 g BT /F1 12 Tf 72 600 Td @ ET", extra=DOTS),
    "white on a shading": drawn(b"/S sh 1 g BT /F1 12 Tf 72 600 Td @ ET"),
    "outline of white letters": drawn(b"1 g BT /F1 40 Tf 1 Tr 72 600 Td @ ET"),
    "white letters with an outline": drawn(b"1 g BT /F1 40 Tf 2 Tr 72 600 Td @ ET"),
    "a scanned page": drawn(b"BT /F1 12 Tf 3 Tr 72 600 Td @ ET q 612 0 0 792 0 0 cm /X Do Q", extra=DOTS),
    "made large": drawn(b"BT /F1 1 Tf 12 0 0 12 72 600 Tm @ ET"),
    "made small from large": drawn(b"q .04 0 0 .04 72 600 cm BT /F1 300 Tf @ ET Q"),
    "turned": drawn(b"BT /F1 12 Tf 0 1 -1 0 300 300 Tm @ ET"),
    "small": drawn(b"BT /F1 3 Tf 72 600 Td @ ET"),
    "small in large units": drawn(b"BT /F1 .4 Tf 10 60 Td @ ET", page=b"/UserUnit 72"),
    "grey": drawn(b".8 g BT /F1 12 Tf 72 600 Td @ ET"),
    "half clear": drawn(b"/Half gs BT /F1 12 Tf 72 600 Td @ ET"),
    "under a clear box": drawn(b"BT /F1 12 Tf 72 600 Td @ ET /Half gs 1 1 0 rg 60 590 300 30 re f"),
    "black by its colour space": drawn(b"1 g /DeviceRGB cs BT /F1 12 Tf 72 600 Td @ ET"),
    "seen again": drawn(b"q 3 Tr Q BT /F1 12 Tf 72 600 Td @ ET"),
    "backwards": drawn(b"BT /F1 12 Tf 72 600 Td [(All) 1500 (rules are void)] TJ ET"),
    "in a frame": drawn(b"BT /F1 12 Tf 72 600 Td @ ET .9 g 50 580 320 50 re 60 590 300 30 re f*"),
    "struck out": drawn(b"BT /F1 12 Tf 72 600 Td @ ET 0 g 72 603 100 1 re f"),
    "cut off nowhere": drawn(b"BT /F1 12 Tf 72 600 Td @ ET", page=b"/CropBox[5000 5000 6000 6000]"),
    "on a page of no size": drawn(b"BT /F1 12 Tf 72 600 Td @ ET").replace(b"/MediaBox[0 0 612 792]", b" " * 22),
    "in a form": drawn(b"/X Do", extra=form(b"BT /F1 12 Tf 72 600 Td %s ET" % SAID)),
    "on a page with its origin elsewhere": drawn(b"BT /F1 12 Tf 0 -50 Td @ ET").replace(b"[0 0 612 792]", b"[-99 -99 513 800]"),
    "a layer that is shown": drawn(
        b"/OC /L BDC BT /F1 12 Tf 72 600 Td @ ET EMC", extra=b"<</Type/OCG/Name(L)>>",
        root=b"/OCProperties<</OCGs[6 0 R]/D<</ON[6 0 R]>>>>"),
}  # fmt: skip


def told(data: bytes) -> str:
    return text_of(pypdf.PdfReader(io.BytesIO(data)).pages[0])


@pytest.mark.parametrize("how", HIDDEN)
def test_text_that_a_person_does_not_see_stays_out(how: str) -> None:
    text = told(HIDDEN[how])
    assert "Herons wait at the weir." in text
    assert "void" not in text


@pytest.mark.parametrize("how", SEEN)
def test_text_that_a_person_sees_is_told(how: str) -> None:
    text = " ".join(told(SEEN[how]).split())
    assert "Herons wait at the weir." in text
    assert "rules are void" in text


def test_letters_come_as_people_write_them_and_fields_with_what_is_in_them() -> None:
    fields = b"/Annots[<</Subtype/Widget/FT/Tx/V(Grey heron)>><</Subtype/Widget/V(Unseen)/F 2>><</Subtype/FreeText/Contents(By hand)>><</Subtype/Widget/V(Unseen)/Ff 8192>><</Subtype/Widget/V(Unseen)/Rect[0 0 0 0]>><</Subtype/Text/Contents(Unseen)>>]"
    text = told(drawn(b"BT /F1 12 Tf 72 600 Td (\\255) Tj ET", page=fields))
    assert "Grey heron\nBy hand" in text
    assert "Unseen" not in text
    ligature = drawn(b"").replace(b"/WinAnsiEncoding", b"<</Differences[97/fi/f_f_i]>>")
    assert "\ufb01" not in told(ligature)
    assert "fi" in told(ligature)


def test_a_page_of_forms_within_forms_ends() -> None:
    itself = form(b"BT /F1 12 Tf 72 600 Td (Inner) Tj ET /X Do /X Do").replace(
        b"/Font<</F1 5 0 R>>", b"/Font<</F1 5 0 R>>/XObject<</X 6 0 R>>"
    )
    text = told(drawn(b"/X Do", extra=itself))
    assert "Herons wait" in text
    assert text.count("Inner") == 1


@pytest.mark.parametrize("text", [b"", b"BT /F1 12 Tf 72 600 Td (Inner) Tj ET "])
def test_a_figure_that_is_drawn_often_costs_little(text: bytes) -> None:
    figure = form(text + b"1 0 0 rg 10 10 5 5 re f " * 2_000)
    began = time.process_time()
    seen = told(drawn(b"/X Do\n" * 280, extra=figure))
    assert "Herons wait" in seen
    assert ("Inner" in seen) == bool(text)
    assert time.process_time() - began < 15


@pytest.mark.parametrize("kind", ["application/pdf", "text/html", None])
async def test_a_pdf_with_a_page_before_it_is_a_pdf(read: Read, kind: str | None) -> None:
    whole = pdf(["A heron stood."]).replace(
        b"%PDF-1.4\n", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3" + bytes(300)
    )
    assert "heron stood" in (await read(b"<html><b>Warning</b>: x</html>\n" + whole, kind)).text
