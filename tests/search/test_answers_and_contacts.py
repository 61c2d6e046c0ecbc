"""answer_question, find_emails and verify_email over the stand-ins."""

from __future__ import annotations

import time
from typing import Any

import pytest
from aiohttp import web

from servers.host.tools.service import ToolError
from servers.outbound import mail
from servers.search.contacts.contact import Contact, joined
from servers.search.contacts.contact_finder import query_for
from servers.search.contacts.page import _likely_links, contacts_on
from servers.search.contacts.written import addresses
from tests.search.conftest import Running, Start
from tests.search.standins import samples
from tests.search.standins.world import KEYS

pytestmark = pytest.mark.anyio


async def ask(running: Running, question: str = "How long is Jupiter's year?", **more: Any) -> Any:
    return await running.tools.answer_question(question, **more)


async def test_an_answer_has_citations_and_a_price(start: Start) -> None:
    running = await start(KEYS)
    answer = await ask(running, site="en.wikipedia.org")
    assert answer.answer == "I'll search. Jupiter orbits the Sun in 11.86 years"
    assert answer.citations[0].url == "https://en.wikipedia.org/wiki/Jupiter"
    assert answer.citations[0].quote.startswith("Jupiter has an orbital")
    tokens = (6039 * 0.10 + 931 * 0.50) / 1_000_000
    assert answer.cost_usd == pytest.approx(tokens + 0.01, abs=1e-5)
    assert (answer.complete, answer.searches, answer.model) == (True, 1, "claude-haiku-5-5")
    sent = running.world.seen[0].body
    assert sent["tools"][0]["allowed_domains"] == ["en.wikipedia.org"]
    assert "temperature" not in sent
    again = await ask(running, site="en.wikipedia.org")
    assert (again.cached, again.cost_usd, len(running.world.seen)) == (True, 0.0, 1)


async def test_a_paused_turn_is_continued_and_no_further_than_four(start: Start) -> None:
    running = await start(KEYS)
    turns = iter([samples.ANTHROPIC_PAUSE, samples.ANTHROPIC_DONE])
    running.world.plays["anthropic"] = lambda _r, _b: web.json_response(next(turns))
    answer = await ask(running)
    assert (answer.complete, answer.searches, len(running.world.seen)) == (True, 1, 2)
    assert running.world.seen[1].body["messages"][1]["role"] == "assistant"
    running.world.plays["anthropic"] = lambda _r, _b: web.json_response(samples.ANTHROPIC_PAUSE)
    with pytest.raises(ToolError, match="no answer"):
        await ask(running, "another")
    assert len(running.world.seen) == 6


async def test_an_answer_that_was_cut_off_says_so_and_is_not_kept(start: Start) -> None:
    running = await start(KEYS)
    cut = samples.ANTHROPIC_OK | {"stop_reason": "max_tokens"}
    running.world.plays["anthropic"] = lambda _r, _b: web.json_response(cut)
    assert not (await ask(running)).complete
    assert "max_tokens" in (await ask(running)).note
    assert len(running.world.seen) == 2


@pytest.mark.parametrize(
    ("sample", "kind"),
    [("bad key", "auth"), ("billing", "quota"), ("too_many_requests", "rate_limited")],
)
async def test_a_question_without_answer_is_an_error_in_words(
    start: Start, sample: str, kind: str
) -> None:
    running = await start(KEYS)
    running.world.play("anthropic", sample)
    with pytest.raises(ToolError) as caught:
        await ask(running)
    assert caught.value.kind == kind
    assert caught.value.message.startswith("Anthropic gave no answer")


async def test_without_a_key_the_question_is_not_asked(start: Start) -> None:
    running = await start({})
    with pytest.raises(ToolError, match="ANTHROPIC_API_KEY not set"):
        await ask(running)


CONTACTS = """<html><body><p>Write to <a href="mailto:Office@acme.test?subject=x">us</a>,
sales [at] acme [dot] test or press@other.test.</p><img src="logo@2x.png">
<script>var dsn = "abc@o1.ingest.sentry.io"; var x = "hidden@acme.test";</script>
<!-- old@acme.test --><a href="/cdn-cgi/l/email-protection#5a3f373b33361a3b3937377434352e">x</a>
<a href="/contact">Contact</a><a href="https://other.test/contact">Theirs</a></body></html>"""


def cover(address: str, key: int = 0x5A) -> str:
    return bytes([key, *(byte ^ key for byte in address.encode())]).hex()


def test_the_addresses_a_page_shows_are_found_in_all_their_disguises() -> None:
    page = CONTACTS + f'<span data-cfemail="{cover("cf@acme.test")}"></span>'
    found = {
        one.email: one.confidence for one in contacts_on(page, "https://acme.test", "acme.test")
    }
    assert found["office@acme.test"] == 0.9
    assert found["sales@acme.test"] == 0.8
    assert found["cf@acme.test"] == 0.9
    assert found["press@other.test"] < 0.5
    for noise in ("hidden@acme.test", "old@acme.test", "logo@2x.png"):
        assert noise not in found
    assert not any("sentry" in address for address in found)


def shown(page: str) -> list[str]:
    return [one.email for one in contacts_on(page, "https://acme.test/", "acme.test")]


@pytest.mark.parametrize(
    "page",
    [
        "info (at) acme (dot) test",
        "info&lt;at&gt;acme.test",
        "info at acme dot test",
        "INFO AT ACME DOT TEST",
        "<b>info</b>@<i>acme</i>.test",
        "info<span style='display:none'>.no-spam</span>@acme.test",
        "info<!-- no-spam -->@acme.test",
        "info&commat;acme&period;test",
        "info\uff20acme\uff0etest",
        "in\u00adfo\u200b@acme.test",
        "<a href='&#109;ailto:info&#64;acme.test'>write</a>",
        "<a href=' MAILTO:%69nfo%40acme.test?subject=x'>write</a>",
        "<a href='mailto:?cc=info@acme.test'>write</a>",
        f"<a data-cfemail='{cover('info@acme.test')}'>[email&#160;protected]</a>",
        f"<a href='/cdn-cgi/l/email-protection#{cover('info@acme.test').upper()}'>write</a>",
        '<script type="application/ld+json">{"email": "\\u003cinfo@acme.test"}</script>',
        "<table><tr><td>Office</td><td>info@acme.test</td><td>Tel</td></tr></table>",
        "\u90ae\u7bb1info@acme.test\u8c22\u8c22",
        "Office <info@acme.test>",
        "<noscript>info@acme.test</noscript>",
        "<footer>info@acme.test</footer>",
    ],
)
def test_an_address_is_found_in_every_disguise(page: str) -> None:
    assert shown(page) == ["info@acme.test"]


@pytest.mark.parametrize(
    "page",
    [
        "icon@3x.avif and logo@1.5x.webp",
        "https://0123456789abcdef@errors.acme.test/5",
        "ftp://user:secret@files.acme.test/",
        "react@18.2.0-beta.next webpack@v5.1.latest",
        "git@code.acme.test:user/repo.git or root@acme.test:/var/www",
        "@someone@social.acme.test",
        "m\u00fcller@acme.test",
        "a" * 80 + "@acme.test",
        "<p hidden>trap@acme.test</p>",
        "<style>a{background:url(x@acme.test)}</style>",
        "Look at (a) acme.test or at acme.test",
    ],
)
def test_what_only_looks_like_an_address_is_not_found(page: str) -> None:
    assert shown(page) == []


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("info@m\u00fcller.test", "info@m\u00fcller.test"),
        ("info@xn--mller-kva.test", "info@m\u00fcller.test"),
        ("info@xn--e1afmkfd.xn--p1ai", "info@\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444"),
    ],
)
def test_a_domain_of_any_script_is_whole_and_spelled_in_one_way(written: str, read: str) -> None:
    domain = written.partition("@")[2]
    assert [(one.email, one.confidence) for one in contacts_on(written, "https://x/", domain)] == [
        (read, 0.8)
    ]


@pytest.mark.parametrize(
    "piece", ["<!--", "<script>", "<", "<a ", " ", "\n", "a-", "a@a.", " [ at"]
)
def test_a_hostile_page_is_scanned_in_bounded_time(piece: str) -> None:
    started = time.perf_counter()
    contacts_on(piece * ((1 << 20) // len(piece)), "https://acme.test/", "acme.test")
    assert time.perf_counter() - started < 5


def test_contacts_are_looked_for_on_the_pages_of_the_site_and_no_others() -> None:
    page = (
        "<base href='/en/'><a href='/games'>all</a><a href='https://www.steam.test/contact'>c</a>"
        "<a href='staff'>s</a><a href='https://other.test/contact'>o</a>"
        "<a href='mailto:about@x'>m</a>"
    )
    assert _likely_links("https://steam.test/", page) == [
        "https://www.steam.test/contact",
        "https://steam.test/en/staff",
    ]


@pytest.mark.parametrize(
    ("person", "email"),
    [
        ("Jos\u00e9 \u00c1lvarez", "jalvarez@acme.test"),
        ("J\u00fcrgen M\u00fcller", "mueller@acme.test"),
        ("Bj\u00f8rn Stra\u00dfe", "strasse@acme.test"),
    ],
)
def test_a_person_is_known_by_the_letters_that_addresses_have(person: str, email: str) -> None:
    found = joined([Contact("info@acme.test", 0.9, ["x"]), Contact(email, 0.4, ["x"])], person)
    assert found[0].email == email


def test_an_address_known_twice_is_surer_and_the_named_person_leads() -> None:
    one = Contact("info@acme.test", 0.9, ["https://acme.test"])
    two = Contact("info@acme.test", 0.75, ["https://acme.test/contact"])
    jane = Contact("jane.smith@acme.test", 0.4, ["x"])
    best = joined([one, two, jane], "Jane Smith")
    assert [contact.email for contact in best] == ["jane.smith@acme.test", "info@acme.test"]
    assert best[1].confidence > 0.9
    assert len(best[1].sources) == 2


@pytest.mark.parametrize("text", ["a@b", "@b.test", "a@b..test", "a b@c", "x@y.c0m", ""])
def test_what_is_no_address_is_not_found(text: str) -> None:
    assert addresses(text) == []


@pytest.mark.parametrize(
    ("target", "domain", "is_page"),
    [
        ("acme.test", "acme.test", False),
        ("www.acme.test/", "acme.test", False),
        ("https://www.acme.test/team/jane", "acme.test", True),
        ("acme.test/contact", "acme.test", True),
        ("ACME.test", "acme.test", False),
        ("acme.test.", "acme.test", False),
    ],
)
def test_a_target_is_a_domain_or_a_page(target: str, domain: str, is_page: bool) -> None:
    wanted = query_for(target, "")
    assert wanted is not None
    assert (wanted.domain, bool(wanted.url)) == (domain, is_page)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "   ",
        "acme",
        "http://[",
        "a b",
        ".test",
        "a..test",
        "a.test\nb.test",
        "-.test",
        "a" * 300 + ".test",
    ],
)
def test_another_target_is_refused(target: str) -> None:
    assert query_for(target, "") is None


async def test_a_site_and_the_services_are_joined_with_their_sources(start: Start) -> None:
    running = await start(KEYS)
    world = running.world
    url = world.page("/acme", CONTACTS)
    world.page("/contact", "<p>jane.smith@acme.test</p>")
    found = await running.tools.find_emails(url, person="Jane Smith")
    assert found.contacts[0].email == "jane.smith@acme.test"
    assert found.contacts[0].confidence > 0.95
    assert "AnyMailFinder" in found.contacts[0].sources
    assert [(one.provider, one.outcome) for one in found.tried] == [
        ("page", "ok"),
        ("rapidapi", "ok"),
        ("anymailfinder", "ok"),
    ]
    asked = len(world.seen)
    assert (await running.tools.find_emails(url, person="Jane Smith")).cached
    assert len(world.seen) == asked


async def test_a_credit_is_not_spent_when_the_site_already_told(start: Start) -> None:
    running = await start(KEYS)
    found = await running.tools.find_emails(running.world.page("/acme", CONTACTS))
    assert found.contacts
    assert running.world.counts["anymailfinder"] == 0


async def test_without_keys_the_page_is_scanned_and_the_rest_is_told(start: Start) -> None:
    running = await start({})
    found = await running.tools.find_emails(running.world.page("/acme", "<p>nothing</p>"))
    assert found.contacts == []
    assert found.note
    assert [one.outcome for one in found.tried] == ["ok", "no_key", "no_key"]


async def test_when_nobody_can_look_it_is_an_error_and_not_nothing_found(start: Start) -> None:
    running = await start(KEYS)
    running.world.play("rapidapi", "monthly")
    running.world.play("anymailfinder", "credits")
    with pytest.raises(ToolError) as caught:
        await running.tools.find_emails(f"{running.world.origin}/gone")
    assert caught.value.message.startswith("No contact source answered: tried page, because")
    assert [one["outcome"] for one in caught.value.data["tried"]] == [
        "bad_request",
        "quota",
        "quota",
    ]


@pytest.mark.parametrize(
    ("email", "verdict"), [("jane@acme.test.example", "valid"), ("bob@acme.example", "risky")]
)
async def test_a_service_gives_the_verdict(start: Start, email: str, verdict: str) -> None:
    running = await start(KEYS)
    found = await running.tools.verify_email(f" {email} ")
    assert (found.verdict, found.cached) == (verdict, False)
    assert (await running.tools.verify_email(email)).cached


@pytest.mark.parametrize(
    ("takes", "verdict"), [(True, "unknown"), (False, "invalid"), (None, "unknown")]
)
async def test_without_a_service_only_the_domain_is_judged(
    start: Start, monkeypatch: pytest.MonkeyPatch, takes: bool | None, verdict: str
) -> None:
    async def told(_domain: str, _seconds: float) -> bool | None:
        return takes

    monkeypatch.setattr(mail, "takes_mail", told)
    running = await start({})
    found = await running.tools.verify_email("bob@acme.example")
    assert found.verdict == verdict
    assert "no key" in found.reason


@pytest.mark.parametrize("email", ["", "bob", "bob@", "bob@acme", "a b@acme.example", "x@y..z"])
async def test_what_is_no_address_is_refused_in_words(start: Start, email: str) -> None:
    running = await start(KEYS)
    with pytest.raises(ToolError) as caught:
        await running.tools.verify_email(email)
    assert caught.value.kind == "bad_argument"
    assert not running.world.seen
