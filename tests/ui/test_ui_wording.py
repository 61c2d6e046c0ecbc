"""What a person reads for each fact: states, amounts, times, notices."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtCore import QObject, Signal

from app.ui import wording
from app.ui.notifications import Notifications
from app.views import Notice, ServerView, Trouble
from tests.ui.pages import StripView
from tests.ui.rig import Rig


def server(state: str, name: str = "search", **more: object) -> ServerView:
    wanted = more.pop("wanted", state != "off")
    return ServerView(name, bool(wanted), state, title=name.capitalize(), embedded=True, **more)


@pytest.mark.parametrize(
    ("states", "overall"),
    [
        (("ready", "ready"), "well"),
        (("ready", "starting"), "busy"),
        (("ready", "failed"), "attention"),
        (("starting", "blocked"), "attention"),
        (("off", "off"), "off"),
        (("off", "ready"), "well"),
        ((), "off"),
    ],
)
def test_one_look_tells_how_all_servers_are(states: tuple[str, ...], overall: str) -> None:
    servers = [server(state, f"s{n}") for n, state in enumerate(states)]
    assert wording.overall(servers).value == overall
    assert wording.summary(servers)


@pytest.mark.parametrize(
    "state",
    ["off", "blocked", "starting", "ready", "unhealthy", "backoff", "stopping", "failed", "new"],
)
def test_every_state_has_words(state: str) -> None:
    assert wording.state_text(server(state)).words[0].isupper()


def test_a_trouble_leads_to_where_it_is_mended() -> None:
    assert (
        wording.fix_of(server("blocked", trouble=Trouble("key_missing", "No key", key="X")))
        == "keys"
    )
    assert (
        wording.fix_of(server("blocked", trouble=Trouble("keyring_locked", "Locked"))) == "unlock"
    )
    assert wording.fix_of(server("failed", trouble=Trouble("crash_loop", "It crashed"))) == "logs"


def test_amounts_read_well() -> None:
    assert wording.duration(3_700) == "1 h 1 min"
    assert wording.duration(200_000) == "2 d 7 h"
    assert wording.milliseconds(0.42) == "0.4 ms"
    assert wording.milliseconds(1_500) == "1.5 s"
    assert wording.size(5_400_000) == "5.1 MB"
    assert wording.percent(0.005) == "0.5 %"
    assert wording.counted(1, "entry", "entries") == "1 entry"


def test_texts_for_places_that_read_markup_hold_none() -> None:
    assert wording.menu_text("A & B") == "A && B"
    assert not set("<>&") & set(wording.notice_text("<a href='x'>&amp;</a>"))


def test_the_same_notice_is_shown_once_and_never_as_a_storm(
    lou: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(lou.tray.icon, "showMessage", lambda title, *_: shown.append(title))
    now = [0.0]
    told = Notifications(lou.session.context, lou.tray, print, clock=lambda: now[0])
    monkeypatch.setattr(type(lou.tray), "is_there", True)
    for _ in range(50):
        told.show(Notice("gave_up", "Search failed", "It ended five times.", server="search"))
    told.show(Notice("key_rejected", "Tavily refused the key", "", server="search"))
    assert shown == ["Search failed", "Tavily refused the key"]
    now[0] = 700.0
    told.show(Notice("gave_up", "Search failed", "", server="search"))
    assert len(shown) == 3


def test_without_a_tray_the_window_carries_the_notice(lou: Rig) -> None:
    lou.page("servers")
    told = Notifications(lou.session.context, lou.tray, lou.window.show_notice)
    told.show(Notice("gave_up", "Tracker failed for good", "It ended five times.", action="logs"))
    strip = StripView(lou.window, "notice")
    assert strip.isVisible()
    strip.button.click()
    assert not strip.isVisible()
    assert lou.window.page("logs").isVisible()


class Emitter(QObject):
    signal = Signal()


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from 3.12 on")
def test_a_slot_leaves_the_reference_count_of_none_as_it_was(qapp: object) -> None:
    emitter = Emitter()
    emitter.signal.connect(lambda: None)
    before = sys.getrefcount(None)
    for _ in range(1_000):
        emitter.signal.emit()
    assert abs(sys.getrefcount(None) - before) < 100


def test_a_row_shows_nothing_that_colours_it_or_turns_it_around() -> None:
    told = wording.one_line("a\u202egpj.exe \x1b[31;1mred\x1b[0m\x07\x00 \u2066b\u2069\tc\nd")
    assert told == "agpj.exe red b c d"


def test_a_row_of_a_long_text_is_cut_at_its_length() -> None:
    assert wording.one_line("x" * 1_000_000, 20) == "x" * 19 + "…"
    assert wording.one_line("a" + " " * 1_000 + "b", 20) == "a…"
    assert wording.one_line("word " * 4, 20) == "word word word word"
