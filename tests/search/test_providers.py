"""Every provider against everything it is known to send."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from multidict import CIMultiDict

from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import HttpReply
from servers.search.contacts import SERVICES
from servers.search.provider_spec import Access
from servers.search.providers import PROVIDERS
from servers.search.providers.provider import Provider
from servers.search.websearch.query import SearchQuery
from servers.search.websearch.results import ResultPage
from tests.search.standins import samples
from tests.search.standins.samples import Sample
from tests.search.standins.world import KEYS

BY_NAME = {provider.spec.name: provider for provider in PROVIDERS}
SERVICE = {service.spec.name: service for service in SERVICES}
CASES = [(name, one) for name, table in samples.SEARCHES.items() for one in table]
CASES += [("tavily", one) for one in samples.TAVILY_KEYLESS]
CONTACT_CASES = [("rapidapi", one) for one in samples.RAPIDAPI]
CONTACT_CASES += [("anymailfinder", one) for one in samples.ANYMAILFINDER]


def reply(one: Sample) -> HttpReply:
    return HttpReply(one.status, CIMultiDict(one.headers), one.content, "https://en.wikipedia.org")


def access(provider: Provider) -> Access:
    spec = provider.spec
    keys = {name: KEYS[name] for name in spec.keys}
    return Access(spec.base_url or "http://searx.test", keys)


def label(case: tuple[str, Sample]) -> str:
    return f"{case[0]}: {case[1].name}"


def test_every_provider_has_samples_of_success_and_failure() -> None:
    assert samples.SEARCHES.keys() == BY_NAME.keys()
    for name, table in samples.SEARCHES.items():
        assert table[0].kind is None, name
        assert sum(one.kind is not None for one in table) >= 4, name


@pytest.mark.parametrize("case", [c for c in CASES if c[1].kind is None], ids=label)
def test_a_success_is_read(case: tuple[str, Sample]) -> None:
    name, one = case
    page = BY_NAME[name].read(reply(one))
    if one.name == "empty":
        assert page.results == ()
        return
    assert page.results
    for hit in page.results:
        assert hit.title
        assert hit.url.startswith("https://")
        assert "<" not in hit.title + hit.snippet
        assert "&amp;" not in hit.snippet


@pytest.mark.parametrize("case", [c for c in CASES if c[1].kind], ids=label)
def test_a_failure_is_named_by_what_the_body_says(case: tuple[str, Sample]) -> None:
    name, one = case
    with pytest.raises(OutboundError) as caught:
        BY_NAME[name].read(reply(one))
    assert caught.value.kind is one.kind, caught.value.message
    assert one.says in caught.value.message
    if one.retry_after is not None:
        assert caught.value.retry_after == one.retry_after


@pytest.mark.parametrize("case", CONTACT_CASES, ids=label)
def test_a_contact_service_is_read(case: tuple[str, Sample]) -> None:
    name, one = case
    if one.kind is None:
        SERVICE[name].read(reply(one))
        return
    with pytest.raises(OutboundError) as caught:
        SERVICE[name].read(reply(one))
    assert caught.value.kind is one.kind, caught.value.message
    if one.retry_after is not None:
        assert caught.value.retry_after == one.retry_after


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("cut", [0, 1, 20, 200])
def test_half_an_answer_is_a_failure_and_never_no_results(name: str, cut: int) -> None:
    whole = samples.SEARCHES[name][0]
    broken = HttpReply(200, CIMultiDict(), whole.content[:cut])
    with pytest.raises(OutboundError) as caught:
        BY_NAME[name].read(broken)
    assert caught.value.kind in {Kind.UPSTREAM, Kind.BLOCKED}


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize(
    "wrong", [None, [], 3, "x", {"results": None}, {"web": 1}, {"items": 7}, {"content": 5}]
)
def test_an_answer_of_another_shape_is_a_failure_and_no_crash(name: str, wrong: object) -> None:
    content = json.dumps(wrong).encode()
    with pytest.raises(OutboundError):
        BY_NAME[name].read(HttpReply(200, CIMultiDict(), content))


ODD = (None, 0, 1.5, True, "", "\ud83d", [], [None], {}, {"a": 1}, [["x"]])


def changed(body: Any) -> Iterator[Any]:
    """`body` again and again, each time with one value in it gone or something else."""
    yield from ODD
    if not isinstance(body, dict | list):
        return
    places = list(body) if isinstance(body, dict) else range(min(len(body), 2))
    for place in places:
        for other in changed(body[place]):
            one: Any = dict(body) if isinstance(body, dict) else list(body)
            one[place] = other
            yield one
        if isinstance(body, dict):
            yield {name: value for name, value in body.items() if name != place}


@pytest.mark.parametrize("case", [*CASES, *CONTACT_CASES], ids=label)
def test_an_answer_changed_in_one_place_is_read_or_a_failure_and_no_crash(
    case: tuple[str, Sample],
) -> None:
    name, one = case
    reader: Any = BY_NAME.get(name) or SERVICE[name]
    bodies = changed(one.body) if not isinstance(one.body, str) else iter([])
    for body in bodies:
        content = json.dumps(body).encode()
        for status in (one.status, 200):
            try:
                found = reader.read(
                    HttpReply(status, CIMultiDict(one.headers), content, "https://w")
                )
            except OutboundError:
                continue
            assert isinstance(found, ResultPage | list), body


def test_the_items_of_google_may_be_absent_but_not_something_else() -> None:
    for items in (None, {}, 7):
        body = json.dumps(samples.GOOGLE_OK | {"items": items}).encode()
        with pytest.raises(OutboundError):
            BY_NAME["google"].read(HttpReply(200, CIMultiDict(), body))


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "x, y", "nan, nan", ", ,", "9" * 400])
def test_odd_limits_in_headers_do_no_harm(value: str) -> None:
    names = [f"X-RateLimit-{part}" for part in ("Limit", "Remaining", "Reset")]
    headers = CIMultiDict(dict.fromkeys(names, value) | {"Retry-After": value})
    page = BY_NAME["brave"].read(HttpReply(200, headers, samples.BRAVE[0].content))
    assert page.results
    assert 0 <= page.per_second < 10**9
    assert math.isfinite(page.quota_left)
    assert math.isfinite(page.quota_reset_s)


@pytest.mark.parametrize("name", ["brave", "tavily", "exa", "serper", "google", "anthropic"])
def test_a_wall_before_the_service_says_nothing_about_the_key(name: str) -> None:
    wall = b"<html><title>403 Forbidden</title><h1>Your country is not served</h1></html>"
    with pytest.raises(OutboundError) as caught:
        BY_NAME[name].read(HttpReply(403, CIMultiDict({"Content-Type": "text/html"}), wall))
    assert caught.value.kind is Kind.BLOCKED


@pytest.mark.parametrize("name", BY_NAME)
def test_all_filters_can_be_asked_of_every_provider(name: str) -> None:
    provider = BY_NAME[name]
    query = SearchQuery("x y", 20, "e.org", "week", "de", "de", "strict")
    request = provider.request(query, access(provider))
    assert request.url.startswith("http")
    probe = provider.probe(access(provider))
    assert probe.url.startswith("http")


@pytest.mark.parametrize("name", BY_NAME)
def test_a_key_travels_in_a_header_except_where_google_wants_it_in_the_query(name: str) -> None:
    provider = BY_NAME[name]
    request = provider.request(SearchQuery("x"), access(provider))
    for key in provider.spec.keys:
        assert KEYS[key] not in request.url
        if name != "google":
            assert KEYS[key] not in json.dumps(dict(request.query))
            assert KEYS[key] in json.dumps(dict(request.headers))


def test_brave_announces_its_limits_with_every_answer() -> None:
    page = BY_NAME["brave"].read(reply(samples.BRAVE[0]))
    assert (page.per_second, page.quota_left) == (20, 1000)


def test_brave_without_a_monthly_limit_is_never_out_of_quota() -> None:
    headers = CIMultiDict({"X-RateLimit-Limit": "50, 0", "X-RateLimit-Remaining": "49, 0"})
    page = BY_NAME["brave"].read(HttpReply(200, headers, samples.BRAVE[0].content))
    assert page.quota_left == -1


def test_google_asks_again_after_midnight_in_california() -> None:
    daily = next(one for one in samples.GOOGLE if one.name == "per day")
    with pytest.raises(OutboundError) as caught:
        BY_NAME["google"].read(reply(daily))
    assert caught.value.retry_after is not None
    assert 0 < caught.value.retry_after <= 25 * 3600


@pytest.mark.parametrize(
    ("country", "language", "region"),
    [
        ("de", "", "de-de"),
        ("ca", "fr", "ca-fr"),
        ("ca", "ja", "ca-en"),
        ("gb", "", "uk-en"),
        ("jp", "ja", "jp-jp"),
        ("zz", "en", None),
        ("", "de", None),
    ],
)
def test_duckduckgo_is_asked_for_a_region_it_has(
    country: str, language: str, region: str | None
) -> None:
    provider = BY_NAME["duckduckgo"]
    request = provider.request(
        SearchQuery("x", country=country, language=language), access(provider)
    )
    assert request.form is not None
    assert request.form.get("kl") == region
    assert not country or (country in provider.spec.countries) == (region is not None)


@pytest.mark.parametrize(
    "content",
    [
        b'{"organic": [{"title": "T", "link": "https://e.org/1", "snippet": "\xf0\x9f ?"}]}',
        b'{"organic": [{"title": "T", "link": "https://e.org/1", "snippet": "a\nb\tc"}]}',
        b'\xef\xbb\xbf{"organic": [{"title": "T", "link": "https://e.org/1"}]}',
        '{"organic": [{"title": "T", "link": "https://e.org/1"}]}'.encode("utf-16"),
    ],
)
def test_one_broken_letter_does_not_spoil_an_answer(content: bytes) -> None:
    page = BY_NAME["serper"].read(HttpReply(200, CIMultiDict(), content))
    assert page.results[0].url == "https://e.org/1"


def test_wikipedia_searches_in_the_language_of_the_query() -> None:
    wikipedia = BY_NAME["wikipedia"]
    assert "//de.wiki" in wikipedia.request(SearchQuery("x", language="de"), access(wikipedia)).url
    assert "//en.wiki" in wikipedia.request(SearchQuery("x", language="../"), access(wikipedia)).url


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda one: one.spec.name)
def test_each_freshness_is_asked_for_or_said_to_be_ignored(provider: Provider) -> None:
    told = [
        repr(provider.request(SearchQuery("x", freshness=freshness), access(provider)))
        for freshness in ("any", "day", "week", "month", "year")
        if freshness not in provider.spec.widened
    ]
    ignored = "freshness" in provider.spec.ignores
    assert len(set(told)) == (1 if ignored else len(told))
