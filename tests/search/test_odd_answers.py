"""Answers that no provider documents: each is a failure that is named truly, or is read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from multidict import CIMultiDict

from servers.host.tools.service import ToolError
from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import HttpReply
from servers.search.providers import PROVIDERS
from servers.search.websearch.results import ResultPage
from tests.search.conftest import Start
from tests.search.standins.world import KEYS
from tests.search.test_web_search import samples_response

BY_NAME = {provider.spec.name: provider for provider in PROVIDERS}
OF_JSON = sorted(BY_NAME.keys() - {"duckduckgo"})
KEYED = sorted(set(OF_JSON) - {"searxng", "wikipedia"})

WALLS = {
    "english": "<title>Just a moment...</title><p>Verify you are human</p>",
    "german": "<h1>Sind Sie ein Mensch?</h1><p>Bitte lösen Sie das Rätsel.</p>",
    "russian": "<h1>Подтвердите, что вы не робот</h1>",
    "chinese": "<h1>请完成安全验证</h1>",
    "japanese": "<h1>ロボットではないことの確認</h1>",
    "arabic": "<h1 dir=rtl>تحقق من أنك إنسان</h1>",
    "french": "<h1>Vérification de sécurité</h1><form action=/sorry>",
    "turkish": "<h1>Lütfen bekleyin</h1>",
    "words of a result": "<style>.no-results{} .result__a{}</style><h1>Select all ducks</h1>",
    "words in a script": "<script>var no = 'no-results result__a anomaly'</script><h1>?</h1>",
    "a frame": "<iframe src='https://captcha.test/'></iframe>",
    "nothing": "",
    "no results, and a riddle": "<div class='no-results'>-</div><form id='challenge-form'></form>",
    "hits, and a riddle": "<div class='result__body'></div><div class='anomaly-modal'>?</div>",
}


def told(name: str, status: int, body: Any, **headers: str) -> OutboundError | ResultPage:
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    reply = HttpReply(status, CIMultiDict(headers), content, "https://e.org")
    try:
        return BY_NAME[name].read(reply)
    except OutboundError as failure:
        return failure


def kind(name: str, status: int, body: Any, **headers: str) -> Kind | None:
    found = told(name, status, body, **headers)
    return found.kind if isinstance(found, OutboundError) else None


@pytest.mark.parametrize("wall", WALLS)
@pytest.mark.parametrize("status", [200, 202, 403, 418])
def test_a_wall_of_duckduckgo_is_known_whatever_it_says(wall: str, status: int) -> None:
    assert kind("duckduckgo", status, f"<html><body>{WALLS[wall]}</body></html>") is Kind.BLOCKED


@pytest.mark.parametrize(
    "place", ["https://duckduckgo.com/static-pages/418.html", "/sorry/index", "//x/challenge?a"]
)
def test_a_way_to_a_wall_is_a_wall(place: str) -> None:
    assert kind("duckduckgo", 302, "", Location=place) is Kind.BLOCKED
    assert kind("duckduckgo", 302, "", Location="https://elsewhere.test/") is Kind.UPSTREAM


@pytest.mark.parametrize(
    "page",
    ["<article data-testid='result'>x</article>", "<div class='result__body'>x</div>"],
)
def test_hits_in_another_form_are_no_wall(page: str) -> None:
    assert kind("duckduckgo", 200, page) is Kind.UPSTREAM


def test_the_light_page_of_duckduckgo_is_read() -> None:
    found = told(
        "duckduckgo",
        200,
        "<table><tr><td><a class=result-link href='//duckduckgo.com/l/?uddg=https%3A%2F%2Fe.org/'>"
        "T</a><tr><td class='result-snippet'>S</table>",
    )
    assert isinstance(found, ResultPage)
    assert [(one.title, one.url, one.snippet) for one in found.results] == [
        ("T", "https://e.org/", "S")
    ]


def test_a_hit_that_speaks_of_walls_is_a_hit() -> None:
    page = "<a class=result__a href='https://e.org/'>What anomaly-modal and no-results mean</a>"
    found = told("duckduckgo", 200, page)
    assert isinstance(found, ResultPage)
    assert len(found.results) == 1


@pytest.mark.parametrize("name", OF_JSON)
@pytest.mark.parametrize("wall", WALLS)
def test_a_page_in_place_of_json_says_nothing_of_the_key(name: str, wall: str) -> None:
    page = f"<!doctype html><html>{WALLS[wall]}</html>"
    assert kind(name, 200, page) is Kind.UPSTREAM
    assert kind(name, 429, page) is Kind.RATE_LIMITED
    assert kind(name, 403, page) in {Kind.BLOCKED, Kind.UNSUPPORTED}
    for status in (500, 502, 503, 520, 525, 530, 999):
        assert kind(name, status, page) is Kind.UPSTREAM, status


REFUSALS = (
    (403, "Rate limit exceeded, retry later", Kind.RATE_LIMITED),
    (403, "Too Many Requests", Kind.RATE_LIMITED),
    (400, "Requests are throttled: 5 per second", Kind.RATE_LIMITED),
    (403, "You have used your monthly allowance", Kind.QUOTA),
    (403, "Out of credits", Kind.QUOTA),
    (422, "Insufficient balance", Kind.QUOTA),
    (429, "Daily limit reached", Kind.QUOTA),
    (403, "Your country is not served", Kind.BLOCKED),
    (403, "Please solve the captcha", Kind.BLOCKED),
    (401, "Unknown token", Kind.AUTH),
    (400, "The query is too long", Kind.BAD_REQUEST),
)
ENVELOPES = (
    lambda text: {"message": text},
    lambda text: {"error": text},
    lambda text: {"error": {"message": text}},
    lambda text: {"error": {"detail": text, "code": None}},
    lambda text: {"detail": {"error": text}},
    lambda text: {"errors": [{"message": text}]},
    lambda text: {"error": None, "message": "", "detail": text},
)


@pytest.mark.parametrize("name", KEYED)
@pytest.mark.parametrize(("status", "text", "truth"), REFUSALS)
def test_a_refusal_is_named_by_its_words_in_any_envelope(
    name: str, status: int, text: str, truth: Kind
) -> None:
    for envelope in ENVELOPES:
        failure = told(name, status, envelope(text))
        assert isinstance(failure, OutboundError)
        assert failure.kind is truth, (envelope(text), failure.message)
        assert text in failure.message


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("status", [404, 405, 410])
def test_an_address_without_a_service_is_no_fault_of_the_query(name: str, status: int) -> None:
    failure = told(name, status, "")
    assert isinstance(failure, OutboundError)
    assert failure.kind in {Kind.UPSTREAM, Kind.AUTH}
    assert "base_url" in failure.message or "2027" in failure.message


EMPTY_LISTS = {
    "brave": lambda rows: {"type": "search", "web": {"results": rows}},
    "exa": lambda rows: {"results": rows},
    "google": lambda rows: {"kind": "customsearch#search", "items": rows},
    "keenable": lambda rows: {"results": rows},
    "searxng": lambda rows: {"results": rows},
    "serper": lambda rows: {"organic": rows},
    "tavily": lambda rows: {"results": rows},
    "wikipedia": lambda rows: {"pages": rows},
}
UNREADABLE = (
    [None],
    ["https://e.org/"],
    [{}],
    [{"title": "T", "address": "https://e.org/"}] * 10,
    [{"title": None, "url": None, "link": None, "key": None}],
    [{"title": "T", "url": "javascript:alert(1)", "link": "file:///etc/passwd", "key": ""}],
    [{"title": "T", "url": "http://[1.2]/", "link": "http://[1.2]/", "key": ""}],
)


@pytest.mark.parametrize("name", EMPTY_LISTS)
def test_hits_that_cannot_be_read_are_not_no_hits(name: str) -> None:
    assert kind(name, 200, EMPTY_LISTS[name]([])) is None
    for rows in UNREADABLE:
        assert kind(name, 200, EMPTY_LISTS[name](rows)) is Kind.UPSTREAM, rows


@pytest.mark.parametrize("name", EMPTY_LISTS)
def test_huge_and_odd_fields_are_cut_or_left_out(name: str) -> None:
    odd = {"title": "T" * 3_000_000, "content": ["x"] * 1000, "snippet": {"a": 1}, "published": 7}
    address = {"url": "https://e.org/1", "link": "https://e.org/1", "key": "A"}
    far = {"url": "https://e.org/" + "x" * 100_000, "link": "https://e.org/" + "x" * 100_000}
    found = told(name, 200, EMPTY_LISTS[name]([odd | address, odd | far, None, 7]))
    assert isinstance(found, ResultPage)
    assert len(found.results) == 1
    assert len(found.results[0].title) <= 200


@pytest.mark.parametrize(
    "body",
    ["null", "[]", "{}", '"ok"', "7", "NaN", '{"results": null}', '{"results": {}}', "9" * 5000,
     "[" * 50_000, '{"a":' * 50_000, "\x00", "{\"results\": [}", "<?xml version='1.0'?><r/>",
     "callback({})", ")]}'\n{}"],
)  # fmt: skip
@pytest.mark.parametrize("name", OF_JSON)
def test_what_is_no_answer_is_a_failure(name: str, body: str) -> None:
    assert kind(name, 200, body) is Kind.UPSTREAM


@pytest.mark.anyio
async def test_a_keyless_service_that_refuses_does_not_speak_of_a_key_that_was_rejected(
    start: Start,
) -> None:
    running = await start({}, searxng={"base_url": ""})
    running.world.plays["keenable"] = lambda _r, _b: samples_response(401, '{"error": "No"}')
    with pytest.raises(ToolError) as caught:
        await running.tools.web_search("x", provider="keenable")
    assert "without a key" in caught.value.message
    assert "rejected" not in caught.value.message


@pytest.mark.anyio
async def test_more_excluded_domains_than_a_query_holds_are_all_left_out(start: Start) -> None:
    running = await start(KEYS)
    names = [f"a{n}.example" for n in range(60)] + ["e.org"]
    for provider in ("brave", "duckduckgo", "searxng"):
        answer = await running.tools.web_search("x", provider=provider, exclude=" ".join(names))
        assert answer.results == [], "the stand-ins know pages of e.org alone"
    with pytest.raises(ToolError) as caught:
        await running.tools.web_search("x", exclude=" ".join(f"b{n}.example" for n in range(200)))
    assert caught.value.kind == "bad_argument"


@pytest.mark.anyio
async def test_a_domain_is_excluded_in_both_of_its_spellings(start: Start) -> None:
    running = await start(KEYS)
    hits = [
        {"title": "M", "link": "https://www.xn--mller-kva.test/"},
        {"title": "E", "link": "https://e.org./x"},
    ]
    body = json.dumps({"organic": hits})
    running.world.plays["serper"] = lambda _r, _b: samples_response(200, body)
    answer = await running.tools.web_search(
        "x", provider="serper", exclude="m\u00fcller.test e.org"
    )
    assert answer.results == []


@pytest.mark.anyio
async def test_what_was_seen_before_says_that_it_is_not_filtered_by_age(start: Start) -> None:
    running = await start(KEYS, chain=["brave"])
    await running.tools.web_search("first question")
    await running.forget_answers()
    running.world.plays["brave"] = lambda _r, _b: samples_response(500, "{}")
    answer = await running.tools.web_search("Title 7 please", freshness="day", country="de")
    assert answer.provider == "library"
    assert "could not honour: freshness, country" in answer.note


@pytest.mark.anyio
async def test_hits_of_other_sites_are_left_out_where_one_was_asked_for(start: Start) -> None:
    running = await start(KEYS)
    places = ["https://e.org/", "https://de.e.org/x", "https://note.org/", "https://e.org.test/"]
    body = json.dumps({"results": [{"title": "T", "url": url} for url in places]})
    running.world.plays["searxng"] = lambda _r, _b: samples_response(200, body)
    answer = await running.tools.web_search("x", provider="searxng", site="e.org")
    assert [hit.url for hit in answer.results] == places[:2]
