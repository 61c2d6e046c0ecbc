"""What the process holds of the machine's memory while nobody looks."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtWidgets import QApplication, QLabel

from servers.contract import code_pages
from tests.ui.screen import printed_alone

_SMAPS = """\
7f10-7f20 r-xp 00001000 00:1b 31 /usr/lib/libclean.so
Rss:                  64 kB
Private_Dirty:         0 kB
7f20-7f30 r-xp 00001000 00:1b 32 /usr/lib/libpatched.so
Private_Dirty:         4 kB
7f30-7f40 r--p 00001000 00:1b 31 /usr/lib/libclean.so
Private_Dirty:         0 kB
7f40-7f50 rw-p 00001000 00:1b 31 /usr/lib/libclean.so
Private_Dirty:         0 kB
7f50-7f60 r-xp 00000000 00:00 0 [vdso]
Private_Dirty:         0 kB
7f60-7f70 r-xp 00001000 00:1b 33 /opt/a folder/python3
Private_Dirty:         0 kB
"""


def code_kb() -> int:
    """How much of files of code is in this process now."""
    smaps = Path("/proc/self/smaps").read_text()
    parts = re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", smaps, flags=re.MULTILINE)
    code = [part for part in parts if re.match(r"\S+ r-xp .* /", part)]
    return sum(int(found[1]) for part in code if (found := re.search(r"Rss: +(\d+)", part)))


def test_only_code_that_is_as_its_file_is_given_back() -> None:
    assert list(code_pages._code(_SMAPS.splitlines())) == [(0x7F10, 0x7F20), (0x7F60, 0x7F70)]


def test_code_is_given_back_and_runs_again(qapp: QApplication) -> None:
    QLabel("before").grab()
    before = code_kb()
    code_pages.give_back_code()
    assert code_kb() < before * 0.6
    assert not QLabel("after").grab().isNull()


def test_asyncio_is_loaded_without_tls_and_others_get_it() -> None:
    program = (
        "import sys; from app.ui import memory_footprint; memory_footprint.load_asyncio()\n"
        "import asyncio; print('_ssl' in sys.modules)\n"
        "import ssl; print(bool(ssl.create_default_context()))"
    )
    assert printed_alone(program) == ["False", "True"]


def test_the_icon_alone_needs_neither_the_look_nor_the_types_of_the_window() -> None:
    """In a process of its own, since the tests of the window load everything."""
    program = (
        "import enum\n"
        "from app.ui.mac_application import Application\n"
        "from app.ui.theme import Theme\n"
        "from app.ui.tray import Tray\n"
        "app = Application([])\n"
        "tray = Tray(Theme(app))\n"
        "app.processEvents()\n"
        "tray.is_there\n"
        "names = {each.__qualname__ for each in enum.Enum.__subclasses__()}\n"
        "print(len(app.styleSheet()), 'QStyle.StandardPixmap' in names)\n"
        "tray.icon.contextMenu().aboutToShow.emit()\n"
        "print(len(app.styleSheet()) > 0)\n"
    )
    assert printed_alone(program) == ["0", "False", "True"]
