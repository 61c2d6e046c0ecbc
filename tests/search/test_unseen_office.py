# ruff: noqa: E501 - parts of documents on their lines
"""What a person does not see of an office document stays out, and what is seen comes as it is shown."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

import pytest

from servers.search.pages import cell_format, rich_text
from servers.search.pages.office_files import parts_of
from tests.search.test_documents import W, archive
from tests.search.test_unseen_contents import OFFICE, RELS, R, book, docx, rel, run

HIDDEN = "VOID"


def told(document: bytes) -> str:
    _, parts = parts_of(zipfile.ZipFile(io.BytesIO(document)))
    return "\n".join(part() for part in parts)


def style(name: str, marks: str, kind: str = "character", more: str = "") -> str:
    return f'<w:style w:type="{kind}" w:styleId="{name}">{more}<w:rPr>{marks}</w:rPr></w:style>'


STYLES = f"""<w:styles {W}>{style("Hid", "<w:vanish/>")}{style("HidP", "<w:vanish/>", "paragraph")}
    {style("Child", "", more='<w:basedOn w:val="Hid"/>')}{style("White", '<w:color w:val="FFFFFF"/>')}
    <w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style></w:styles>"""


def par(runs: str, marks: str = "") -> str:
    return f"<w:p><w:pPr>{marks}</w:pPr>{runs}</w:p>"


def cell(runs: str, fill: str = "", table: str = "") -> str:
    shade = f'<w:shd w:val="clear" w:fill="{fill}"/>' if fill else ""
    return f"<w:tbl><w:tblPr>{table}</w:tblPr><w:tr><w:tc><w:tcPr>{shade}</w:tcPr>{par(runs)}</w:tc></w:tr></w:tbl>"


WHITE = '<w:color w:val="FFFFFF"/>'
WORD = {
    "by its style": (par(run(HIDDEN, '<w:rStyle w:val="Hid"/>')), ""),
    "by a style that has another's look": (par(run(HIDDEN, '<w:rStyle w:val="Child"/>')), ""),
    "by the style of its paragraph": (par(run(HIDDEN), '<w:pStyle w:val="HidP"/>'), ""),
    "shown in a hidden paragraph": (par(run("Seen", '<w:vanish w:val="0"/>'), '<w:pStyle w:val="HidP"/>'), "Seen"),
    "white": (par(run(HIDDEN, WHITE)), ""),
    "nearly white": (par(run(HIDDEN, '<w:color w:val="FEFEFE"/>')), ""),
    "white by its style": (par(run(HIDDEN, '<w:rStyle w:val="White"/>')), ""),
    "white on white": (cell(run(HIDDEN, WHITE), "FFFFFF"), ""),
    "of one point": (par(run(HIDDEN, '<w:sz w:val="2"/>')), ""),
    "white on blue": (cell(run("Seen", WHITE), "000080"), "| Seen |"),
    "white in a table of a style": (cell(run("Seen", WHITE), "", '<w:tblStyle w:val="Grid"/>'), "| Seen |"),
    "white on a mark": (par(run("Seen", f'{WHITE}<w:highlight w:val="blue"/>')), "Seen"),
    "white in a box": (f'<w:p><w:r><w:txbxContent>{par(run("Seen", WHITE))}</w:txbxContent></w:r></w:p>', "Seen"),
    "in the colour of its cell": (cell(run(HIDDEN, '<w:color w:val="000080"/>'), "000080"), ""),
    "of no width": (par(run(HIDDEN, '<w:w w:val="1"/>')), ""),
    "white on a pattern": (par(run("Seen", f'{WHITE}<w:shd w:val="solid" w:color="000000" w:fill="auto"/>')), "Seen"),
    "deleted": (f"<w:p><w:del>{run(HIDDEN)}</w:del></w:p>", ""),
    "moved away": (f"<w:p><w:moveFrom>{run(HIDDEN)}</w:moveFrom></w:p>", ""),
    "a paragraph with a box": (
        f'<w:p>{run("Before")}<w:r><w:txbxContent>{par(run("Boxed"))}</w:txbxContent></w:r>{run(" after")}</w:p>', "Before after\nBoxed"),
    "signs": ("<w:p><w:r><w:t>a</w:t><w:noBreakHyphen/><w:t>b</w:t><w:cr/><w:t>c</w:t></w:r></w:p>", "a-b\nc"),
    "a heading of another language": (par(run("Kapitel"), '<w:pStyle w:val="berschrift2"/>'), "## Kapitel"),
    "a table in a table": (
        f"<w:tbl><w:tr><w:tc>{par(run('Out'))}{cell(run('In'))}</w:tc></w:tr></w:tbl>", "| Out In |"),
}  # fmt: skip


@pytest.mark.parametrize("how", WORD)
def test_a_text_is_what_a_person_sees_of_it(how: str) -> None:
    body, wanted = WORD[how]
    text = told(docx(par(run("Herons")) + body, word__styles_dot_xml=STYLES))
    assert " ".join(text.split()) == " ".join(f"Herons\n{wanted}".split())
    assert wanted in text


FORMATS = [
    ("0.256", "0%", "26%"), ("0.2563", "0.00%", "25.63%"), ("1234567.891", "#,##0", "1,234,568"),
    ("1234.5", "$#,##0.00", "$1,234.50"), ("1234.5", '#,##0.00\\ "€"', "1,234.50 €"),
    ("1234.5", "#,##0.00\\ [$€-407]", "1,234.50 €"), ("-5", "0;(0)", "(5)"), ("0", '0;-0;"none"', "none"),
    ("-1234.567", "$#,##0.00;[Red]-$#,##0.00", "-$1,234.57"), ("0", "#,##0;-#,##0;-", "-"),
    ("-1234.5", "_-* #,##0.00\\ _€_-;-* #,##0.00\\ _€_-", "-1,234.50"), ("-0.5", "0.0%", "-50.0%"),
    ("3.14159", "0.00", "3.14"), ("7", "0000", "0007"), ("5", "#.##", "5"), ("0.5", "#.##", ".5"),
    ("12345678", "0.00E+00", "1.23E+07"), ("1500000", '0.0,,"M"', "1.5M"), ("12", "# ##0", "12"),
    ("5551234567", "(000) 000-0000", "(555) 123-4567"), ("5", '0 "days"', "5 days"), ("5", ";;;", ""),
    ("5", "0 \\d\\a\\y\\s", "5 days"), ("0.30000000000000004", "General", "0.3"), ("5", "", "5"),
    ("46083", "mmm yy", "2026-03-02"), ("46083.5", "[$-409]d\\-mmm\\-yy;@", "2026-03-02 12:00"),
    ("0.50001157", "h:mm:ss", "12:00:01"), ("1.5", "[h]:mm", "36:00"), ("1.5", "[h]:mm:ss", "36:00:00"),
    ("0", "0;-0;", ""), ("0", "0;-0", "0"), ("7", "0;-0;0", "7"), ("x", "0", "x"), ("1e400", "0", "1e400"), ("9e99", "yyyy", "9e99"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "hides"),
    [(";;;", True), ("0;0;0;", True), ("0;0;0", False), (";;;@", False), ("", False)],
)
def test_a_format_may_show_no_text(code: str, hides: bool) -> None:
    assert cell_format.hides_text(code) == hides


@pytest.mark.parametrize(("value", "code", "wanted"), FORMATS)
def test_a_number_is_told_as_its_cell_shows_it(value: str, code: str, wanted: str) -> None:
    assert cell_format.shown(value, code, datetime(1899, 12, 30)) == wanted  # noqa: DTZ001 - a sheet has no zone


def workbook(sheet: str) -> bytes:
    return archive(
        xl__workbook_dot_xml="<workbook><sheets><sheet name='Boats'/></sheets></workbook>",
        xl__styles_dot_xml="""<styleSheet><numFmts><numFmt numFmtId="164" formatCode=";;;"/></numFmts>
            <fonts><font><sz val="11"/></font><font><color rgb="FFFFFFFF"/></font><font><color theme="0"/></font>
            <font><sz val="1"/></font><font><color rgb="FF000080"/></font></fonts><fills><fill><patternFill patternType="none"/></fill>
            <fill><patternFill patternType="solid"><fgColor rgb="FF000080"/></patternFill></fill></fills>
            <cellXfs><xf numFmtId="0"/><xf fontId="1"/><xf fontId="2"/><xf fontId="3"/><xf numFmtId="164"/>
            <xf fontId="1" fillId="1"/><xf numFmtId="9"/><xf fontId="4" fillId="1"/></cellXfs></styleSheet>""",
        xl__worksheets__sheet1_dot_xml=f"<worksheet>{sheet}</worksheet>",
    )  # fmt: skip


def inline(text: str, look: int = 0) -> str:
    return f'<c t="inlineStr" s="{look}"><is><t>{text}</t></is></c>'


SHEETS = {
    "white": (inline(HIDDEN, 1), ""),
    "white by its theme": (inline(HIDDEN, 2), ""),
    "of one point": (inline(HIDDEN, 3), ""),
    "without a format": (inline(HIDDEN, 4), ""),
    "white on blue": (inline("Seen", 5), "| Heron | Seen |"),
    "blue on blue": (inline(HIDDEN, 7), ""),
    "a share": ('<c s="6"><v>0.25</v></c>', "| Heron | 25% |"),
    "a run in white": (
        f'<c t="inlineStr"><is><r><t>Seen</t></r><r><rPr><color rgb="FFFFFFFF"/></rPr><t>{HIDDEN}</t></r></is></c>', "Seen"),
}  # fmt: skip


@pytest.mark.parametrize("how", SHEETS)
def test_a_sheet_is_what_a_person_sees_of_it(how: str) -> None:
    cells, wanted = SHEETS[how]
    text = told(workbook(f"<sheetData><row>{inline('Heron')}{cells}</row></sheetData>"))
    assert "Heron" in text
    assert HIDDEN not in text
    assert wanted in text


def test_rows_and_columns_without_room_stay_out() -> None:
    rows = f'<row>{inline("Heron")}{inline(HIDDEN)}</row><row ht="0">{inline(HIDDEN)}</row>'
    text = told(
        workbook(f'<cols><col min="2" max="2" width="0"/></cols><sheetData>{rows}</sheetData>')
    )
    assert text == "Boats\n| Heron |"


def opened(kind: str, body: str, styles: str = "") -> bytes:
    spaces = " ".join(f'xmlns:{one[0]}="{OFFICE}{one}:1.0"' for one in ("table", "xtext", "draw"))
    spaces = spaces.replace(f"{OFFICE}xtext", f"{OFFICE}text")
    return archive(
        content_dot_xml=f"""<o:document-content xmlns:o="{OFFICE}office:1.0" xmlns:s="{OFFICE}style:1.0"
        xmlns:f="{OFFICE}fo:1.0" xmlns:p="{OFFICE}presentation:1.0" {spaces}>
        <o:automatic-styles>{styles}</o:automatic-styles><o:body><o:{kind}>{body}</o:{kind}></o:body></o:document-content>"""
    )


def look(marks: str, kind: str = "text") -> str:
    return f'<s:style s:name="L" s:family="{kind}"><s:{kind}-properties {marks}/></s:style>'


def row(*cells: str, marks: str = "") -> str:
    inside = "".join(f"<t:table-cell><x:p>{one}</x:p></t:table-cell>" for one in cells)
    return f"<t:table-row {marks}>{inside}</t:table-row>"


SPAN = f'<x:p>Heron <x:span x:style-name="L">{HIDDEN}</x:span></x:p>'
OPEN = {
    "white": (opened("text", SPAN, look('f:color="#ffffff"')), "Heron"),
    "of one point": (opened("text", SPAN, look('f:font-size="1pt"')), "Heron"),
    "a section": (
        opened("text", f'<x:p>Heron</x:p><x:section x:display="none"><x:p>{HIDDEN}</x:p></x:section>'), "Heron"),
    "white on blue": (
        opened("text", SPAN.replace(HIDDEN, "seen"), look('f:color="#ffffff" f:background-color="#000080"')), "Heron seen"),
    "a paragraph with a note": (
        opened("text", "<x:p>Heron<x:note><x:note-body><x:p>A note</x:p></x:note-body></x:note> waits</x:p>"), "Heron waits\nA note"),
    "rows and columns": (
        opened("spreadsheet", f"""<t:table t:name="Boats"><t:table-column/><t:table-column t:visibility="collapse"/>{row("Heron", HIDDEN)}
        {row(HIDDEN, marks='t:visibility="filter"')}</t:table><t:table t:name="Prices">{row("Perch")}</t:table>"""),
        "Boats\n| Heron |\nPrices\n| Perch |"),
    "a slide": (
        opened("presentation", f'<d:page><x:p>Heron</x:p><p:notes><x:p>{HIDDEN}</x:p></p:notes></d:page><d:page d:style-name="L"><x:p>{HIDDEN}</x:p></d:page>',
               look('p:visibility="hidden"', "drawing-page")), "Heron"),
}  # fmt: skip


@pytest.mark.parametrize("how", OPEN)
def test_an_open_document_is_what_a_person_sees_of_it(how: str) -> None:
    document, wanted = OPEN[how]
    assert told(document).strip() == wanted


def shape(text: str, x: int = 100, size: str = "") -> str:
    place = f'<p:spPr><a:xfrm><a:off x="{x}" y="100"/><a:ext cx="500" cy="500"/></a:xfrm></p:spPr>'
    return f"<p:sp>{place}<p:txBody><a:p><a:r><a:rPr {size}/><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"


def test_what_lies_off_a_slide_or_is_of_no_size_stays_out() -> None:
    shapes = (
        shape("Heron") + shape(HIDDEN, -600) + shape(HIDDEN, 9000) + shape(HIDDEN, 1, 'sz="100"')
    )
    slides = archive(
        ppt__presentation_dot_xml=f'<p:presentation xmlns:p="p" {R}><p:sldIdLst><p:sldId r:id="r1"/></p:sldIdLst><p:sldSz cx="9000" cy="6000"/></p:presentation>',
        ppt___rels__presentation_dot_xml_dot_rels=RELS.format(rel("r1", "slides/slide1.xml")),
        ppt__slides__slide1_dot_xml=f'<p:sld xmlns:p="p" xmlns:a="a"><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>',
    )
    assert told(slides) == "Heron"


def test_a_chapter_is_read_as_the_page_that_it_is() -> None:
    page = f"""<html><body><h1>One</h1><p>Herons</p><p style="display:none">{HIDDEN}</p><p hidden="hidden">{HIDDEN}</p>
    <p style="font-size:0">{HIDDEN}</p><blockquote>Quoted</blockquote><ul><li>Item</li></ul>bare words</body></html>"""
    order = "<package><manifest><item id='a' href='a.xhtml'/></manifest><spine><itemref idref='a'/></spine></package>"
    text = told(book({"a.xhtml": page}, order))
    assert HIDDEN not in text
    assert [one in text for one in ("# One", "> Quoted", "- Item", "bare words")] == [True] * 4


RICH = {
    "white": (r"{\colortbl;\red255\green255\blue255;}Heron {\cf1 VOID}", "Heron"),
    "nearly white": (r"{\colortbl;\red246\green248\blue250;}Heron {\cf1 VOID}", "Heron"),
    "white on a colour": (r"{\colortbl;\red255\green255\blue255;}Heron {\highlight2\cf1 seen}", "Heron seen"),
    "of no size": (r"Heron {\fs1 VOID}", "Heron"),
    "deleted": (r"Heron {\deleted VOID} waits", "Heron  waits"),
    "letters of two bytes": (r"\ansicpg932 \'93\'8c\'8b\'9e", "\u6771\u4eac"),
    "fonts of other charsets": (r"{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 B;}}\f1\'d6\'e0\f0  \'e9", "\u0426\u0430 \u00e9"),
}  # fmt: skip


@pytest.mark.parametrize("how", RICH)
def test_a_rich_text_is_what_a_person_sees_of_it(how: str) -> None:
    text, wanted = RICH[how]
    assert rich_text.read(rf"{{\rtf1\ansi {text}}}") == wanted
