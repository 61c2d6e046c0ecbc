"""The window over a real core: what a person sees and switches is what the core says."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QScrollArea,
    QWidget,
)

from app.config import custom_servers
from app.errors import ServerError
from app.metrics.reports import ApiUse, Report, Summary, TimeWindow
from app.ui import wording
from app.ui.page_registry import PAGES
from app.ui.pages.breakdown import Breakdown
from app.ui.pages.servers import ServersPage
from app.ui.widgets.card import Card
from app.ui.widgets.rows import KEY, ROW, RowList
from app.ui.widgets.steps import Steps
from app.ui.widgets.switch import Switch
from app.ui.widgets.tiles import Tiles
from tests.ui.finding import find
from tests.ui.pages import ServersView, StripView, TryView
from tests.ui.rig import Rig
from tests.ui.test_ui_own_servers import SERVER

NAMED = (QAbstractButton, QLineEdit)


def row_list(page: QWidget, name: str) -> RowList:
    return next(each for each in page.findChildren(RowList) if each.accessibleName() == name)


def test_every_page_opens_and_shows_no_problem(lou: Rig) -> None:
    known = len(lou.problems)
    for place in PAGES:
        page = lou.page(place.name)
        assert page.isVisible()
    assert lou.problems[known:] == []


def test_what_recurs_is_quick_while_the_window_is_open(lou: Rig) -> None:
    lou.window.hide()
    heartbeat = lou.core.heartbeat
    lou.until(lambda: heartbeat.pace_s > 2, 30)
    lou.window.show()
    assert heartbeat.pace_s == 2


@pytest.mark.parametrize("name", [place.name for place in PAGES])
def test_nothing_is_cut_off_in_the_smallest_window(lou: Rig, name: str) -> None:
    page = lou.page(name)
    before = lou.window.size()
    lou.window.resize(1, 1)
    lou.until(lambda: lou.window.size() == lou.window.minimumSize())
    lou.until(lambda: page.width() >= page.minimumSizeHint().width())
    assert page.height() >= page.minimumSizeHint().height()
    for area in page.findChildren(QScrollArea):
        if area.isVisible() and area.widget():
            needed = area.widget().minimumSizeHint().width
            lou.until(lambda area=area, needed=needed: needed() <= area.viewport().width())
    lou.window.resize(before)


@pytest.mark.parametrize("name", [place.name for place in PAGES if place.is_listed])
def test_the_open_page_is_seen_in_the_list_of_the_lowest_window(lou: Rig, name: str) -> None:
    lou.window.resize(1060, 720)
    pages = find(lou.window, QListWidget, "Pages")
    lou.until(lambda: pages.height() > 400)
    lou.page(name)
    lou.window.resize(1, 1)
    lou.until(lambda: pages.height() < 400)
    lou.until(lambda: pages.viewport().rect().contains(pages.visualItemRect(pages.currentItem())))


@pytest.mark.parametrize("width", [1, 800, 900, 1060])
def test_follow_and_pause_stand_side_by_side_in_a_window_of_any_width(lou: Rig, width: int) -> None:
    page = lou.page("logs")
    lou.window.resize(width, 600)
    follow, pause = find(page, QAbstractButton, "Follow"), find(page, QAbstractButton, "Pause")
    lou.until(lambda: follow.y() == pause.y() and follow.isVisible())


def test_the_first_field_of_a_tool_is_seen_in_the_smallest_window(lou: Rig) -> None:
    page = TryView(lou).page
    page.choose("search web_search")
    lou.window.resize(1, 1)
    fields = page.findChildren
    lou.until(lambda: any(each.accessibleName() == "Query" for each in fields(QLineEdit)))
    first = find(page, QLineEdit, "Query")
    lou.until(lambda: first.visibleRegion().boundingRect().height() == first.height())


def test_a_server_of_long_words_keeps_its_buttons_in_the_smallest_window(lou: Rig) -> None:
    page = lou.page("servers")
    before = lou.window.size()
    entry = {"command": "/nowhere/" + "x" * 90, "args": ["word " * 700], "disabled": True}
    lou.core.add_server("w" * 32, entry)
    servers = ServersView(page)
    lou.until(lambda: servers.list.model().row_of("w" * 32) >= 0)
    page.choose("w" * 32)
    lou.window.resize(1, 1)
    lou.until(lambda: lou.window.size() == lou.window.minimumSize())
    detail = servers.detail
    lou.until(lambda: detail.minimumSizeHint().width() <= detail.parentWidget().width())
    assert detail.parentWidget().rect().contains(servers.switch.geometry())
    assert servers.command.height() < 400
    lou.window.resize(before)
    lou.run(lou.core.remove_server("w" * 32))


def test_steps_too_narrow_for_their_titles_take_two_lines(lou: Rig) -> None:
    steps = Steps(lou.theme, "How far")
    steps.show_steps([("Session opened", ""), ("Tools listed", "12:00")])
    steps.resize(400, 100)
    wide = steps.sizeHint().height()
    steps.resize(120, 100)
    assert steps.sizeHint().height() == wide + steps.fontMetrics().height()


def test_figures_stand_in_two_rows_where_one_is_too_narrow(lou: Rig) -> None:
    tiles = Tiles(("Up for", "Clients", "Calls today", "Failed", "CPU", "Memory"))
    tiles.show()
    tiles.resize(700, 100)
    each = tiles.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
    assert len(each) == 6
    lou.until(lambda: len({tile.y() for tile in each}) == 1)
    tiles.resize(tiles.minimumSizeHint())
    lou.until(lambda: len({tile.y() for tile in each}) == 2)
    tiles.resize(700, 100)
    lou.until(lambda: len({tile.y() for tile in each}) == 1)
    tiles.set_value(
        "Up for", "a very long time, longer than any row has room for, and longer still"
    )
    lou.until(lambda: len({tile.y() for tile in each}) == 2)
    tiles.close()


def test_the_tables_of_metrics_stand_below_each_other_where_a_row_is_too_narrow(lou: Rig) -> None:
    long_names = {f"a kind of error with a long name, {n}": n for n in range(20)}
    used = {f"provider-with-a-long-name-{n}": ApiUse(1_000_000, 1_000) for n in range(20)}
    total = Summary("", calls=9_000_000, kinds=long_names, apis=used)
    tools = tuple(replace(total, tool=f"a_tool_with_quite_a_long_name_{n}") for n in range(20))
    tables, area = Breakdown(), QScrollArea()
    area.setWidgetResizable(True)
    area.setWidget(tables)
    area.resize(1_600, 400)
    area.show()
    cards = tables.findChildren(Card, options=Qt.FindChildOption.FindDirectChildrenOnly)
    assert len(cards) == 3
    lou.until(lambda: len({card.y() for card in cards}) == 1)
    tables.show_report(Report(TimeWindow.HOUR, 60, total, (total,), tools, ()))
    area.resize(540, 400)
    lou.until(lambda: len({card.y() for card in cards}) == 3)
    assert tables.width() <= area.viewport().width()
    assert all(card.width() >= card.minimumSizeHint().width() for card in cards)
    area.close()


def test_a_switch_in_the_list_stops_and_starts_a_server(lou: Rig) -> None:
    servers = row_list(lou.page("servers"), "Servers")
    index = servers.model().index(0, 0)
    servers.setCurrentIndex(index)
    QTest.keyClick(servers, Qt.Key.Key_Space)
    lou.until(lambda: lou.state("search") == "off")
    lou.until(lambda: index.data(ROW).on is False)
    QTest.keyClick(servers, Qt.Key.Key_Space)
    lou.until(lambda: lou.state("search") == "ready")
    lou.until(lambda: index.data(ROW).on is True)


def test_the_servers_page_begins_with_the_one_that_needs_the_person(lou: Rig) -> None:
    lou.core.add_server("broken", {"command": "/nowhere/at/all"})
    lou.until(lambda: any(each.trouble for each in lou.core.servers()))
    page = ServersPage(lou.session.context)
    page.show()
    chosen = row_list(page, "Servers").currentIndex
    lou.until(lambda: chosen().data(KEY) == "broken")
    page.close()
    lou.run(lou.core.remove_server("broken"))


def test_the_chosen_server_stays_chosen_when_another_comes_and_goes(lou: Rig) -> None:
    servers = row_list(lou.page("servers"), "Servers")
    for name in ("tracker", "aside"):
        lou.core.add_server("aside", {"command": "/nowhere/at/all", "disabled": True})
        lou.until(lambda: servers.model().rowCount() == 3)
        lou.page("servers").choose(name)
        lou.core.add_server("other", {"command": "/nowhere/at/all", "disabled": True})
        lou.until(lambda: servers.model().rowCount() == 4)
        assert servers.currentIndex().data(KEY) == name
        lou.run(lou.core.remove_server("other"))
        lou.run(lou.core.remove_server("aside"))
        lou.until(lambda: servers.model().rowCount() == 2)
    assert servers.currentIndex().data(KEY) == "tracker"


def test_a_server_that_is_being_removed_is_refused_in_words(lou: Rig) -> None:
    lou.core.add_server("aside", {"command": "/nowhere/at/all", "disabled": True})
    lou.until(lambda: len(lou.core.servers()) == 3)
    lou.core.settings.update(lambda config: custom_servers.removed(config, "aside"))
    with pytest.raises(ServerError, match="aside"):
        lou.core.server("aside")
    assert len(lou.core.servers()) == 2


def test_tray_and_window_say_the_same_after_every_switch(lou: Rig) -> None:
    servers = row_list(lou.page("servers"), "Servers")
    menu = lou.tray.icon.contextMenu()
    for on in (False, True):
        lou.run(lou.core.enable("tracker", on))
        lou.until(lambda on=on: servers.model().index(1, 0).data(ROW).on is on)
        menu.aboutToShow.emit()
        rows = {action.text(): action.isChecked() for action in menu.actions()}
        words = wording.state_text(lou.core.server("tracker")).words.lower()
        assert rows[f"Tracker: {words}"] is on
        lou.until(lambda w=words: servers.model().index(1, 0).data(ROW).detail.lower() == w)
    lou.until(lambda: lou.state("tracker") == "ready")


def test_a_tool_switched_in_the_tray_is_off_in_the_window(lou: Rig) -> None:
    page = lou.page("servers")
    servers = row_list(page, "Servers")
    servers.setCurrentIndex(servers.model().index(0, 0))
    tools = row_list(page, "Tools")
    lou.until(lambda: tools.model().rowCount() == 5)
    menu = lou.tray.icon.contextMenu()
    menu.aboutToShow.emit()
    submenu = next(action.menu() for action in menu.actions() if action.menu())
    assert isinstance(submenu, QMenu)
    next(each for each in submenu.actions() if each.text() == "Search the web").trigger()
    lou.until(lambda: tools.model().index(0, 0).data(ROW).on is False)
    assert lou.core.server("search").disabled_tools == ("web_search",)
    lou.run(lou.core.enable("search", True, "web_search"))
    lou.until(lambda: tools.model().index(0, 0).data(ROW).on is True)


@pytest.mark.parametrize("count", [11, 40])
def test_many_tools_fit_into_the_tray_in_the_order_of_their_numbers(lou: Rig, count: int) -> None:
    name = f"many{count}"
    lou.core.add_server(name, {"command": SERVER[0], "args": [SERVER[1], "0", "1", str(count)]})
    lou.until(lambda: any(each.name == name for each in lou.core.servers()))
    lou.until(lambda: lou.state(name) == "ready")
    lou.until(lambda: len(lou.core.remembered_tools(name)) == count)
    menu = lou.tray.icon.contextMenu()
    menu.aboutToShow.emit()
    submenus = [action.menu() for action in menu.actions() if action.menu()]
    for each in (menu, *submenus):
        assert each.sizeHint().height() < 720, "it does not fit a screen of 1366 x 768"
    if count == 11:
        listed = [action.text() for action in submenus[-1].actions()]
        assert listed == ["big", *(f"tool_{n}" for n in range(1, 11))]
    else:
        texts = [action.text() for action in menu.actions()]
        menu.actions()[texts.index(f"40 tools of {name}...")].trigger()
        page = lou.window.page("servers")
        lou.until(page.isVisible)
        lou.until(lambda: row_list(page, "Tools").model().rowCount() == count)
        assert row_list(page, "Servers").currentIndex().data(KEY) == name
    lou.run(lou.core.remove_server(name))


def test_many_servers_leave_the_menu_of_the_tray_its_other_entries(lou: Rig) -> None:
    names = [f"resting{number}" for number in range(20)]
    for name in names:
        lou.core.add_server(name, {"command": "/bin/cat", "disabled": True})
    lou.until(lambda: len(lou.core.servers()) > len(names))
    menu = lou.tray.icon.contextMenu()
    menu.aboutToShow.emit()
    texts = [action.text() for action in menu.actions()]
    assert menu.sizeHint().height() < 720, "it does not fit a screen of 1366 x 768"
    assert {"Search: ready", "Quit"} < set(texts)
    menu.actions()[texts.index(f"{len(lou.core.servers()) - 8} more servers...")].trigger()
    lou.until(lou.window.page("servers").isVisible)
    for name in names:
        lou.run(lou.core.remove_server(name))


def test_pause_all_stops_every_server_and_resume_brings_back_what_was_on(lou: Rig) -> None:
    page = lou.page("servers")
    pause = next(b for b in page.findChildren(QAbstractButton) if b.text() == "Pause all")
    pause.click()
    lou.until(lambda: {server.state for server in lou.core.servers()} == {"off"})
    lou.until(lambda: pause.text() == "Resume all")
    pause.click()
    lou.until(lambda: {server.state for server in lou.core.servers()} == {"ready"})


def test_everything_a_person_can_press_has_a_name(lou: Rig) -> None:
    for place in PAGES:
        page = lou.page(place.name)
        for widget in page.findChildren(QWidget):
            if not isinstance(widget, (*NAMED, Switch)) or widget.objectName().startswith("qt_"):
                continue
            text = widget.text() if isinstance(widget, QAbstractButton) else ""
            has_name = text or widget.accessibleName() or isinstance(widget.parent(), NAMED)
            assert has_name or not widget.isVisible(), f"{place.name}: {widget}"


def test_everything_that_tab_reaches_has_a_name_and_comes_in_the_order_it_is_read(
    lou: Rig,
) -> None:
    for place in PAGES:
        page = lou.page(place.name)
        lou.until(page.isVisible)
        if place.name == "try":
            lou.until(lambda: TryView(lou).form is not None)
        for widget in page.findChildren(QWidget):
            if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
                name = widget.accessibleName() or getattr(widget, "text", str)()
                assert name or widget.focusProxy() or widget.parent().accessibleName(), widget
    page = TryView(lou)
    reached, widget = [], page.tool
    while widget is not page.run:
        widget = widget.nextInFocusChain()
        reached.append(widget)
    assert [each for each in page.form.editors if each.input not in reached] == []


def test_the_page_scrolls_along_with_the_keys_in_a_list_of_many_rows(lou: Rig) -> None:
    page = lou.page("servers")
    page.choose("tracker")
    tools = row_list(page, "Tools")
    lou.until(lambda: tools.model().rowCount() == 10)
    area = ServersView(page).area
    before = lou.window.size()
    lou.window.resize(lou.window.minimumSize())
    lou.activate()
    tools.setFocus()
    lou.until(tools.hasFocus)
    QTest.keyClick(tools, Qt.Key.Key_End)
    row = tools.visualRect(tools.model().index(9, 0))
    shown = area.viewport().rect()
    lou.until(lambda: shown.contains(tools.viewport().mapTo(area.viewport(), row.center())))
    lou.window.resize(before)


def test_no_label_of_the_window_reads_markup(lou: Rig) -> None:
    for place in PAGES:
        for label in lou.page(place.name).findChildren(QLabel):
            has_picture = not label.pixmap().isNull()
            assert (
                has_picture or label.textFormat() == Qt.TextFormat.PlainText or not label.text()
            ), f"{place.name}: {label.text()!r}"


def test_hidden_window_does_no_work(lou: Rig) -> None:
    lou.page("logs")
    lou.window.hide()
    hidden = [timer for timer in lou.window.findChildren(QTimer) if timer.isActive()]
    assert hidden == []
    lou.page("logs")
    assert [timer for timer in lou.window.findChildren(QTimer) if timer.isActive()]


def test_a_broken_config_is_told_above_every_page_until_it_is_mended(lou: Rig) -> None:
    file, known = lou.core.settings.path, len(lou.problems)
    before = file.read_bytes()
    lou.page("servers")
    strip = StripView(lou.window, "lasting")
    assert not strip.isVisible()
    file.write_bytes(before.rstrip()[:-1] + b",}")
    lou.until(strip.isVisible, 30)
    assert "config.json is broken at line" in strip.text
    assert strip.button.text() == "Open config.json"
    assert "config.json is broken" in lou.tray.icon.toolTip()
    lou.window.resize(1, 1)
    lou.until(lambda: lou.window.size() == lou.window.minimumSize())
    switch = lou.page("servers").findChildren(Switch)[0]
    switch.click()
    lou.until(lambda: len(lou.problems) == known + 1)
    assert "line" in lou.problems[-1].title
    lou.until(lambda: switch.isChecked() == lou.core.server("search").wanted)
    file.write_bytes(before)
    lou.until(lambda: not strip.isVisible(), 30)
    assert len(lou.close_dialogs()) == 1
    assert "config.json" not in lou.tray.icon.toolTip()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere an idle Lou looks at its slow beats")
def test_an_edit_of_config_json_is_read_at_once_by_a_lou_that_nobody_looks_at(lou: Rig) -> None:
    lou.window.hide()
    beats = lou.core.heartbeat
    lou.until(lambda: beats.pace_s > 2)
    file = lou.home / "lou" / "config.json"
    before = file.read_text()
    file.write_text(before.rstrip().removesuffix("}") + ', "mine": 1}')
    lou.until(lambda: beats.pace_s <= 2, 4)
    file.write_text(before)
