"""What belongs to an article: all that goes on like it, and nothing that follows it."""

from __future__ import annotations

import pytest

from servers.search.pages.extract import extract


def told(first: int, last: int) -> str:
    return "".join(f"<p>{_SAID.format(number)}</p>" for number in range(first, last))


_SAID = "Heron {0} stood {0} steps off weir {0} while {0} boats and {0} swans went by at {0}."
_CARD = (
    f'<article class="card"><h2><a href="/{{0}}">Weir</a></h2><div><p>{_SAID}</p></div></article>'
)
_HEAD = '<head><title>Herons</title><meta property="og:type" content="article">{}</head>'


@pytest.mark.parametrize(
    "beside",
    [
        _CARD,
        f"<li><b>Ann</b><div class=talk><p>{_SAID} So it was.</p></div></li>",
        f"<p>{_SAID}</p>",
    ],
    ids=["teasers", "comments", "appeals"],
)
@pytest.mark.parametrize(
    ("path", "head"),
    [
        ("2024/herons", ""),
        ("herons", '<meta property="article:published_time" content="2024-05-03">'),
    ],
)
def test_what_follows_an_article_with_a_date_is_no_part_of_it(
    beside: str, path: str, head: str
) -> None:
    others = "".join(map(beside.format, range(10, 40)))
    page = (
        f"<html>{_HEAD.format(head)}<body><main><h1>Herons</h1>"
        f'<div class="entry-content">{told(0, 8)}</div></main>'
        f"<section>{others}</section></body></html>"
    )
    text = extract(page, f"https://e.org/{path}", "text").text
    assert [number for number in range(40) if _SAID.format(number) in text] == list(range(8))


def test_an_article_with_a_date_goes_on_in_elements_like_its_first() -> None:
    shown = "<aside>Buy boots</aside>".join(
        f'<div class="article-body">{told(first, first + 4)}</div>' for first in range(0, 16, 4)
    )
    page = f"<html>{_HEAD.format('')}<body><h1>Herons</h1><div>{shown}</div></body></html>"
    text = extract(page, "https://e.org/2024/herons", "text").text
    assert all(_SAID.format(number) in text for number in range(16))


def test_what_a_text_repeats_itself_is_told_again() -> None:
    steps = "".join(
        f"<h2>Day {day}</h2><p>{_SAID.format(0)}</p>{told(day, day + 1)}" for day in range(1, 6)
    )
    page = f"<html><body><main><h1>Herons</h1>{steps}</main></body></html>"
    assert extract(page, "https://e.org/herons", "text").text.count(_SAID.format(0)) == 5


@pytest.mark.parametrize("code", ["", "<pre>make a weir of old stones</pre>"])
def test_a_title_is_told_once_but_in_code(code: str) -> None:
    title = "Make a weir of old stones"
    page = (
        f"<html><body><main><p>Home / {title}</p><h1>{title}</h1>{code}{told(0, 8)}"
        f"<h3>{title}</h3></main></body></html>"
    )
    text = extract(page, "https://e.org/weirs", "text").text
    assert (text.count(title), text.count("make a weir")) == (1, bool(code))
    assert _SAID.format(7) in text


@pytest.mark.parametrize(("links", "kept"), [(2, False), (30, True)])
def test_an_article_is_told_without_what_only_leads_on_unless_it_is_a_list_of_links(
    links: int, kept: bool
) -> None:
    leads = [f"Read of {number} more weirs in pictures" for number in range(links)]
    parts = "".join(
        f"{told(number, number + 1)}<p><a href=/{number}>{lead}</a></p>"
        for number, lead in enumerate(leads)
    )
    noted = "".join(f"<li>No wind at weir {number}</li>" for number in range(20))
    page = (
        f"<html>{_HEAD.format('')}<body><article><h1>Herons</h1>{told(40, 48)}<ul>{noted}</ul>"
        f"{parts}{told(50, 58)}</article></body></html>"
    )
    text = extract(page, "https://e.org/weirs", "text").text
    assert _SAID.format(40) in text
    assert [lead in text for lead in leads] == [kept] * links
