"""Saved pages of our own making, the text a person would read on each, and how close we come."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import anyio
import pytest

from servers.search.pages import markup
from servers.search.pages.blocks import blocks_of
from servers.search.pages.extract import Extractor, decoded, extract
from servers.search.pages.posts import bylines

PAGES = sorted((Path(__file__).parent / "pages").glob("*.html"))
_TOKEN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]|\w+")


def tokens(text: str) -> Counter[str]:
    return Counter(_TOKEN.findall(text.casefold()))


def f1(found: str, wanted: str) -> float:
    ours, theirs = tokens(found), tokens(wanted)
    both = sum((ours & theirs).values())
    return 2 * both / (sum(ours.values()) + sum(theirs.values()))


def read(path: Path, form: str = "text") -> str:
    return extract(path.read_text(), f"https://e.org/{path.stem}", form).text  # type: ignore[arg-type]


def test_the_table_of_pages(figure) -> None:
    scores = {path.stem: f1(read(path), path.with_suffix(".txt").read_text()) for path in PAGES}
    for name, score in scores.items():
        figure(f"search: page extraction F1, {name}", score, "", at_least=0.8)
    mean = sum(scores.values()) / len(scores)
    figure("search: page extraction, pages", len(scores), "", at_least=20, enforce=True)
    figure("search: page extraction F1, mean", mean, "", at_least=0.95, enforce=True)
    assert min(scores.values()) > 0.7, scores


def test_markdown_keeps_headings_tables_lists_and_code() -> None:
    pages = Path(__file__).parent / "pages"
    assert "## Install" in read(pages / "tutorial.html", "markdown")
    assert "```" in read(pages / "tutorial.html", "markdown")
    assert "| Swift 2 |" in read(pages / "table.html", "markdown")
    assert "- 500 g flour" in read(pages / "recipe.html", "markdown")


def test_a_page_that_is_no_article_keeps_its_shape() -> None:
    pages = Path(__file__).parent / "pages"
    timetable = read(pages / "timetable.html", "markdown")
    assert timetable.startswith("# Bus 7: timetable\n\n")
    assert "| Stop | First | Last |\n| --- | --- | --- |\n| Harbour | 05:10 | 23:40 |" in timetable
    assert "- Bo Chen, treasurer\n- Cleo Diaz" in read(pages / "board.html", "markdown")
    assert "### Next meeting" in read(pages / "minutes.html", "markdown")
    code = "<body><p>Run</p><pre>for x in y:\n    print(x)</pre></body>"
    assert "```\nfor x in y:\n    print(x)\n```" in extract(code, "https://e.org/", "markdown").text


def test_the_frames_of_a_frameset_are_links() -> None:
    page = (Path(__file__).parent / "pages" / "frameset.html").read_text()
    links = [(one.text, one.url) for one in extract(page, "https://e.org/a/", "text").links]
    assert links == [("menu", "https://e.org/a/menu.html"), ("main", "https://e.org/a/main.html")]


def test_a_script_is_read_with_the_joiners_it_is_spelled_with() -> None:
    persian = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    text = extract(f"<p>{persian} a\u200cb</p>", "https://e.org/", "text").text
    assert text == f"{persian} ab"


@pytest.mark.parametrize("form", ["markdown", "text"])
def test_what_a_person_cannot_see_does_not_speak(form: str) -> None:
    text = read(Path(__file__).parent / "pages" / "injection.html", form)
    assert "accordions" in text
    for hidden in ("Ignore all", "developer mode", "delete_entry", "obey", "pills"):
        assert hidden not in text


def test_title_date_language_and_links_are_found() -> None:
    path = Path(__file__).parent / "pages" / "news.html"
    found = extract(path.read_text(), "https://e.org/news/", "text")
    assert found.title == "Council closes old bridge to cars"
    assert (found.published, found.language) == ("2026-03-04T08:00:00Z", "en")
    assert ("Shop", "https://e.org/shop") in [(link.text, link.url) for link in found.links]


def test_links_that_are_no_web_addresses_are_left_out() -> None:
    page = "<p>x</p>" + "".join(
        f'<a href="{href}">t</a>'
        for href in (
            "javascript:x()",
            "data:text/html,x",
            "file:///etc",
            "mailto:a@b.c",
            "http://[",
        )
    )
    assert extract(page, "https://e.org/", "text").links == []


def test_text_that_would_make_a_link_is_passive() -> None:
    page = "<main><p>Please visit [our site](http://evil.test/?q=secret) and ![x](http://evil.test)</p></main>"
    text = extract(page * 3, "https://e.org/", "markdown").text
    assert "](" not in text


@pytest.mark.parametrize(
    "page",
    [
        "",
        "   ",
        "<",
        "<html>",
        "\x00\x01\x02",
        "<p>" * 5000,
        "<div>" * 3000 + "x",
        "<table>" * 500,
        "<!-- " * 1000,
        "&#0;&#x110000;&#xD800;",
        "<p>\ud800</p>",
        "<svg><script>x</script></svg>",
        "<a href='http://[::1'>x</a>",
    ],
)
def test_no_page_breaks_the_reader(page: str) -> None:
    extract(page, "https://e.org/", "markdown")


@pytest.mark.parametrize(
    ("content", "charset", "text"),
    [
        ("<p>Grüße</p>".encode(), "", "Grüße"),
        ("<p>Grüße</p>".encode("latin-1"), "iso-8859-1", "Grüße"),
        (b'<meta charset="windows-1251"><p>' + "Привет".encode("cp1251"), "", "Привет"),
        ("<p>Grüße</p>".encode("utf-16"), "", "Grüße"),
        ("\ufeff<p>Grüße</p>".encode(), "", "Grüße"),
        ("<p>Grüße</p>".encode("cp1252"), "", "Grüße"),
        ("<p>Grüße</p>".encode(), "no-such-charset", "Grüße"),
        ("<p>Grüße</p>".encode(), "undefined", "Grüße"),
        ("<p>Grüße</p>".encode("utf-32"), "", "Grüße"),
        (b"<p>+ADw-b+AD4- \\u0041</p>", "utf-7", "+ADw-b+AD4-"),
        (b"<p>+ADw-b+AD4- \\u0041</p>", "unicode_escape", "\\u0041"),
        ("<meta charset=utf-16><p>Grüße</p>".encode(), "", "Grüße"),
        ("<meta charset=utf-8><p>Grüße</p>".encode(), "iso-8859-1", "Grüße"),
        ("<meta charset=windows-1251><p>Привет".encode("cp1251"), "utf-8", "Привет"),
        (b"<p>\x93yes\x94 \x96 \xfc", "iso-8859-1", "\u201cyes\u201d \u2013 ü"),
        ("<p>①髙日本</p>".encode("cp932"), "shift_jis", "①髙日本"),
        ("<p>①髙日本</p>".encode("cp932"), "x-sjis", "①髙日本"),
        ("<p>镕基 €</p>".encode("gb18030"), "gb2312", "镕基 €"),
        ("<p>똠방각하</p>".encode("cp949"), "euc-kr", "똠방각하"),
        (
            '<?xml version="1.0" encoding="windows-1251"?><html>Привет'.encode("cp1251"),
            "",
            "Привет",
        ),
        (b"<script>" + b"x" * 5000 + "<meta charset=koi8-r>Привет".encode("koi8-r"), "", "Привет"),
    ],
)
def test_every_encoding_is_read(content: bytes, charset: str, text: str) -> None:
    assert text in decoded(content, charset)


@pytest.mark.parametrize("charset", ["utf-8", ""])
def test_one_broken_byte_does_not_spoil_the_rest(charset: str) -> None:
    whole = ("<p>" + "Grüße aus Köln. " * 20).encode()
    assert decoded(whole + b"\xff", charset).count("Grüße aus Köln.") == 20
    assert decoded(whole[:-4] + b"\xc3", charset).count("Grüße aus Köln") == 19
    russian = "<p>Привет, мир ".encode("cp1251") + b"\x98</p>"
    assert "Привет, мир" in decoded(russian, "windows-1251")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Сегодня в городе открылась новая библиотека для детей и взрослых."),
        ("koi8-r", "Сегодня в городе открылась новая библиотека для детей и взрослых."),
        ("shift_jis", "今日は新しい図書館が開館しました。子供も大人も利用できます。"),
        ("euc-jp", "今日は新しい図書館が開館しました。子供も大人も利用できます。"),
        ("gb18030", "今天城里新开了一家图书馆。孩子和大人都可以使用。"),
        ("big5", "今天城裡新開了一家圖書館。孩子和大人都可以使用。"),
        ("euc-kr", "오늘 도시에 새로운 도서관이 문을 열었습니다. 누구나 이용할 수 있습니다."),
        ("cp1253", "Σήμερα άνοιξε μια νέα βιβλιοθήκη στην πόλη για παιδιά."),  # noqa: RUF001
        ("cp1256", "افتتحت اليوم مكتبة جديدة في المدينة للأطفال والكبار."),
    ],
)
def test_a_page_that_does_not_tell_its_encoding_is_read_by_its_looks(
    encoding: str, text: str
) -> None:
    head = "<html><head><title>x</title><script>var x = 1;</script></head><body>\n"
    page = head + "".join(f'<div class="a"><p>{text}</p></div>\n' for _ in range(4))
    assert text in decoded(page.encode(encoding), "")


@pytest.mark.parametrize(
    ("encoding", "language", "text"),
    [
        ("cp1252", "", "L'été dernier, nous sommes allés à la plage près de la forêt."),
        ("cp1252", "", "Não há razão para a população ficar à espera."),
        ("cp1252", "", "Han går på gatan och äter ett äpple i Göteborg."),
        ("cp1252", "", "The café\u2019s owner said \u201cno\u201d \u2013 twice."),
        ("cp1250", "pl", "Zażółć gęślą jaźń, proszę państwa."),
        ("cp1254", "tr-TR", "Şişli'de güneşli bir gün."),
        ("cp1251", "ru", "Привет, мир"),
        ("cp1255", "he", "שלום עולם"),
        ("cp874", "th", "สวัสดีชาวโลก"),
    ],
)
def test_a_latin_page_is_western_unless_its_language_says_otherwise(
    encoding: str, language: str, text: str
) -> None:
    for times in (1, 20):
        page = f'<html lang="{language}">\n' + f"<p>{text}</p>\n" * times
        assert text in decoded(page.encode(encoding), "")


@pytest.mark.parametrize(
    "piece",
    ["<h1>x</h1>", "x<br>", "<p>", "<a href=x>t", "<title><!-- ", "<p>Some words of it.</p>"],
)
def test_a_hostile_page_is_read_in_bounded_time(piece: str) -> None:
    started = time.thread_time()
    extract("<html><body>" + piece * ((1 << 20) // len(piece)), "https://e.org/", "markdown")
    assert time.thread_time() - started < 8


def test_the_title_is_the_pages_and_not_that_of_an_icon() -> None:
    icon = "<svg><title>Menu</title><path/></svg>"
    page = f"<html><head><title>Herons</title></head><body>{icon}<p>x</p>{icon}</body></html>"
    assert extract(page, "https://e.org/", "text").title == "Herons"


@pytest.mark.parametrize(
    ("content", "goal"),
    [
        ("0; url=/en/latest/", "https://e.org/en/latest/"),
        ("5;URL='https://f.org/'", "https://f.org/"),
        ("0; url=javascript:x()", ""),
        ("0; url=file:///etc/passwd", ""),
        ("30", ""),
    ],
)
def test_a_page_that_leads_on_by_itself_says_where(content: str, goal: str) -> None:
    head = f'<head><meta http-equiv="Refresh" content="{content}"></head>'
    found = extract(f"<html>{head}<body></body></html>", "https://e.org/x", "text")
    assert found.text == (f"This page has no text and leads on to {goal}" if goal else "")
    assert [link.url for link in found.links] == [goal] * bool(goal)


def test_links_start_from_where_the_page_says() -> None:
    page = "<html><head><base href='/docs/v2/'></head><body><p>x <a href='a.html'>A</a></p></body>"
    assert extract(page, "https://e.org/x/y", "text").links[0].url == "https://e.org/docs/v2/a.html"


def big_page(size: int = 100_000) -> str:
    """An article with navigation, 80 comments, tables and code."""
    words = "The harbour was quiet that morning and the boats lay close together in the mist. "
    nav = "".join(f'<li><a href="/{n}">Section {n}</a></li>' for n in range(60))
    table = "<table>" + "<tr><td>alpha</td><td>beta</td><td>42</td></tr>" * 40 + "</table>"
    code = "<pre><code>" + "value = compute(1)\n" * 30 + "</code></pre>"
    comments = "".join(f'<div class="comment"><p>Comment {n}</p></div>' for n in range(80))
    body = f"<h1>The harbour</h1>{table}{code}"
    while len(body) < size - len(nav) - len(comments) - 500:
        body += f"<h2>Part {len(body)}</h2><p>{words * 6}</p>"
    return (
        f"<html lang=en><head><title>Harbour</title></head><body><nav><ul>{nav}</ul></nav><main>"
        f"<article>{body}</article></main><section id=comments>{comments}</section></body></html>"
    )


@pytest.mark.anyio
async def test_a_page_of_100_kb_is_read_off_the_loop(figure) -> None:
    page = big_page()
    assert 95_000 < len(page) < 105_000
    extractor = Extractor()
    await extractor.read(page, "https://e.org/", "markdown")
    times, lag = [], 0.0
    for _ in range(5):
        started = time.perf_counter()
        async with anyio.create_task_group() as group:
            ticking = anyio.CancelScope()
            longest: list[float] = []
            group.start_soon(_tick, ticking, longest)
            await extractor.read(page, "https://e.org/", "markdown")
            times.append(time.perf_counter() - started)
            ticking.cancel()
        lag = max([lag, *longest])
    figure("search: reading a 100 KB page, median", sorted(times)[2] * 1000, "ms", at_most=60)
    figure("search: longest gap on the loop meanwhile", lag * 1000, "ms", at_most=60)


async def _tick(scope: anyio.CancelScope, longest: list[float]) -> None:
    with scope:
        while True:
            started = time.perf_counter()
            await anyio.sleep(0.001)
            longest.append(time.perf_counter() - started)


def test_nothing_heavy_is_imported_before_the_first_page() -> None:
    script = "import sys, servers.search.pages.extract; print('lxml' in sys.modules, 'trafilatura' in sys.modules)"  # noqa: E501
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]


FRAME = """<html><head><title>Kettle, 1.7 litres</title><script src="app.js"></script></head><body>
<header><nav><ul><li><a href="/a">Kettles</a></li><li><a href="/b">Pans</a></li></ul></nav></header>
<div class="wrap">{}</div><footer class="site-footer"><div class="footer-links"><ul>
<li><a href="/h">Help centre</a></li><li><a href="/r">Returns and refunds</a></li>
<li><a href="/j">Jobs</a></li></ul></div><div class="footer-languages"><a href="/de">Deutsch</a>,
<a href="/fr">Francais</a>, <a href="/es">Espanol</a></div>
<p>Copyright 2026 Example Kettles. All rights reserved.</p></footer></body></html>"""


def test_a_page_that_shows_only_its_frame_has_no_text() -> None:
    assert extract(FRAME.format(""), "https://e.org/item/17", "text").text == ""
    said = "The kettle boils 1.7 litres in four minutes and switches itself off."
    assert said in extract(FRAME.format(f"<p>{said}</p>"), "https://e.org/item/17", "text").text


def test_a_page_of_cards_is_read_as_one_even_if_it_calls_itself_an_article() -> None:
    huts = {"Heron": 1840, "Larch": 2110, "Gentian": 2380, "Marmot": 1995, "Ibex": 2602}
    cards = "".join(
        f'<div class="card"><h3><a href="/{name}">{name} hut</a></h3><p>{height} m, open</p></div>'
        for name, height in huts.items()
    )
    meta = '<meta property="og:type" content="article">'
    page = f"<html><head>{meta}</head><body><main><h1>Huts</h1>{cards}</main></body></html>"
    text = extract(page, "https://e.org/huts", "text").text
    assert all(f"{name} hut" in text and f"{height} m" in text for name, height in huts.items())


@pytest.mark.parametrize("path", ["news/bread", "7-questions-of-bakers"])
def test_a_short_article_is_found_among_many_menus(path: str) -> None:
    said = [
        f"The {name} bakery opened again on Monday after the flood, and {count} people stood in "
        "line for its first loaves of rye."
        for name, count in (("old", 40), ("small", 12), ("north", 25), ("river", 31))
    ]
    places = ("Local", "World", "Sports", "Money", "Weather", "Opinion", "Culture", "Travel")
    kinds = ("today", "video", "photos", "live", "archive", "tips", "polls", "quiz", "blogs")
    links = enumerate(f"{place} {kind}" for place in places for kind in kinds)
    menu = "".join(f"<li><a href=/{number}>{link} {number}</a></li>" for number, link in links)
    data = (
        '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Bread"}</script>'
    )
    body = "".join(f"<p>{sentence}</p>" for sentence in said)
    parts = (f"<ul>{menu}</ul>", f"<div>{body}</div>", f"<h4>More</h4><ul>{menu}</ul>")
    inner = "".join(f"<div>{part}</div>" for part in parts)
    page = f"<html><head><title>Bread</title>{data}</head><body><div>{inner}</div></body></html>"
    text = extract(page, f"https://e.org/{path}", "text").text
    assert all(sentence in text for sentence in said)
    assert not any(f"{place} tips" in text for place in places)


@pytest.mark.parametrize("beside", ["post", "post-body"])
def test_each_post_of_a_discussion_says_who_wrote_it_and_when(beside: str) -> None:
    posts = [
        ("heron_watcher", "May 4, 2024, 3:47 pm", "Which weir has the most herons in spring?"),
        (
            "Ida",
            "May 5, 2024, 8:02 am",
            "The one below the old mill, at least before nine o'clock.",
        ),
        ("larch77", "yesterday", "I saw eleven of them there last week, so I agree."),
    ]
    shown = "".join(
        f'<div class="post"><div class="post-head"><span class="username">{who}</span></div>'
        f'<div class="{beside}"><div class="post-date"><time>{when}</time></div>'
        f'<p class="author-age">Joined in 2019</p><div><p>{said}</p></div></div></div>'
        for who, when, said in posts
    )
    tree = markup.parsed(f"<html><body><main><h1>Herons</h1>{shown}</main></body></html>")
    assert tree is not None
    blocks = blocks_of(tree)
    said = {post[2] for post in posts}
    taken = bylines(blocks, [block.text in said for block in blocks])
    told = [block.text for block, is_taken in zip(blocks, taken, strict=True) if is_taken]
    assert told == [part for post in posts for part in post]


@pytest.mark.parametrize(
    "odd",
    [
        "\x01",
        "\x0b",
        "\x1b",
        "\ufffe",
        "&#1;",
        "&#x8;",
        "&#31",
        "&#xFFFF;",
        "&#0012;",
        "\x00",
        "&#1 ",
    ],
)
def test_a_control_character_is_no_part_of_the_text(odd: str) -> None:
    page = (
        f"<p>Herons {odd}stand</p><ul><li>by the{odd} weir</li></ul><div>all{odd} day<p>long</div>"
    )
    told = extract(page, "https://e.org/", "markdown").text
    assert " ".join(told.split()) == "Herons stand - by the weir all day long"


def test_what_an_answer_quotes_of_the_posts_before_it_is_told_once() -> None:
    asked = "Which of the weirs below the old mill has the most herons in spring, and at what hour?"
    answers = [
        "The one with the broken gate has eleven of them, at least before nine in the morning.",
        "I have seen none there this year, so I would rather try the pond behind the church.",
    ]
    quoted = f"<blockquote><p>{asked}</p></blockquote>"
    posts = [f"<p>{asked}</p>", *(f"{quoted}<p>{said}</p>" for said in answers)]
    shown = "".join(
        f'<div class="post"><div class="post-body">{post}</div></div>' for post in posts
    )
    text = extract(
        f"<html><body><main><h1>Herons</h1>{shown}</main></body></html>",
        "https://e.org/forum/herons",
        "text",
    ).text
    assert [text.count(said) for said in (asked, *answers)] == [1, 1, 1]


@pytest.mark.parametrize("called", ["widget", "options", "expand"])
def test_a_part_of_an_article_is_not_lost_for_what_it_is_called(called: str) -> None:
    said = "A heron stood on weir number {0} and did not move for the whole time I watched it."
    noted = "<li>Still water {0}</li><li>No wind at {0}</li>"
    part = f"<h2>Weir {{0}}</h2><p>{said} {said}</p><ul>{noted}</ul>"
    parts = "".join(map(part.format, range(3)))
    rest = "".join(map(part.format, range(3, 6)))
    head = '<title>Herons</title><meta property="og:type" content="article">'
    page = (
        f"<html><head>{head}</head><body><article><h1>Herons</h1><div>{parts}</div>"
        f'<div class="{called}">{rest}</div></article></body></html>'
    )
    text = extract(page, "https://e.org/blog/herons", "text").text
    assert all(said.format(number) in text for number in range(6))


@pytest.mark.parametrize("called", ["size-modal", "popup__body", "lightbox"])
def test_what_opens_over_a_page_is_not_its_text(called: str) -> None:
    said = "Heron number {0} stood on the weir and did not move for the whole time I watched it."
    over = "Read how the size of a boot is found, then choose the one that fits you on a warm day."
    shown = "".join(f"<p>{said.format(number)}</p>" for number in range(6))
    dialog = f'<div class="{called}"><h3>Sizes</h3><p>{over}</p></div>'
    page = f"<html><body><main><h1>Herons</h1>{{0}}{dialog}</main></body></html>"
    assert over not in extract(page.format(shown), "https://e.org/herons", "text").text
    assert over in extract(page.format(""), "https://e.org/herons", "text").text


@pytest.mark.parametrize("called", ["signature", "message-signature", "post-sig"])
def test_what_people_sign_their_posts_with_is_no_part_of_a_discussion(called: str) -> None:
    said = "Heron number {0} stood on the weir and did not move for the whole time I watched it."
    signed = "Whoever watches birds needs time, and a chair, and something warm to drink with it."
    shown = "".join(
        f'<div class="post"><div class="post-body"><p>{said.format(number)}</p></div>'
        f'<div class="{called}"><p>{signed} {number}</p></div></div>'
        for number in range(4)
    )
    page = f"<html><body><main><h1>Herons</h1>{shown}</main></body></html>"
    text = extract(page, "https://e.org/forum/herons", "text").text
    assert [text.count(said.format(number)) for number in range(4)] == [1] * 4
    assert signed not in text


def test_a_page_that_may_be_no_article_keeps_what_trafilatura_leaves_out() -> None:
    said = "Heron number {0} stood on the weir and did not move for the whole time I watched it."
    card = "<div class='teaser'><h3><a href='/{0}'>Weir {0}</a></h3><p>" + said + "</p></div>"
    head = '<title>Herons</title><meta property="og:type" content="article">'
    first = "".join(f"<p>{said.format(number)} {said.format(number)}</p>" for number in range(3))
    cards = "".join(map(card.format, range(3, 9)))
    page = f"<html><head>{head}</head><body><main>{first}<div>{cards}</div></main></body></html>"
    text = extract(page, "https://e.org/weirs", "text").text
    assert all(said.format(number) in text for number in range(9))


def test_the_buttons_of_code_are_no_text() -> None:
    said = "The lock keeper opens the weir with this script whenever the water gets high."
    lines = "import weir\n\nfor gate in weir.gates():\n    gate.open(height=0.5, slowly=True)"
    code = f"<button>Copy code</button><pre>{lines}</pre>"
    page = f"<main><h1>Weirs</h1>{f'<p>{said}</p>{code}' * 3}<p>{said}</p></main>"
    text = extract(page, "https://e.org/docs/weir", "text").text
    assert "gate.open" in text
    assert "Copy code" not in text
