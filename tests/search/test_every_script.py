"""Pages in scripts without spaces or full stops are read as closely as others."""

from __future__ import annotations

import pytest

from servers.search.pages.extract import extract

_SAID_IN = {
    "zh": "近日研究人员在湖边的堰上看到一只苍鹭它整整一个上午都没有移动过引起了许多路人的注意",
    "ja": "先日湖のほとりの堰で一羽のアオサギが午前中ずっと動かずにいて多くの人の注意を引きました",
    "th": "เมื่อเร็วๆนี้นักวิจัยได้สังเกตเห็นนกกระสาตัวหนึ่งบนฝายริมทะเลสาบซึ่งไม่ขยับเลยตลอดทั้งเช้า",
    "hi": "हाल ही में झील के किनारे बने बांध पर एक बगुला देखा गया जो पूरी सुबह अपनी जगह से नहीं हिला",
    "en": "Lately a grey heron was seen on the weir by the lake that did not move all morning long",
}
_FULL_STOPS = {"zh": "。", "ja": "。", "th": "", "hi": "।", "en": "."}


@pytest.mark.parametrize("language", _SAID_IN)
@pytest.mark.parametrize("many", [5, 15])
def test_a_text_is_found_in_every_script(language: str, many: int) -> None:
    said, stop = _SAID_IN[language], _FULL_STOPS[language]
    shown = "".join(f"<p>{number} {said}{stop}</p>" for number in range(many))
    menu = "".join(f"<li><a href='/{at}'>{said[at : at + 4]}</a></li>" for at in range(0, 30, 3))
    page = (
        f"<html lang={language}><head><meta property='og:type' content='article'></head><body>"
        f"<div class=top><ul>{menu}</ul></div><div class=con><h1>{said[:9]}</h1>{shown}</div>"
        f"<div class=side><ul>{menu}</ul></div></body></html>"
    )
    lines = extract(page, "https://e.org/a/1", "text").text.splitlines()
    assert [line for line in lines if len(line) > 9] == [
        f"{number} {said}{stop}" for number in range(many)
    ]
    assert len(lines) <= many + 1
