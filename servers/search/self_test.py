"""Tests the late-loaded parts of the search server by using each of them once.

Nothing here reaches the network.
"""

from __future__ import annotations

from servers.contract.self_test import Part, expect
from servers.outbound import mail
from servers.search import arguments
from servers.search.contacts import page as contact_page
from servers.search.pages import charset, documents, extract, feeds, robots

_PLACE = "https://example.org/"
_PAGE = (
    "<html><head><title>Self test</title></head><body><article><h1>Bridges</h1>"
    + "<p>A bridge carries a road over a river, and a good one lasts for centuries.</p>" * 6
    + '<p><a href="mailto:hello@example.org">Write to us</a></p></article></body></html>'
)
_FEED = (
    '<rss version="2.0"><channel><title>News</title>'
    "<item><title>First</title><link>https://example.org/1</link></item></channel></rss>"
)


def _read_page() -> None:
    article = _PAGE.replace("<title>", '<meta property="og:type" content="article"><title>')
    for found in (
        extract.extract(article, _PLACE, "markdown"),
        extract.extract(_PAGE, _PLACE, "text"),
    ):
        expect("centuries" in found.text, "the text of a page was not found")
        expect(found.title == "Self test", "the title of a page was not found")


async def _read_document() -> None:
    line = b"BT /F1 12 Tf 72 720 Td (A bridge) Tj ET"
    parts = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1"
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(line), line),
    )
    objects = [b"%d 0 obj%s endobj\n" % numbered for numbered in enumerate(parts, 1)]
    file = b"%PDF-1.4\n" + b"".join(objects) + b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n0\n%%EOF"
    found = await documents.DocumentReader().read(file, (1, 1), marked=False)
    expect("A bridge" in found.text, "the text of a PDF was not found")


def _guess_encoding() -> None:
    cyrillic = "Мосты переносят дорогу через реку."
    found = charset.decoded(cyrillic.encode("cp1251") * 8, "")
    expect("реку" in found, "the encoding of a page was not found")


def _read_feed() -> None:
    title, text, links = feeds.read(_FEED, _PLACE, marked=True)
    expect(title == "News" and "First" in text and bool(links), "a feed was not understood")


def _read_robots() -> None:
    rules = "User-agent: *\nDisallow: /private\n"
    expect(robots.allows(rules, f"{_PLACE}open"), "an allowed page was refused")
    expect(not robots.allows(rules, f"{_PLACE}private"), "a forbidden page was allowed")


def _find_contacts() -> None:
    found = contact_page.contacts_on(_PAGE, _PLACE, "example.org")
    expect([one.email for one in found] == ["hello@example.org"], "an address was not found")


def _check_address() -> None:
    found = arguments.email("Jane@EXAMPLE.org")
    expect(found == "Jane@example.org", "an address was not understood")


PARTS = {
    "page": Part("Reading a web page", _read_page),
    "document": Part("Reading a PDF", _read_document),
    "encoding": Part("Finding the encoding of a page", _guess_encoding),
    "feed": Part("Reading a news feed", _read_feed),
    "robots": Part("Reading robots.txt", _read_robots),
    "contacts": Part("Finding addresses on a page", _find_contacts),
    "email": Part("Checking the form of an e-mail address", _check_address),
    "dns": Part("Asking the DNS for mail servers", mail.load),
}
