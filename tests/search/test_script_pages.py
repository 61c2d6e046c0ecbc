"""Pages that only a script fills: recognised, read from their data, or read elsewhere."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from servers.host.tools.service import ToolError
from servers.search.pages.extract import extract
from tests.search.conftest import Start
from tests.search.standins.world import KEYS

pytestmark = pytest.mark.anyio

SAID = "The ferry to the island leaves at nine and comes back before the evening tide turns."
ROOT = "<div id=root></div>"


def shell(data: str, body: str = ROOT) -> str:
    head = "<title>Ferry</title><script src=/app.js></script>"
    return f"<html><head>{head}</head><body>{body}{data}</body></html>"


def post(text: str) -> dict[str, object]:
    return {"username": "jo", "created_at": "2026-03-01", "cooked": f"<p>{text}</p><p>Thanks</p>"}


STREAM = {
    "topic_1": json.dumps({"post_stream": {"posts": [post(SAID), post("I agree with that.")]}})
}
BODY = {"title": "Ferry times", "body": SAID}
PACKED = [{"_1": 2}, "data", {"_3": 4, "_5": 6}, "title", "Ferry times", "body", SAID]
QUOTED = json.dumps(BODY).replace('"', "&q;")
CARRIED = {
    "angular": f"<script id=app-state type=application/json>{QUOTED}</script>",
    "astro": f"<astro-island props='{json.dumps({'body': [0, SAID]})}'></astro-island>",
    "cdata": f"<script type=application/ld+json>//<![CDATA[\n{json.dumps(BODY)}\n//]]></script>",
    "flight text": f'<script>self.__next_f.push([1,"2:T{len(SAID):x},{SAID}3:[]"])</script>',
    "gatsby": f"<script>window.pageData={json.dumps({'result': BODY})};</script>",
    "nuxt": f"<script type=application/json>{json.dumps([{'body': 1}, SAID])}</script>",
    "parsed": f"<script>window.__STATE__=JSON.parse({json.dumps(json.dumps(BODY))})</script>",
    "parsed, single": f"<script>window.__STATE__=JSON.parse('{json.dumps(BODY)}')</script>",
    "parsed, percent": f'<script>var __DATA__ = JSON.parse(decodeURIComponent("{quote(json.dumps(BODY))}"))</script>',  # noqa: E501
    "remix": f"<script>window.__remixContext = {json.dumps({'state': BODY})};</script>",
    "stream": f"<script>window.__remixContext.streamController.enqueue({json.dumps(json.dumps(PACKED))})</script>",  # noqa: E501
    "turbo": f"<script type=application/json>{json.dumps(PACKED)}</script>",
    "next": f'<script id=__NEXT_DATA__ type=application/json>{{"props":{{"pageProps":{{"title":"Ferry times","body":"{SAID}"}}}}}}</script>',  # noqa: E501
    "json-ld": f'<script type=application/ld+json>{{"@type":"Article","headline":"Ferry","articleBody":"{SAID * 5}"}}</script>',  # noqa: E501
    "island": f'<script type="application/json">{{"page":{{"description":"{SAID}"}}}}</script>',
    "state": f'<script>window.__INITIAL_STATE__ = {{"news":[{{"text":"{SAID}"}}]}};go()</script>',
    "flight": f'<script>self.__next_f.push([1,"2:[\\"$\\",\\"p\\",null,{{\\"children\\":\\"{SAID}\\"}}]\\n"])</script>',  # noqa: E501
    "inertia": f"""<div data-page='{{"props":{{"content":"<p>{SAID}</p>"}}}}'></div>""",
    "ember": f"<script type=fastboot/shoebox>{json.dumps(BODY)}</script>",
    "plain name": f"<script>window.serverData = {json.dumps(BODY)};</script>",
    "store": f"<script>window.__STORE__={json.dumps(BODY)}</script>",
    "discourse": f"<div id=data-preloaded data-preloaded='{json.dumps(STREAM)}'></div>",
}


@pytest.mark.parametrize("kind", list(CARRIED))
def test_the_data_of_an_empty_page_is_read(kind: str) -> None:
    found = extract(shell(CARRIED[kind]), "https://e.org/", "text")
    assert SAID in found.text
    assert "<p>" not in found.text
    assert found.needs_script
    assert "A script in a browser fills this page" in found.note


def test_posts_come_in_order_with_who_and_when() -> None:
    told = extract(shell(CARRIED["discourse"]), "https://e.org/", "text").text
    assert told.index("jo") < told.index("2026-03-01") < told.index("ferry") < told.index("agree")


@pytest.mark.parametrize("kind", list(CARRIED))
def test_the_data_of_a_page_that_shows_text_stays_unread(kind: str) -> None:
    shown = "".join(
        f"<p>Herring is landed here in year {year}, by six boats.</p>" for year in range(9)
    )
    found = extract(shell(CARRIED[kind], f"<main>{shown}</main>{ROOT}"), "https://e.org/", "text")
    assert "Herring" in found.text
    assert "ferry" not in found.text
    assert not found.needs_script


@pytest.mark.parametrize(
    "body",
    [
        ROOT,
        "<div id=app></div>",
        "<main></main>",
        "<noscript>Please enable JavaScript to use this site.</noscript>",
        "",
        "<my-boats></my-boats>",
        "<div id=mount><p>Loading...</p></div>",
        "<div class=spinner>Wird geladen \u2026</div>",
        "<div id=__next></div><footer><a href=/a>Terms</a> <a href=/b>Privacy</a></footer>",
    ],
)
async def test_a_page_that_only_a_script_fills_is_said_to_be_one(start: Start, body: str) -> None:
    running = await start()
    url = running.world.page("/app", shell("<script>go()</script>", body))
    with pytest.raises(ToolError, match="only a script in a browser fills this page") as told:
        await running.tools.fetch_page(url)
    assert "fetch_page.reader" in str(told.value)


@pytest.mark.parametrize(
    "body",
    [
        "<h1>Boats</h1><p>Closed today.</p>",
        "<div id=content><img src=/heron.jpg alt=Heron></div>",
        "<p>Loading bay</p><p>Gate 4 is open.</p>",
        "<form><input name=q></form>",
    ],
)
def test_a_page_that_says_little_is_not_said_to_need_a_script(body: str) -> None:
    assert not extract(shell("", body), "https://e.org/", "text").needs_script


@pytest.mark.parametrize(
    ("name", "title", "key"),
    [("firecrawl", "Firecrawl", "FIRECRAWL_API_KEY"), ("jina", "Jina Reader", "JINA_API_KEY")],
)
async def test_the_service_that_the_user_chose_reads_it(
    start: Start, name: str, title: str, key: str
) -> None:
    running = await start({key: KEYS[key]}, fetch_page={"reader": name})
    url = running.world.page("/app", shell(""))
    page = await running.tools.fetch_page(url)
    assert "Gulls nest on the pier." in page.text
    assert page.note == f"A script fills this page; {title} read it with your key."
    plain = running.world.page("/plain", f"<article><p>{SAID * 6}</p></article>")
    await running.tools.fetch_page(plain)
    assert running.world.counts[name] == 1
    assert (await running.server.check_key(key, KEYS[key])).verdict == "accepted"
    assert (await running.server.check_key(key, "wrong-key-of-nobody")).verdict == "rejected"


async def test_nobody_is_asked_without_a_choice_and_a_failure_is_told(start: Start) -> None:
    running = await start({"FIRECRAWL_API_KEY": KEYS["FIRECRAWL_API_KEY"]})
    url = running.world.page("/app", shell(""))
    with pytest.raises(ToolError):
        await running.tools.fetch_page(url)
    assert running.world.counts["firecrawl"] == 0
    await running.configure(
        {"FIRECRAWL_API_KEY": "no-such-key"}, fetch_page={"reader": "firecrawl"}
    )
    with pytest.raises(ToolError, match="Firecrawl did not read it: the key was rejected"):
        await running.tools.fetch_page(url)
    data = running.world.page("/data", shell(CARRIED["island"]))
    page = await running.tools.fetch_page(data)
    assert SAID in page.text
    assert "Firecrawl did not read it" in page.note
