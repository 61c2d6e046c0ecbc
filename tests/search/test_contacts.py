"""Addresses are found where they stand as a whole, and none is invented."""

from __future__ import annotations

import random
import time

import pytest

from servers.search.contacts.page import contacts_on
from servers.search.contacts.written import addresses_in
from tests.conftest import Figures
from tests.search.contact_pages import FORTY, MORE, NEIGHBOURS, NET, SIXTY, Case

WORST = (
    "<", "@", "a@", "a@a.", "a@a.aa@", "a@a.de ", "(at)", "a(at)a.de ", "( at", " at ", "a at ",
    " at a dot ", "a dot ", "_at_", "-", "*", "*aa", "a.", "\u3000", "\u8c22a", "\u202ea",
    "a\ue010", "@a\ue010", "a\ue010@a\ue010b.de\ue011", "o'b@a.de ",
    "a@a.de.A.A.A ",
    "http://",
    "http://a@a.de ", "NOSPAM", "a chiocciola ", "a chiocciola a.de ", "&", "&#64;", "\n", " ",
    " @ ",
    "a @ a . de ", "ssh a@a.de ", "a@" + "b" * 300 + " ", "mailto:",
)  # fmt: skip


def scored(cases: tuple[Case, ...]) -> tuple[float, float, list[str]]:
    """Precision and recall over the pages, and what was wrong."""
    right = told = known = 0
    wrong = []
    for name, domain, page, wanted in cases:
        found = {one.email for one in contacts_on(page, f"https://{domain}/", domain)}
        wish = set(wanted.split())
        right, told, known = right + len(wish & found), told + len(found), known + len(wish)
        wrong += [f"{name}: missed {one}" for one in sorted(wish - found)]
        wrong += [f"{name}: invented {one}" for one in sorted(found - wish)]
    return right / told, right / known, wrong


def test_sixty_contact_pages(figure: Figures) -> None:
    assert len(SIXTY) == 60
    precision, recall, wrong = scored(SIXTY)
    figure("contacts: precision over 60 pages", precision, at_least=1.0)
    figure("contacts: recall over 60 pages", recall, at_least=0.95)
    assert wrong == []


def test_forty_further_contact_pages(figure: Figures) -> None:
    assert len(FORTY) == 40
    precision, recall, wrong = scored(FORTY)
    figure("contacts: precision over 40 further pages", precision, at_least=1.0)
    figure("contacts: recall over 40 further pages", recall, at_least=0.95)
    assert wrong == []


def test_imprints_and_contact_pages_in_30_languages(figure: Figures) -> None:
    precision, recall, wrong = scored(MORE)
    figure(f"contacts: precision over {len(MORE)} more pages", precision, at_least=1.0)
    figure(f"contacts: recall over {len(MORE)} more pages", recall, at_least=0.95)
    assert wrong == []


def test_an_address_in_a_script_that_nothing_writes_is_not_told() -> None:
    page = "<script>var to = 'log@vendor.example'; box.innerHTML = '<b>' + 'x' + '</b>';</script>"
    assert contacts_on(page, "https://acme.net/", "acme.net") == []


@pytest.mark.parametrize(("page", "wanted"), NEIGHBOURS)
def test_a_neighbour_of_a_known_case_is_right(page: str, wanted: str) -> None:
    wish = {one if "@" in one else f"{one}@acme.net" for one in wanted.split()}
    assert {one.email for one in contacts_on(page, "https://acme.net/", "acme.net")} == wish


def test_a_doubtful_address_says_so() -> None:
    page = "<p>Email: ann @ acme-corp.net</p><p>x@other.org</p><p>bob@acme-corp.net</p>"
    sure = {one.email: one.confidence for one in contacts_on(page, f"https://{NET}/", NET)}
    assert sure["x@other.org"] < 0.5 < sure["ann@acme-corp.net"] < sure["bob@acme-corp.net"]


def test_an_address_is_the_same_wherever_a_page_is_cut_into_elements() -> None:
    dice = random.Random(7)
    for _ in range(300):
        pieces = list("pat.lee@mail.acme-corp.net")
        for at in sorted(dice.sample(range(1, len(pieces)), 4), reverse=True):
            pieces.insert(at, dice.choice(("<wbr>", "<!-- x -->", "&shy;", "<span></span>")))
        found = [one.email for one in contacts_on(f"<p>{''.join(pieces)}</p>", "https://x/", NET)]
        assert found == ["pat.lee@mail.acme-corp.net"], pieces


def test_no_cut_through_an_address_invents_another() -> None:
    whole = "jo.kim@acme-corp.net"
    for at in range(1, len(whole)):
        for opened, closed in (("<b>", "</b>"), ("<span>", "</span>"), ("</i><i>", "")):
            page = f"<p>Write <i>{whole[:at]}{opened}{whole[at:]}{closed}</i> now.</p>"
            found = {one.email for one in contacts_on(page, "https://x/", NET)}
            assert found <= {whole}, page


def test_any_bytes_are_scanned_without_an_error() -> None:
    dice = random.Random(11)
    pieces = [
        *WORST,
        "<b>",
        "</b>",
        "<a href='mailto:",
        "'>",
        "a@b.de",
        "[dot]",
        "\ue010",
        "\u0439",
    ]
    for _ in range(300):
        page = "".join(dice.choice(pieces) for _ in range(60))
        for one in contacts_on(page, "https://acme.net/", "acme.net"):
            assert one.email.count("@") == 1, page


def test_the_worst_text_is_scanned_in_linear_time(figure: Figures) -> None:
    def took(text: str) -> float:
        best = 60.0
        for _ in range(2):
            started = time.process_time()
            addresses_in(text)
            best = min(best, time.process_time() - started)
        return best

    slowest = max((took((piece * 100_000)[:100_000]), piece) for piece in WORST)
    figure("contacts: 100 KB of the worst text", slowest[0] * 1e3, "ms", at_most=50)
    assert slowest[0] < 5, slowest
