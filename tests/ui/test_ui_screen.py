"""The application as a person meets it: a real screen, a real tray, real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from PySide6.QtGui import QImage

from tests import desktop as desktops
from tests import strangers
from tests.patience import PATIENCE_S, wait_until
from tests.ui.screen import Screen, Seen
from tests.ui.screen import screen as screens
from tests.ui.test_ui_contrast import TEXT
from tests.ui.test_ui_contrast_seen import best

pytestmark = pytest.mark.e2e


@pytest.fixture
def seen_welcome(home: Path) -> Path:
    """A home whose person has left the welcome."""
    folder = home / "lou"
    folder.mkdir(mode=0o700)
    (folder / "config.json").write_text(json.dumps({"settings": {"welcome_seen": True}}))
    return home


def status(screen: Screen) -> dict:
    asked = subprocess.run(
        [sys.executable, "-m", "app", "status", "--json"],
        env=screen.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(asked.stdout) if asked.returncode == 0 else {}


def test_icon_appears_a_click_opens_the_window_and_quit_leaves_nothing(seen_welcome: Path) -> None:
    with desktops.session(seen_welcome), screens(seen_welcome) as screen:
        screen.tray()
        lou = screen.lou()
        wait_until(screen.icon, what="the icon")
        assert screen.window() is None
        wait_until(lambda: _all_ready(status(screen)), what="both servers are ready")
        servers = [each["pid"] for each in status(screen)["servers"]]
        screen.click(screen.icon())
        wait_until(screen.window, what="the window after a click")
        lou.send_signal(signal.SIGTERM)
        assert lou.wait(PATIENCE_S) == 0
        assert not [pid for pid in servers if psutil.pid_exists(pid)]
        assert screen.icon() is None


def test_a_second_start_raises_the_first_ones_window(seen_welcome: Path) -> None:
    with screens(seen_welcome) as screen:
        screen.tray()
        screen.lou()
        wait_until(screen.icon, what="the icon")
        wait_until(lambda: status(screen))
        assert screen.lou().wait(PATIENCE_S) == 0
        wait_until(screen.window, what="the window of the first")


def test_a_window_left_on_a_display_that_is_gone_comes_back_on_the_other(
    seen_welcome: Path,
) -> None:
    with screens(seen_welcome, "2732x768") as both:
        both.tray()
        lou = both.lou()
        wait_until(both.icon, what="the icon")
        wait_until(lambda: status(both))
        both.lou().wait(PATIENCE_S)
        wait_until(both.window, what="the window")
        both.ask("xdotool", "windowmove", both.window().id, "1500", "20")
        wait_until(lambda: both.window().x >= 1_366, what="the window on the right display")
        lou.send_signal(signal.SIGTERM)
        assert lou.wait(PATIENCE_S) == 0
    with screens(seen_welcome, "1366x768") as left:
        left.tray()
        left.lou()
        wait_until(left.icon, what="the icon")
        wait_until(lambda: status(left))
        left.lou().wait(PATIENCE_S)
        wait_until(left.window, what="the window again")
        seen = left.window()
        assert 0 <= seen.x <= 1_366 - seen.width
        assert 0 <= seen.y <= 768 - seen.height


@strangers.needs_another_user
def test_a_person_is_told_on_the_screen_why_lou_does_not_start(home: Path) -> None:
    folder = home / "lou"
    folder.mkdir()
    os.chown(folder, strangers.UID, strangers.UID)
    with screens(home) as screen:
        lou = screen.lou()
        _dismiss_message(screen)
        assert lou.wait(PATIENCE_S) == 1
        assert b"does not belong to this user" in lou.stderr.read()
        by_client = screen.lou(LOU_STARTED_BY_CLIENT="1")
        assert by_client.wait(PATIENCE_S) == 1
        assert _box(screen) is None


@strangers.needs_another_user
def test_a_home_in_which_nothing_can_be_written_is_told_on_the_screen(home: Path) -> None:
    with strangers.immutable(home), screens(home) as screen:
        lou = screen.lou()
        _dismiss_message(screen)
        assert lou.wait(PATIENCE_S) == 1
        assert b"LOU_HOME" in lou.stderr.read()


def _dismiss_message(screen: Screen) -> None:
    wait_until(lambda: _box(screen), what="the message")
    box = _box(screen)
    assert box is not None
    screen.press("Escape", box)


def _box(screen: Screen) -> Seen | None:
    return next((each for each in screen.windows() if "does not start" in each.name), None)


def test_a_second_start_while_the_first_still_starts_gets_its_window(seen_welcome: Path) -> None:
    with screens(seen_welcome) as screen:
        screen.tray()
        first, second = screen.lou(), screen.lou()
        wait_until(screen.window, what="the window of the first")
        wait_until(lambda: _ended(first, second), what="one start too many ends")
        assert [each.returncode for each in _ended(first, second)] == [0]


def test_starts_by_clients_open_no_window(seen_welcome: Path) -> None:
    with screens(seen_welcome) as screen:
        screen.tray()
        starts = [screen.lou(LOU_STARTED_BY_CLIENT="1") for _ in range(3)]
        wait_until(lambda: len(_ended(*starts)) == 2, what="one Lou is left")
        wait_until(lambda: _all_ready(status(screen)))
        assert screen.icon()
        assert screen.window() is None


def test_a_start_while_the_last_one_ends_is_not_lost(seen_welcome: Path) -> None:
    with screens(seen_welcome) as screen:
        screen.tray()
        first = screen.lou()
        wait_until(lambda: _all_ready(status(screen)))
        first.send_signal(signal.SIGTERM)
        second = screen.lou()
        assert first.wait(PATIENCE_S) == 0
        wait_until(lambda: status(screen).get("app", {}).get("pid") == second.pid)


def _ended(*starts: subprocess.Popen[bytes]) -> list[subprocess.Popen[bytes]]:
    return [each for each in starts if each.poll() is not None]


def test_without_a_tray_the_window_never_hides_for_good(seen_welcome: Path) -> None:
    with screens(seen_welcome) as screen:
        lou = screen.lou()
        wait_until(screen.window, what="the window, as there is no tray")
        window = screen.window()
        screen.press("ctrl+w", window)
        wait_until(lambda: status(screen))
        assert lou.poll() is None
        assert screen.lou().wait(PATIENCE_S) == 0
        wait_until(screen.window, what="the window again")


def test_a_first_run_opens_the_welcome(home: Path) -> None:
    with screens(home) as screen:
        screen.tray()
        screen.lou()
        wait_until(screen.window, what="the welcome")


def test_no_display_is_said_in_words(home: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    environment.pop("QT_QPA_PLATFORM", None)
    ended = subprocess.run(
        [sys.executable, "-m", "app"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 1
    assert "lou serve" in ended.stderr


def test_a_tray_that_starts_after_lou_gets_its_icon(seen_welcome: Path) -> None:
    with desktops.session(seen_welcome), screens(seen_welcome) as screen:
        screen.lou()
        wait_until(screen.window, what="the window")
        assert not screen.icon()
        screen.tray()
        wait_until(screen.icon, what="the icon")


def test_tray_icon_is_on_the_screen_soon_after_the_start(seen_welcome: Path, figure) -> None:
    with screens(seen_welcome) as screen:
        screen.tray()
        took = []
        for _ in range(3):
            began = time.perf_counter()
            lou = screen.lou()
            wait_until(screen.icon, what="the icon")
            took.append(time.perf_counter() - began)
            wait_until(lambda: status(screen))
            lou.terminate()
            lou.wait(PATIENCE_S)
        figure(
            "ui: process start to visible tray icon, median of 3", sorted(took)[1], "s", at_most=0.6
        )


def _all_ready(told: dict) -> bool:
    servers = told.get("servers", ())
    return bool(servers) and all(each["state"] == "ready" for each in servers)


def test_a_notification_beside_an_old_tray_can_be_read_in_dark_mode(home: Path) -> None:
    """Qt draws it pale yellow in any scheme, and what is not understood makes one at the start."""
    folder = home / "lou"
    folder.mkdir(mode=0o700)
    settings = {"welcome_seen": True, "theme": "dark", "log_total_mb": "much"}
    (folder / "config.json").write_text(json.dumps({"settings": settings}))
    with desktops.session(home), screens(home) as screen:
        screen.tray()
        screen.lou()
        wait_until(lambda: _balloon(screen), what="the notification")
        seen = _balloon(screen)
        assert seen is not None
        screen.picture(home / "all.png")
        drawn = QImage(str(home / "all.png")).copy(seen.x, seen.y, seen.width, seen.height)
        words = drawn.copy(10, drawn.height() // 2, drawn.width() // 2, drawn.height() // 3)
        assert best(words) >= TEXT


def _balloon(screen: Screen) -> Seen | None:
    """A window of Lou that is neither the icon nor as large as the main one."""
    return next(
        (
            each
            for each in screen.windows()
            if '("lou" "lou")' in each.name and 100 < each.width < 600 and screen.is_viewable(each)
        ),
        None,
    )
