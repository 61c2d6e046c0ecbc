# ruff: noqa: E501, RUF001 - parts of documents on their lines, letters of many scripts
"""Charsets, feeds, tables and documents as they are met in the wild, through fetch_page itself."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from typing import Any

import pypdf
import pytest
from pypdf.generic import NameObject, NumberObject

from servers.host.tools.service import ToolError
from tests.search.test_content import Read, read
from tests.search.test_documents import W, archive, pdf

__all__ = ["read"]
pytestmark = pytest.mark.anyio

RUSSIAN = "Серая цапля стоит у плотины и смотрит на воду с самого раннего утра."
CHINESE = "苍鹭站在水坝上，一动不动地看着水面，直到太阳升起来为止。今天的天气很好。"
JAPANESE = "アオサギが堰の上に立っていて、朝からずっと水面を見つめています。今日はいい天気です。"
POLISH = "Żółta czapla stoi nad rzeką i patrzy w wodę od samego rana, gdzieś za młynem."
GREEK = "Ο ερωδιός στέκεται στο φράγμα και κοιτάζει το νερό από νωρίς το πρωί."
FRENCH = "Le héron cendré se tient près du barrage, où il guette l'eau dès l'aube."
KOREAN = "왜가리가 둑 위에 서서 이른 아침부터 물을 바라보고 있습니다. 오늘은 날씨가 좋습니다."
HEBREW = "האנפה עומדת על הסכר ומביטה במים מאז הבוקר המוקדם, ואיש אינו מפריע לה."
TURKISH = "Balıkçıl barajın üzerinde duruyor ve sabahtan beri suya bakıyor, çünkü aç değil."
UKRAINIAN = "Сіра чапля стоїть біля греблі й дивиться на воду від самого ранку, їй не нудно."


def page(text: str, head: str = "") -> str:
    body = f"<h1>Heron</h1><p>{text}</p><p>{text}</p><p>{text}</p>"
    return f"<!doctype html><html><head>{head}<title>T</title></head><body>{body}</body></html>"


META = '<meta charset="{}">'
PAGES: dict[str, tuple[str | None, bytes, str]] = {
    "declared utf-8, is windows-1251": (
        "text/html; charset=utf-8", page(RUSSIAN).encode("cp1251"), RUSSIAN),
    "undeclared windows-1251": ("text/html", page(RUSSIAN).encode("cp1251"), RUSSIAN),
    "undeclared koi8-r": ("text/html", page(RUSSIAN).encode("koi8-r"), RUSSIAN),
    "ukrainian, language alone": (
        "text/html",
        page(UKRAINIAN).replace("<html>", '<html lang="uk">').encode("cp1251"), UKRAINIAN),
    "declared latin-1, is utf-8": (
        "text/html; charset=iso-8859-1", page(FRENCH).encode(), FRENCH),
    "meta latin-1, is utf-8": (
        "text/html", page(POLISH, META.format("iso-8859-1")).encode(), POLISH),
    "header wrong, meta right": (
        "text/html; charset=utf-8",
        page(POLISH, META.format("iso-8859-2")).encode("iso-8859-2"), POLISH),
    "utf-16 with a mark": ("text/html", page(GREEK).encode("utf-16"), GREEK),
    "utf-16-be with a mark": (
        "text/html; charset=iso-8859-1", b"\xfe\xff" + page(GREEK).encode("utf-16-be"), GREEK),
    "utf-16-le without a mark": (
        "text/html; charset=utf-16le", page(FRENCH).encode("utf-16-le"), FRENCH),
    "utf-16-le, neither mark nor label": (
        "text/html", page(FRENCH).encode("utf-16-le"), FRENCH),
    "utf-16-be, neither mark nor label": (
        None, page(FRENCH).encode("utf-16-be"), FRENCH),
    "utf-32 with a mark": ("text/html", page(FRENCH).encode("utf-32"), FRENCH),
    "gb18030 undeclared": ("text/html", page(CHINESE * 3).encode("gb18030"), CHINESE),
    "gb18030 told as gb2312": (
        "text/html", page(CHINESE + "镕𠮷", META.format("gb2312")).encode("gb18030"), "镕𠮷"),
    "big5 undeclared": (
        "text/html", page("蒼鷺站在水壩上看著水面直到太陽升起來為止今天天氣很好。" * 4).encode("big5"), "蒼鷺站在水壩"),
    "shift_jis undeclared": ("text/html", page(JAPANESE * 3).encode("shift_jis"), JAPANESE),
    "euc-jp declared by http-equiv": (
        "text/html",
        page(JAPANESE, '<meta http-equiv="Content-Type" content="text/html; charset=EUC-JP">')
        .encode("euc-jp"), JAPANESE),
    "iso-2022-jp": (
        "text/html; charset=iso-2022-jp", page(JAPANESE).encode("iso-2022-jp"), JAPANESE),
    "said behind long scripts": (
        "text/html", page(POLISH, f"<script>{'x' * 40_000}</script>{META.format('iso-8859-2')}").encode("iso-8859-2"), POLISH),
    "another said in a script": (
        "text/html", page(RUSSIAN, f"<script>a='{META.format('koi8-r')}'</script>{META.format('windows-1251')}").encode("cp1251"), RUSSIAN),
    "another spoken of": (
        "text/html", page(FRENCH, '<meta name="description" content="how charset=koi8-r works">').encode("cp1252"), FRENCH),
    "said in other attributes and lines": (
        "text/html", page(RUSSIAN, '<meta id=a http-equiv=content-type\ncontent="text/html;\ncharset = windows-1251">').encode("cp1251"), RUSSIAN),
    "utf-32-be with a mark": (None, b"\0\0\xfe\xff" + page(FRENCH).encode("utf-32-be"), FRENCH),
    "japanese, nothing said": ("text/html", page(JAPANESE).encode("iso-2022-jp"), JAPANESE),
    "euc-kr undeclared": ("text/html", page(KOREAN * 3).encode("euc-kr"), KOREAN),
    "hebrew, logical": ("text/html; charset=iso-8859-8-i", page(HEBREW).encode("cp1255"), HEBREW),
    "turkish told as latin-5": (
        "text/html; charset=iso-8859-9", page(TURKISH).encode("cp1254"), TURKISH),
    "one broken byte in utf-8": (
        "text/html; charset=utf-8", page(FRENCH).encode().replace(b"<h1>", b"<h1>\xff"), FRENCH),
    "cut in the middle of a letter": (
        "text/html; charset=utf-8", page(FRENCH).encode() + "é".encode()[:1], FRENCH),
    "soft hyphens and joiners": (
        "text/html; charset=utf-8",
        page("Fluss\u00adreiher\u00adkolonie am Wasser\u200bwerk\u2060 in der \ufeffStadt").encode(),
        "Flussreiherkolonie am Wasserwerk in der Stadt"),
    "hyphens as entities": (
        "text/html", page("Fluss&shy;reiher &#173;kolo&#xAD;nie &zwnj;").encode(), "Flussreiher kolonie"),
    "persian keeps its joiner": (
        "text/html; charset=utf-8", page("حواصیل کنار سد می\u200cایستد و به آب نگاه می\u200cکند").encode(), "می\u200cایستد"),
    "a family keeps its joiners": (
        "text/html; charset=utf-8", page("A heron and a \U0001f468\u200d\U0001f469\u200d\U0001f467 by the weir").encode(),
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 by"),
    "zeros in the text": (
        "text/html", page("A heron\x00 stood on the weir and\x00 did not move").encode(),
        "A heron stood on the weir and did not move"),
    "windows quotes in latin-1": (
        "text/html; charset=iso-8859-1", page("\u201cA heron\u201d \u2013 he said \u2026").encode("cp1252"), "\u201cA heron\u201d \u2013"),
    "entities of windows": ("text/html", page("&#147;A heron&#148; &#150; 5 &#128;").encode(), "\u201cA heron\u201d \u2013 5 \u20ac"),
    "one huge line": (
        "text/html", page("A heron stood on the weir. " * 20_000).encode(), "A heron stood on the weir."),
    "plain text in utf-16": ("text/plain", GREEK.encode("utf-16"), GREEK),
    "plain text in windows-1251": ("text/plain", (RUSSIAN * 3).encode("cp1251"), RUSSIAN),
    "csv in windows-1250 with semicolons": (
        "text/csv; charset=windows-1250", "nazwa;cena\nżółć;1,50\n".encode("cp1250"), "żółć"),
    "csv with tabs in utf-16": ("text/csv", "name\tprice\ncafé\t1\n".encode("utf-16"), "café\t1"),
    "json with escapes": ("application/json", b'{"a": "caf\\u00e9"}', "caf"),
    "nested tables": (
        "text/html",
        b"<table><tr><td><table><tr><td>Inner heron</td><td>7</td></tr></table></td>"
        b"<td>Outer weir</td></tr></table><p>Some words about it.</p>", "Inner heron"),
}  # fmt: skip


def same(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_in_any_charset_is_read(read: Read, name: str) -> None:
    kind, body, wanted = PAGES[name]
    told = await read(body, kind)
    assert same(wanted) in same(told.text)
    assert "\ufffd" not in told.text or "broken" in name or "cut" in name
    assert "\x00" not in told.text + told.title
    assert "\u00ad" not in told.text


FEEDS = {
    "rss": ("application/rss+xml", """<?xml version="1.0" encoding="{}"?><rss version="2.0"><channel>
        <title>Gulls</title><item><title>Çedilla &amp; nest</title><link>https://e.org/1</link>
        <description><![CDATA[<p>On the <b>pier</b></p>]]></description></item></channel></rss>"""),
    "atom": ("text/xml", """<?xml version="1.0" encoding="{}"?><feed
        xmlns="http://www.w3.org/2005/Atom"><title type="html">Gulls</title><entry>
        <title>Çedilla &amp;amp; nest</title><link rel="self" href="/x"/><link href="/1"/>
        <content type="html">&lt;p&gt;On the pier&lt;/p&gt;</content></entry></feed>"""),
    "rdf": ("application/xml", """<?xml version="1.0" encoding="{}"?><rdf:RDF
        xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
        <channel><title>Gulls</title></channel><item><title>Çedilla nest</title>
        <link>https://e.org/1</link><description>On the pier</description></item></rdf:RDF>"""),
}  # fmt: skip


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "utf-16"])
@pytest.mark.parametrize("name", FEEDS)
async def test_a_feed_in_any_charset_is_its_entries(read: Read, name: str, charset: str) -> None:
    kind, text = FEEDS[name]
    told = await read(text.format(charset).encode(charset), kind)
    assert told.title == "Gulls"
    assert "edilla" in told.text
    assert "Ç" in told.text
    assert "On the pier" in told.text
    assert [link.url.endswith("/1") for link in told.links] == [True]


async def test_a_json_feed_is_its_entries(read: Read) -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Gulls",
        "items": [
            {"id": "1", "url": "https://e.org/1", "title": "A nest",
             "content_html": "<p>On the <b>pier</b></p>", "date_published": "2026-03-02"},
            {"id": "https://e.org/2", "content_text": "Eggs", "title": None},
            7,
        ],
    }  # fmt: skip
    for kind in ("application/feed+json", "application/json", None):
        told = await read(json.dumps(feed).encode(), kind)
        assert told.title == "Gulls"
        assert [link.url for link in told.links] == ["https://e.org/1", "https://e.org/2"]
        assert "## A nest\n2026-03-02\nOn the pier" in told.text
        assert "Eggs" in told.text


ODD_FEEDS = {
    "blocks": (
        """<rss version="2.0"><channel><title>T</title><item><title>A</title><link>/a</link>
        <description><![CDATA[<p>One.</p><ul><li>x</li><li>y</li></ul>]]></description></item>
        </channel></rss>""",
        "## A\nOne.\nx\ny",
        "/a",
    ),
    "hidden": (
        """<rss version="2.0"><channel><title>T</title><item><title>A</title>
        <guid>https://e.org/g</guid><description>&lt;p&gt;One.&lt;/p&gt;
        &lt;p style="font-size:0"&gt;Planted&lt;/p&gt;</description></item></channel></rss>""",
        "## A\nOne.",
        "https://e.org/g",
    ),
    "no address": (
        """<rss version="2.0"><channel><title>T</title><item><title>A</title>
        <guid isPermaLink="false">g/1</guid></item></channel></rss>""",
        "## A",
        "",
    ),
    "base": (
        """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://b.org/x/"><title>T</title>
        <entry xml:base="y/"><title>A</title><link href="1"/><content type="xhtml">
        <div xmlns="http://www.w3.org/1999/xhtml"><p>One.</p><p>Two.</p></div></content></entry>
        </feed>""",
        "## A\nOne.\nTwo.",
        "https://b.org/x/y/1",
    ),
    "a long remark and lone ampersands": (
        f"""<?xml version="1.0"?><!--{" c" * 999}--><rss version="2.0"><channel><title>T</title><item>
        <title>A & B &amp; C</title><link>https://e.org/?a=1&b=2</link></item></channel></rss>""",
        "## A & B & C",
        "https://e.org/?a=1&b=2",
    ),
    "a version with its slashes escaped": (
        r"""{"version": "https:\/\/jsonfeed.org\/version\/1.1", "title": "T",
        "items": [{"id": "https://e.org/1", "content_text": "One."}]}""",
        "One.",
        "https://e.org/1",
    ),
    "no entries": (
        '<rss version="2.0"><channel><title>T</title></channel></rss>',
        "This feed has no entries.",
        "",
    ),
    "a person first": (
        """{"author": {"name": "x"}, "version": "https://jsonfeed.org/version/1", "title": "T",
        "items": [{"id": "https://e.org/1", "content_html": "<p>One.</p><p>Two.</p>"}]}""",
        "One.\nTwo.",
        "https://e.org/1",
    ),
}


@pytest.mark.parametrize("name", ODD_FEEDS)
async def test_an_odd_feed_is_what_a_person_reads_of_it(read: Read, name: str) -> None:
    content, text, goal = ODD_FEEDS[name]
    for kind in ("application/json" if content[0] == "{" else "text/xml", "text/html"):
        told = await read(content.encode(), kind)
        assert told.title == "T"
        assert text in told.text
        assert "Planted" not in told.text
        assert [link.url.endswith(goal) for link in told.links] == ([True] if goal else [])


def docx(body: str, **more: str) -> bytes:
    return archive(
        word__document_dot_xml=f"<w:document {W}><w:body>{body}</w:body></w:document>", **more
    )


def run(text: str, style: str = "") -> str:
    return f"<w:r><w:rPr>{style}</w:rPr><w:t>{text}</w:t></w:r>"


R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
RELS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'


def rel(name: str, target: str, kind: str = "x") -> str:
    return f'<Relationship Id="{name}" Type="http://t/{kind}" Target="{target}"/>'


XLSX = archive(
    xl__workbook_dot_xml=f"""<workbook {R}><sheets><sheet name="Second" r:id="r2"/>
        <sheet name="First" r:id="r1"/><sheet name="Away" state="hidden" r:id="r3"/></sheets></workbook>""",
    xl___rels__workbook_dot_xml_dot_rels=RELS.format(
        rel("r1", "worksheets/sheet1.xml") + rel("r2", "/xl/worksheets/sheet2.xml")
        + rel("r3", "worksheets/sheet3.xml")),
    xl__styles_dot_xml="""<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>
        <cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="10"/></cellXfs></styleSheet>""",
    xl__sharedStrings_dot_xml="""<sst><si><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh></si></sst>""",
    xl__worksheets__sheet1_dot_xml="""<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c>
        <c r="C1"><v>7</v></c></row><row r="2"><c r="A2" s="1"><v>46083</v></c><c r="B2" s="2"><v>46083.5</v></c>
        <c r="C2" t="b"><v>1</v></c><c r="D2" t="str"><f>A1</f><v>told</v></c></row></sheetData></worksheet>""",
    xl__worksheets__sheet2_dot_xml="""<worksheet><sheetData><row><c t="inlineStr"><is><t>Inline</t></is></c></row>
        </sheetData></worksheet>""",
    xl__worksheets__sheet3_dot_xml="""<worksheet><sheetData><row><c t="inlineStr"><is><t>PLANTED</t></is></c></row>
        </sheetData></worksheet>""",
)  # fmt: skip
SLIDE = (
    '<p:sld xmlns:p="p" xmlns:a="a"{}><p:cSld><a:p><a:r><a:t>{}</a:t></a:r></a:p></p:cSld></p:sld>'
)
PPTX = archive(
    ppt__presentation_dot_xml=f"""<p:presentation xmlns:p="p" {R}><p:sldIdLst><p:sldId id="1" r:id="r2"/>
        <p:sldId id="2" r:id="r1"/><p:sldId id="3" r:id="r3"/></p:sldIdLst></p:presentation>""",
    ppt___rels__presentation_dot_xml_dot_rels=RELS.format(
        rel("r1", "slides/slide1.xml") + rel("r2", "slides/slide2.xml") + rel("r3", "slides/slide3.xml")),
    ppt__slides__slide1_dot_xml=SLIDE.format("", "Told last"),
    ppt__slides__slide2_dot_xml=SLIDE.format("", "Told first"),
    ppt__slides__slide3_dot_xml=SLIDE.format(' show="0"', "PLANTED"),
)  # fmt: skip
CONTAINER = (
    '<container><rootfiles><rootfile full-path="OEBPS/content.opf"/></rootfiles></container>'
)


def book(chapters: dict[str, str], order: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("mimetype", "application/epub+zip")
        file.writestr("META-INF/container.xml", CONTAINER)
        file.writestr("OEBPS/content.opf", order)
        for name, text in chapters.items():
            file.writestr(f"OEBPS/{name}", text)
    return made.getvalue()


EPUB = book(
    {
        "chapter 1.xhtml": "<!DOCTYPE html><html><body><h1>One</h1><p>Herons&nbsp;stand &mdash; here</p></body></html>",
        "two.html": "<html><body><p>Unclosed <br> words<p>More words</body></html>",
    },
    """<package><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Book of herons</dc:title></metadata>
    <manifest><item id="a" href="chapter%201.xhtml"/><item id="b" href="two.html"/><item id="c" href="gone.xhtml"/>
    </manifest><spine><itemref idref="a"/><itemref idref="b"/><itemref idref="c"/></spine></package>""",
)  # fmt: skip
OFFICE = "urn:oasis:names:tc:opendocument:xmlns:"
ODS = archive(
    mimetype="application/vnd.oasis.opendocument.spreadsheet",
    content_dot_xml=f"""<o:document-content xmlns:o="{OFFICE}office:1.0" xmlns:t="{OFFICE}table:1.0"
        xmlns:x="{OFFICE}text:1.0"><o:body><o:spreadsheet><t:table t:name="Prices"><t:table-row>
        <t:table-cell><x:p>Perch</x:p></t:table-cell><t:table-cell t:number-columns-repeated="16000"/>
        </t:table-row><t:table-row t:number-rows-repeated="1000000"><t:table-cell/></t:table-row>
        </t:table></o:spreadsheet></o:body></o:document-content>""",
)  # fmt: skip


ODT = archive(
    content_dot_xml=f"""<o:document-content xmlns:o="{OFFICE}office:1.0" xmlns:s="{OFFICE}style:1.0"
        xmlns:x="{OFFICE}text:1.0"><o:automatic-styles><s:style s:name="T1"><s:text-properties x:display="none"/>
        </s:style></o:automatic-styles><o:body><o:text><x:h x:outline-level="2">Perch</x:h>
        <x:p>Seen <x:span x:style-name="T1">PLANTED</x:span>too</x:p></o:text></o:body></o:document-content>""",
)  # fmt: skip


def written(make: Any) -> bytes:
    """A PDF that pypdf wrote after `make` changed it."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf(["A heron stood on the weir."])))
    make(writer)
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def rotated(writer: pypdf.PdfWriter) -> None:
    writer.pages[0][NameObject("/Rotate")] = NumberObject(90)


PLAIN_PDF = pdf(["A heron stood on the weir."])
ODF = "application/vnd.oasis.opendocument.text"
DOCUMENTS: dict[str, tuple[bytes, list[str]]] = {
    "docx, main part by another name": (
        archive(_rels___dot_rels=RELS.format(rel("r1", "word/document2.xml", "officeDocument")), word__document2_dot_xml=f"<w:document {W}><w:p>{run('Other heron')}</w:p></w:document>"), ["Other heron"]),
    "docx, alternatives are told once": (
        docx(f"""<w:p>{run("Seen")}</w:p><mc:AlternateContent xmlns:mc="mc"><mc:Choice><w:p>{run("Boxed")}</w:p>
        </mc:Choice><mc:Fallback><w:p>{run("Boxed")}</w:p></mc:Fallback></mc:AlternateContent>"""),
        ["Seen", "Boxed"]),
    "docx, hidden text": (
        docx(f"<w:p>{run('Seen')}{run('PLANTED', '<w:vanish/>')}{run(' too', '<w:vanish w:val=' + chr(34) + '0' + chr(34) + '/>')}</w:p>"),
        ["Seen too"]),
    "docx, text and notes": (
        docx(f"<w:p>{run('Body')}</w:p>",
             word__footnotes_dot_xml=f"<w:footnotes {W}><w:footnote><w:p>{run('A note')}</w:p></w:footnote></w:footnotes>"),
        ["Body", "A note"]),
    "xlsx, sheets in their order, dates, none hidden": (
        XLSX, ["Second", "Inline", "First", "| 東京 |  | 7 |", "2026-03-02", "2026-03-02 12:00", "TRUE", "told"]),
    "pptx, slides in their order, none hidden": (PPTX, ["Told first", "Told last"]),
    "epub, odd names, entities, open tags": (
        EPUB, ["# One", "Herons stand \u2014 here", "Unclosed", "More words"]),
    "odt, hidden by a style": (ODT, ["## Perch", "Seen too"]),
    "ods, cells repeated": (ODS, ["Perch"]),
    "pdf, rotated": (written(rotated), ["A heron stood on the weir."]),
    "pdf, broken table of places": (
        PLAIN_PDF.replace(b"startxref\n", b"startxref\n9"), ["A heron stood on the weir."]),
    "pdf, no table at all": (PLAIN_PDF[: PLAIN_PDF.index(b"xref\n0")], ["A heron stood on the weir."]),
    "pdf, a word before it": (b"HTTP junk\n" + PLAIN_PDF, ["A heron stood on the weir."]),
    "pdf, locked for changes alone": (
        written(lambda one: one.encrypt("", "owner", algorithm="AES-256")), ["A heron stood on the weir."]),
    "pdf, compressed": (pdf(["A heron stood."], filtered=zlib.compress), ["A heron stood."]),
}  # fmt: skip
REFUSED = {
    "pdf, locked": (written(lambda one: one.encrypt("secret")), "password"),
    "pdf, pictures alone": (pdf([""]), "pictures"),
    "pdf, cut": (PLAIN_PDF[:40], "damaged"),
    "word 97": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "or with a password"),
    "archive of nothing known": (archive(a_dot_txt="x"), "ZIP"),
    "picture told as a page": (b"\x89PNG\r\n\x1a\n" + bytes(600), "picture"),
    "webp": (b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(600), "holds no text"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_document_made_by_hand_or_oddly_is_read(read: Read, name: str) -> None:
    body, wanted = DOCUMENTS[name]
    told = await read(body, "application/octet-stream")
    places = [same(told.text).find(same(one)) for one in wanted]
    assert min(places) >= 0, told.text
    assert places == sorted(places), told.text
    assert "PLANTED" not in told.text
    assert told.text.count("Boxed") <= 1
    assert "トウ" not in told.text
    assert len(told.text) < 5000


@pytest.mark.parametrize("name", REFUSED)
async def test_what_cannot_be_read_is_refused_in_words(read: Read, name: str) -> None:
    body, words = REFUSED[name]
    for kind in ("text/html", "application/pdf", None):
        with pytest.raises(ToolError) as caught:
            await read(body, kind)
        assert words in caught.value.message, (kind, caught.value.message)
