"""web_search for images: each provider that has some, what is told of one, and refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest
from multidict import CIMultiDict

from servers.host.tools.service import ToolError
from servers.outbound.failure import OutboundError
from servers.outbound.http import HttpReply
from servers.search.providers import PROVIDERS
from servers.search.websearch.results import Image, ResultPage, image, merged
from tests.search.conftest import Start
from tests.search.standins.image_samples import IMAGES
from tests.search.standins.samples import Sample
from tests.search.standins.world import KEYS
from tests.search.test_providers import changed

pytestmark = pytest.mark.anyio

BY_NAME = {provider.spec.name: provider for provider in PROVIDERS}
CASES = [(name, one) for name, table in IMAGES.items() for one in table]
WITHOUT = sorted(BY_NAME.keys() - IMAGES.keys())


def reply(one: Sample) -> HttpReply:
    return HttpReply(one.status, CIMultiDict(one.headers), one.content, "https://e.org")


def label(case: tuple[str, Sample]) -> str:
    return f"{case[0]}: {case[1].name}"


def test_a_provider_says_that_it_has_images_and_has_samples_of_them() -> None:
    having = {name for name, one in BY_NAME.items() if one.spec.image_ignores is not None}
    assert having == IMAGES.keys()


@pytest.mark.parametrize("name", IMAGES)
async def test_an_image_is_told_with_its_page_size_and_thumbnail(start: Start, name: str) -> None:
    running = await start(KEYS)
    answer = await running.tools.web_search("heron", provider=name, images=True)
    assert (answer.provider, answer.results, len(answer.images)) == (name, [], 10)
    whole = Image(
        "Heron 1",
        "https://i.test/1.jpg",
        "https://e.org/1",
        "https://t.test/1.jpg",
        1600,
        1200,
        name,
    )
    bare = Image("Heron 1", "https://i.test/1.jpg", provider=name)
    assert answer.images[0] == (bare if name == "tavily" else whole)


@pytest.mark.parametrize("case", CASES, ids=label)
def test_an_answer_with_images_is_read_or_its_failure_named(case: tuple[str, Sample]) -> None:
    name, one = case
    if one.kind is None:
        assert len(BY_NAME[name].read_images(reply(one)).images) == (one.name != "empty") * 10
        return
    with pytest.raises(OutboundError) as caught:
        BY_NAME[name].read_images(reply(one))
    assert caught.value.kind is one.kind, caught.value.message


@pytest.mark.parametrize("case", CASES, ids=label)
def test_images_changed_in_one_place_are_read_or_a_failure_and_no_crash(
    case: tuple[str, Sample],
) -> None:
    name, one = case
    for body in changed(one.body) if not isinstance(one.body, str) else ():
        content = json.dumps(body).encode()
        try:
            found = BY_NAME[name].read_images(HttpReply(200, CIMultiDict(), content))
        except OutboundError:
            continue
        assert isinstance(found, ResultPage)
        assert all(each.url.startswith("https://") for each in found.images), body


@pytest.mark.parametrize("name", WITHOUT)
async def test_a_provider_without_images_refuses_and_is_not_asked(start: Start, name: str) -> None:
    running = await start(KEYS)
    with pytest.raises(ToolError) as caught:
        await running.tools.web_search("heron", provider=name, images=True)
    assert (caught.value.kind, "it has no images" in caught.value.message) == ("unsupported", True)
    assert not running.world.seen


async def test_auto_asks_only_those_that_have_images(start: Start) -> None:
    running = await start(KEYS, chain=["exa", "anthropic", "keenable", "serper"])
    answer = await running.tools.web_search("heron", images=True)
    assert (answer.provider, len(answer.tried)) == ("serper", 1)


async def test_when_nobody_set_up_has_images_the_refusal_says_who_has(start: Start) -> None:
    running = await start(KEYS, chain=["exa", "keenable"])
    with pytest.raises(ToolError) as caught:
        await running.tools.web_search("heron", images=True)
    assert "No provider that is set up has images" in caught.value.message
    assert "Brave Search" in caught.value.message
    assert not running.world.seen


async def test_without_a_key_tavily_has_images_and_then_wikimedia(start: Start) -> None:
    running = await start({}, searxng={"base_url": ""})
    answer = await running.tools.web_search("heron", images=True)
    assert (answer.provider, answer.degraded) == ("tavily", False)
    running.world.play("tavily", "plan")
    answer = await running.tools.web_search("egret", images=True)
    assert (answer.provider, answer.degraded) == ("wikipedia", True)


async def test_a_search_for_images_and_one_for_pages_are_two_searches(start: Start) -> None:
    running = await start(KEYS, chain=["brave"])
    pages = await running.tools.web_search("heron")
    images = await running.tools.web_search("heron", images=True)
    again = await running.tools.web_search("heron", images=True, max_results=3)
    assert (len(pages.results), pages.images, images.cached) == (10, [], False)
    assert (again.cached, again.images) == (True, images.images[:3])


async def test_a_filter_is_applied_to_images_or_said_not_to_be(start: Start) -> None:
    running = await start(KEYS)
    asked: dict[str, Any] = {"freshness": "week", "country": "de", "exclude": "e.org"}
    brave = await running.tools.web_search("heron", provider="brave", images=True, **asked)
    assert "could not honour: freshness." in brave.note
    assert brave.images == [], "each is shown on an excluded domain"
    tavily = await running.tools.web_search("heron", provider="tavily", images=True, **asked)
    assert "could not honour: exclude, freshness, country." in tavily.note
    with pytest.raises(ToolError) as caught:
        await running.tools.web_search("heron", provider="tavily", images=True, site="e.org")
    assert "cannot search within one site" in caught.value.message


@pytest.mark.parametrize(
    "url",
    ["data:image/png;base64,AA", "", None, "i.test/1.jpg", "http://[1.2]/", "http://a\u2100b"],
)
def test_what_is_no_address_of_an_image_is_left_out(url: object) -> None:
    assert image("t", url) is None
    told = image("t", "https://i.test/1.jpg", url, url)
    assert told is not None
    assert (told.page, told.thumbnail) == ("", "")


@pytest.mark.parametrize("size", [None, "", "wide", -3, 1.5, "10" * 9, True, [5], "\u0665"])
def test_what_is_no_size_is_told_as_none(size: object) -> None:
    told = image("t", "https://i.test/1.jpg", width=size, height="640")
    assert told is not None
    assert (told.width, told.height) == (0, 640)


def test_the_same_image_of_two_providers_is_one_with_what_both_know() -> None:
    bare = Image("", "https://i.test/1.jpg", provider="one")
    full = Image("T", "https://i.test/1.jpg", "https://e.org/", "https://t.test/", 3, 2, "two")
    (both,) = merged([[bare], [full]], 5)
    assert both == Image("T", bare.url, full.page, full.thumbnail, 3, 2, "one+two")
