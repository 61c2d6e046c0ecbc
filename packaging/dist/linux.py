"""The relocatable tree for Linux: Debian's CPython, its libraries, and Lou with its packages.

bin/        python3.11, lou, lou-server, lou-connect
lib/        the libraries that a desktop may lack; lib/python3.11 with dist-packages
share/      menu entry, icons, AppStream, man pages, completions, notices
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import icu
import notices
import trim
from common import BUILD, LOCKS, PACKAGING, PYTHON, debian_packages, fresh, install, remove, run
from desktop import desktop_files

TREE = BUILD / "linux" / "lou"
SITE = TREE / "lib" / f"python{PYTHON}" / "dist-packages"
"""Where Debian's Python looks, by its frozen `site`."""
PROGRAMS = {
    "patchelf": "patchelf",
    "strip": "binutils",
    "dpkg-deb": "dpkg",
    "zstd": "zstd",
} | icu.PROGRAMS

_PYTHON_PACKAGES = (
    f"python{PYTHON}-minimal",
    f"libpython{PYTHON}-minimal",
    f"libpython{PYTHON}-stdlib",
)
_LIBRARIES = {
    "libssl3": ("libssl.so.3", "libcrypto.so.3"),
    "libffi8": ("libffi.so.8",),
    "libbz2-1.0": ("libbz2.so.1.0",),
    "liblzma5": ("liblzma.so.5",),
    "libsqlite3-0": ("libsqlite3.so.0",),
    "libxcb-cursor0": ("libxcb-cursor.so.0",),
    "libxcb-icccm4": ("libxcb-icccm.so.4",),
    "libxcb-image0": ("libxcb-image.so.0",),
    "libxcb-keysyms1": ("libxcb-keysyms.so.1",),
    "libxcb-render-util0": ("libxcb-render-util.so.0",),
    "libxcb-util1": ("libxcb-util.so.1",),
    "libxcb-xkb1": ("libxcb-xkb.so.1",),
    "libxkbcommon0": ("libxkbcommon.so.0",),
    "libxkbcommon-x11-0": ("libxkbcommon-x11.so.0",),
}
"""By Debian's package: what the tree brings; not every desktop has it, or not this version."""
BUNDLED = (*_PYTHON_PACKAGES, *_LIBRARIES)
_NO_USE = (
    *("idlelib", "lib2to3", "pydoc_data", "ensurepip", "tkinter", "turtledemo", "test"),
    *("distutils", "pydoc.py", "turtle.py", "sitecustomize.py"),
    f"config-{PYTHON}-x86_64-linux-gnu",
)
_NO_MODULES = (
    *("_test*", "_xx*", "xx*", "_ctypes_test*", "nis", "ossaudiodev", "_dbm", "_gdbm", "_curses*"),
    *("readline", "audioop", "_crypt", "_uuid", "_lsprof"),
)


def build(wheel: Path) -> Path:
    """Make the tree from the wheel; returns its folder."""
    unpacked = fresh(BUILD / "linux" / "unpacked")
    debian_packages(BUNDLED, unpacked)
    fresh(TREE)
    _python(unpacked)
    install(SITE, "x86_64-manylinux_2_35", wheel, locks=LOCKS)
    trim.packages(SITE, "tzdata")  # Windows alone has none of its own
    trim.qt(SITE / "PySide6")
    _libraries(unpacked)
    _keep_needed_qt(SITE / "PySide6")
    icu.shrink(SITE / "PySide6" / "Qt" / "lib")
    _set_paths()
    _commands()
    _compile()
    desktop_files(TREE / "share")
    notices.write(TREE / "share" / "doc" / "lou", SITE, unpacked, BUNDLED)
    return TREE


def _python(unpacked: Path) -> None:
    name = f"python{PYTHON}"
    (TREE / "bin").mkdir()
    run("cp", "-a", unpacked / "usr" / "bin" / name, TREE / "bin" / name)
    (TREE / "bin" / "python").symlink_to(name)
    (TREE / "lib").mkdir()
    run("cp", "-a", unpacked / "usr" / "lib" / name, TREE / "lib" / name)
    library = TREE / "lib" / name
    for surplus in _NO_USE:
        remove(library / surplus)
    for pattern in _NO_MODULES:
        for module in (library / "lib-dynload").glob(f"{pattern}.cpython-*.so"):
            remove(module)
    for link in library.rglob("*"):
        if link.is_symlink() and not link.exists():  # files of /etc
            link.unlink()
    (library / "EXTERNALLY-MANAGED").unlink(missing_ok=True)


def _libraries(unpacked: Path) -> None:
    for names in _LIBRARIES.values():
        for name in names:
            found = next(unpacked.glob(f"**/x86_64-linux-gnu/{name}")).resolve()
            run("cp", found, TREE / "lib" / name)
            (TREE / "lib" / name).chmod(0o644)


def _keep_needed_qt(pyside: Path) -> None:
    """Delete the libraries of Qt that no module and no plugin that stays needs."""
    library = pyside / "Qt" / "lib"
    waiting = [*pyside.glob("*.so*"), *(pyside / "Qt" / "plugins").rglob("*.so")]
    needed: set[str] = set()
    while waiting:
        for name in _needed_by(waiting.pop()):
            if name not in needed and (library / name).is_file():
                needed.add(name)
                waiting.append(library / name)
    for found in library.iterdir():
        if found.name not in needed:
            remove(found)
    remove(pyside / "libpyside6qml.abi3.so.6.11")


def _needed_by(path: Path) -> list[str]:
    if "qml" in path.name:
        return []
    done = subprocess.run(
        ["patchelf", "--print-needed", path], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def _set_paths() -> None:
    """Strip each binary, then let it find the libraries of the tree wherever the tree lies."""
    for path in SITE.rglob("*"):
        if path.is_file():
            path.chmod(0o644)  # some wheels make every file a program
    binaries = [*TREE.rglob("*.so"), *TREE.rglob("*.so.*"), TREE / "bin" / f"python{PYTHON}"]
    for binary in binaries:
        if binary.is_file() and not binary.is_symlink():
            binary.chmod(0o755 if binary.parent.name == "bin" else 0o644)
            run("strip", "--strip-unneeded", binary)
    library = TREE / "lib"
    for module in (library / f"python{PYTHON}" / "lib-dynload").glob("*.so"):
        run("patchelf", "--set-rpath", "$ORIGIN/../..", module)
    for own in library.glob("*.so*"):
        run("patchelf", "--set-rpath", "$ORIGIN", own)
    qt = SITE / "PySide6" / "Qt"
    to_library = "$ORIGIN/" + "../" * len(qt.relative_to(library).parts)
    for plugin in (qt / "plugins" / "platforms").glob("*.so"):
        run("patchelf", "--set-rpath", f"$ORIGIN/../../lib:{to_library}../../", plugin)
    xcb = qt / "lib" / "libQt6XcbQpa.so.6"
    run("patchelf", "--set-rpath", f"$ORIGIN:{to_library}../", xcb)


def _commands() -> None:
    for name in ("lou", "lou-server", "lou-connect"):
        target = TREE / "bin" / name
        target.write_bytes((PACKAGING / name).read_bytes())
        target.chmod(0o755)


def _compile() -> None:
    """Byte code that is valid wherever the tree lies and whenever it was unpacked.

    Only Lou's own source stays beside it: a bridge is started by its path.
    """
    for cache in sorted(TREE.rglob("__pycache__")):
        remove(cache)
    python = TREE / "bin" / f"python{PYTHON}"
    compileall = (python, "-I", "-m", "compileall", "-q", "-j", "2", "--invalidation-mode")
    where = ("unchecked-hash", "-s", TREE, "-p", "/usr/lib/lou")
    own = (SITE / "app", SITE / "servers")
    run(*compileall, *where, *own, PYTHONHASHSEED="0")
    run(*compileall, *where, "-b", TREE / "lib", PYTHONHASHSEED="0")
    for source in TREE.rglob("*.py"):
        is_own = any(source.is_relative_to(folder) for folder in own)
        remove(source.with_suffix(".pyc") if is_own else source)
    for cache in sorted(TREE.rglob("__pycache__")):  # of the compiler's own imports
        if not any(cache.is_relative_to(folder) for folder in own):
            remove(cache)
