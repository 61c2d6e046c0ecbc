"""Results as people read them: links, tables, pictures, and never the markup of others."""

from __future__ import annotations

import base64

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QImage, QTextDocument
from PySide6.QtWidgets import QApplication

from app.ui.readable import readable
from app.ui.tool_attempts import Attempt
from app.ui.widgets.reader import Reader
from app.views import Answer

HOSTILE = "<script>x</script><img src='http://a/b.png'>&amp;\u202e"


def html_of(data: object = None, text: str = "", outcome: str = "ok", **extra: object) -> str:
    answer = Answer("success", data=data, text=text, extra=extra)
    return readable(Attempt("s", "t", {}, 0.0, 1.0, outcome, answer)).html


def test_a_failure_is_its_sentence() -> None:
    shown = html_of({"error": {"code": 7}}, "The key was refused. Set another.", "error")
    assert "The key was refused. Set another." in shown
    assert "code" not in shown


def test_results_are_links_with_their_texts() -> None:
    rows = [{"title": "A page", "url": "https://a.example/x?y=1&z=2", "snippet": "What it says"}]
    shown = html_of({"results": rows, "count": 1})
    assert '<a href="https://a.example/x?y=1&amp;z=2"><b>A page</b></a>' in shown
    assert "What it says" in shown
    assert "Count" in shown


def test_objects_alike_are_a_table() -> None:
    shown = html_of([{"email": "a@x.example", "note": None}, {"email": "b@x.example", "n": 2}])
    assert shown.count("<tr>") == 3
    assert "E-mail" in shown


@pytest.mark.parametrize(
    "data", [{"a": HOSTILE}, [HOSTILE], [{"title": HOSTILE, "url": "https://x"}]]
)
def test_no_markup_of_others_is_read(data: object) -> None:
    for shown in (html_of(data), html_of(text=HOSTILE), html_of({HOSTILE: [{HOSTILE: HOSTILE}]})):
        assert "<script" not in shown
        assert "<img" not in shown
        assert "\u202e" not in shown


def test_an_address_in_a_text_is_a_link_without_the_full_stop() -> None:
    assert 'href="https://a.example/b"' in html_of(text="See https://a.example/b. Done")
    assert "href" not in html_of([{"title": "x", "url": "javascript:alert(1)"}])


@pytest.mark.parametrize(
    "data",
    [{}, [], "", None, 0, False, {"a": {}}, [[[[[1]]]]], {"a": {"b": {"c": {"d": {"e": 1}}}}}],
)
def test_every_value_is_shown(data: object) -> None:
    assert html_of(data).startswith("<")


def test_what_is_long_is_cut_and_says_so() -> None:
    assert len(html_of([{"n": n} for n in range(50_000)])) < 50_000
    assert "more in the tree" in html_of(list(range(50_000)))
    assert len(html_of(text="word " * 1_000_000)) < 200_000


def test_a_picture_is_shown_and_nothing_is_loaded(qapp: QApplication) -> None:
    picture = QImage(40, 20, QImage.Format.Format_RGB32)
    from PySide6.QtCore import QBuffer

    buffer = QBuffer()
    picture.save(buffer, "PNG")
    data = base64.b64encode(buffer.data().data()).decode()
    content = [
        {"type": "image", "data": data, "mimeType": "image/png"},
        {"type": "image", "data": "?"},
    ]
    made = readable(
        Attempt("s", "t", {}, 0.0, 1.0, "ok", Answer("success", extra={"content": content}))
    )
    assert "cannot be read" in made.html
    reader = Reader("answer", lambda _url: None)
    reader.show_html(made.html, made.pictures)
    kind = QTextDocument.ResourceType.ImageResource.value
    assert reader.loadResource(kind, QUrl("picture:0")).size() == picture.size()
    assert reader.loadResource(kind, QUrl("file:///etc/passwd")).isNull()
    assert (
        reader.loadResource(QTextDocument.ResourceType.HtmlResource.value, QUrl("file:///x"))
        is None
    )
