"""Who an address belongs to, vCards, and the pages of a site that show its addresses."""

from __future__ import annotations

import base64

import pytest

from servers.search.contacts.contact import Contact, joined
from servers.search.contacts.page import _likely_links, contacts_on

LD = '<script type="application/ld+json">{}</script>'
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\n{}\r\nEND:VCARD\r\n"


def named(page: str) -> dict[str, str]:
    return {one.email: one.name for one in contacts_on(page, "https://acme.net/", "acme.net")}


@pytest.mark.parametrize(
    ("page", "wanted"),
    [
        (
            LD.format('{"@type":"Organization","name":"Acme Ltd","email":"info@acme.net"}'),
            {"info@acme.net": "Acme Ltd"},
        ),
        (
            LD.format(
                '{"@graph":[{"@type":"Organization","name":"Acme","contactPoint":[{"@type":'
                '"ContactPoint","contactType":"sales","email":"mailto:sales@acme.net"}],'
                '"employee":{"@type":"Person","givenName":"Ida","familyName":"Berg",'
                '"email":"ida@acme.net"}}]}'
            ),
            {"sales@acme.net": "Acme", "ida@acme.net": "Ida Berg"},
        ),
        (
            LD.format(
                '{"@type":"Organization","name":"Acme","founder":{"@type":"Person",'
                '"email":"ceo@acme.net"}}'
            ),
            {"ceo@acme.net": ""},
        ),
        (
            LD.format('{"name":{"@value":"B\\u00fcro","@language":"de"},"email":["b@acme.net"]}'),
            {"b@acme.net": "B\u00fcro"},
        ),
        (LD.format('{"name":7,"email":"x@acme.net"}'), {"x@acme.net": ""}),
        (LD.format('{"name":"info@acme.net","email":"info@acme.net"}'), {"info@acme.net": ""}),
        (
            '<div class="h-card"><a class="p-name u-url" href="/">Lea Roth</a>'
            '<a class="u-email" href="mailto:lea@acme.net">mail</a></div>',
            {"lea@acme.net": "Lea Roth"},
        ),
        (
            '<div class="vcard"><span class="fn">Ole Dahl</span> <span class="email">'
            '<span class="type">Work</span><span class="value">ole@acme.net</span></span></div>',
            {"ole@acme.net": "Ole Dahl"},
        ),
        (
            '<div class="h-card"><b class="p-given-name">Ana</b> <b class="p-family-name">Sol</b>'
            '<p class="u-email">ana (at) acme (dot) net</p></div>',
            {"ana@acme.net": "Ana Sol"},
        ),
        (
            '<div class="h-card"><b class="p-org">Acme</b><a href="mailto:a@acme.net">a</a>'
            '<div class="h-card"><b class="p-name">Kim</b><a href="mailto:k@acme.net">k</a></div>'
            "</div>",
            {"a@acme.net": "Acme", "k@acme.net": "Kim"},
        ),
        (
            '<div itemscope><span itemprop="name">Ivo Novak</span>'
            '<meta itemprop="email" content="ivo@acme.net"></div>',
            {"ivo@acme.net": "Ivo Novak"},
        ),
        (
            "<a href='mailto:%22Jo%20Kim%22%20%3Cjo@acme.net%3E?subject=x'>write</a>",
            {"jo@acme.net": "Jo Kim"},
        ),
        ("<a href='mailto:jo@acme.net'>Write to us</a>", {"jo@acme.net": ""}),
        (
            '<div class="h-card" hidden><b class="p-name">No</b><a href="mailto:n@acme.net">'
            "n</a></div>",
            {},
        ),
    ],
)
def test_an_address_has_the_name_that_the_page_gives_it(page: str, wanted: dict[str, str]) -> None:
    assert named(page) == wanted


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ("FN:Ann Lee\r\nEMAIL;TYPE=work:ann@acme.net", {"ann@acme.net": "Ann Lee"}),
        ("N:Lee;Ann;;;\r\nitem1.EMAIL:Ann@acme.net", {"ann@acme.net": "Ann Lee"}),
        ("ORG:Acme\\, Inc;Sales\r\nemail:a@acme.net", {"a@acme.net": "Acme, Inc"}),
        (
            "FN:A very l\r\n ong name\r\nEMAIL:ann@ac\r\n me.net",
            {"ann@acme.net": "A very long name"},
        ),
        (
            "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=BCrg=\r\n Ott\r\nEMAIL:j@acme.net",
            {"j@acme.net": "J\u00fcrg Ott"},
        ),
        (
            "FN:One\r\nEMAIL:one@acme.net\r\nEND:VCARD\r\nBEGIN:VCARD\r\nEMAIL:two@acme.net",
            {"one@acme.net": "One", "two@acme.net": ""},
        ),
        ("FN:Ann\r\nTEL:+1 555\r\nNOTE:not mail@\r\nEMAIL:", {}),
    ],
)
def test_a_vcard_is_read_whether_it_is_served_or_linked(lines: str, wanted: dict[str, str]) -> None:
    card = CARD.format(lines)
    assert named(card) == wanted
    packed = base64.b64encode(card.encode()).decode()
    assert named(f"<a href='data:text/vcard;base64,{packed}'>card</a>") == wanted


def test_the_person_that_is_looked_for_leads_by_the_name_on_the_page() -> None:
    found = [
        Contact("info@acme.net", 0.9, ["x"], name="Smith & Co"),
        Contact("desk4@acme.net", 0.5, ["x"], name="Jane A. Smith"),
    ]
    assert joined(found, "Jane Smith")[0].email == "desk4@acme.net"


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/impressum", ""), ("/p?id=7", "Mentions l\u00e9gales"), ("/mentions_legales.html", ""),
        ("/a/1", "Aviso legal"), ("/colofon", ""), ("/x", "Fale conosco"), ("/x", "Contatti"),
        ("/yhteystiedot", ""), ("/x", "Kapcsolat"), ("/x", "\u0130leti\u015fim"),
        ("/iletisim", ""), ("/x", "Hakk\u0131m\u0131zda"), ("/x", "K\u00fcnye"),
        ("/x", "\u0395\u03c0\u03b9\u03ba\u03bf\u03b9\u03bd\u03c9\u03bd\u03af\u03b1"),
        ("/x", "\u041a\u043e\u043d\u0442\u0430\u043a\u0442\u044b"), ("/x", "\u00dcber uns"),
        ("/x", "\u304a\u554f\u3044\u5408\u308f\u305b"), ("/x", "\u8054\u7cfb\u6211\u4eec"),
        ("/x", "\uace0\uac1d\ubb38\uc758"), ("/x", "\u05e6\u05d5\u05e8 \u05e7\u05e9\u05e8"),
        ("/%D0%BA%D0%BE%D0%BD%D1%82%D0%B0%D0%BA%D1%82%D1%8B", ""), ("/x", "Kontaktuj\u0165e"),
        ("/x", "Kontakt os"), ("/x", "Ota yhteytt\u00e4"), ("/x", "O nas"),
        ("/x", "Li\u00ean h\u1ec7"),
        ("/x", "\u0627\u062a\u0635\u0644 \u0628\u0646\u0627"), ("/x", "Date de contact"),
        ("/x", "Scrivici"), ("/x", "Talk to us"), ("/x", "Wer wir sind"), ("/x", "Vorstand"),
        ("/x", "\u09af\u09cb\u0997\u09be\u09af\u09cb\u0997"),
        ("/ann.vcf", ""), ("/x", "Hubungi kami"), ("/x", "\u0e15\u0e34\u0e14\u0e15\u0e48\u0e2d"),
    ],
)  # fmt: skip
def test_a_contact_page_is_known_in_many_languages(path: str, label: str) -> None:
    page = f"<a href='{path}'>{label}</a><a href='/news'>News of the day</a>"
    assert len(_likely_links("https://acme.net/", page)) == 1


def test_links_at_both_ends_of_a_long_page_are_looked_at() -> None:
    news = "".join(f"<a href='/news/{n}'>News of the day</a>" for n in range(5_000))
    page = f"<a href='/kontakt'>Kontakt</a>{news}<a href='/imprint'>Imprint</a>"
    assert len(_likely_links("https://acme.net/", page)) == 2


def test_contact_pages_and_imprints_come_before_pages_about_people() -> None:
    page = "".join(f"<a href='/team/{n}'>Team</a>" for n in range(6)) + (
        "<a href='/p/3'>Impressum</a><a href='/p/4'>News about a contact that was lost in the year"
        " before the last one, and found again</a><a href='/kontakt'>Kontakt</a>"
    )
    found = _likely_links("https://acme.net/", page)
    assert [place.removeprefix("https://acme.net") for place in found] == [
        "/p/3",
        "/kontakt",
        "/team/0",
        "/team/1",
    ]
