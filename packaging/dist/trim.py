"""Takes out of site-packages what Lou never uses: other parts of Qt, tests, type stubs, locales."""

from __future__ import annotations

from pathlib import Path

from common import ROOT, remove

_SURPLUS_FOLDERS = {
    *("tests", "test", "examples", "benchmarks", "docs", "__pycache__", "isoschematron"),
    *("sqlite_extra_binaries", "sboms"),
}
_SURPLUS_FILES = {".pyi", ".pxd", ".pyx", ".pxi", ".c", ".h", ".hpp", ".cpp", ".a", ".chm", ".po"}
_NO_USE = (
    *("hatchling", "editables", "pathspec", "trove_classifiers", "packaging", "pluggy"),
    *("pycparser", "google/cloud/storage", "google/cloud/_storage_v2", "google_crc32c"),
    *("google/resumable_media", "google/_async_resumable_media", "google/cloud/firestore_admin*"),
    *("lxml/objectify*", "lxml/html/diff*", "lxml/html/_diff*"),
)
"""Patterns: what the build needs, what Firestore has for other services, and parts of lxml that no
package here imports."""
QT_MODULES = ("Core", "Gui", "Widgets", "Svg")
_QT_SURPLUS = (
    *("assistant", "designer", "linguist", "lrelease", "lupdate", "qmlformat", "qmllint", "qmlls"),
    *("svgtoqml", "doc", "glue", "include", "lib", "scripts", "typesystems", "support", "qml"),
    *("resources", "metatypes", "Qt/qml", "Qt/metatypes", "Qt/libexec", "Qt/resources"),
)
QT_LANGUAGES = [path.stem for path in (ROOT / "resources" / "translations").glob("*.json")]
"""Those of Lou; what stays of Qt's texts in them is that of its own menus and dialogs."""
QT_PLUGINS = {
    "platforms": ("xcb", "wayland", "offscreen", "windows", "cocoa"),
    "iconengines": ("svgicon",),
    "imageformats": ("svg", "ico", "jpeg"),
    "styles": ("*",),
    "platforminputcontexts": (
        "composeplatforminputcontextplugin",
        "ibusplatforminputcontextplugin",
    ),
    "platformthemes": ("gtk3", "xdgdesktopportal"),
    "xcbglintegrations": ("xcb-glx-integration", "xcb-egl-integration"),
    "wayland-decoration-client": ("adwaita", "bradient"),
    "wayland-graphics-integration-client": ("t-plugin-wayland-egl",),
    "wayland-shell-integration": ("xdg-shell", "t-shell"),
}
"""The plugins that stay, by folder, without the `libq` and the ending of their names."""


def packages(site: Path, *more: str) -> None:
    """Remove build tools, tests, stubs, C sources, babel's locales and `more` from `site`."""
    for name in (*_NO_USE, *more):
        for found in (*site.glob(name), *site.glob(f"{name}-*.dist-info")):
            remove(found)
    for path in sorted(site.rglob("*"), reverse=True):
        is_folder = path.name in _SURPLUS_FOLDERS and path.parent != site and path.is_dir()
        if is_folder or (path.suffix in _SURPLUS_FILES and path.is_file()):
            remove(path)
    for path in (site / "babel" / "locale-data").glob("*.dat"):  # courlan asks for languages' codes
        if path.stem not in {"root", "en"}:
            remove(path)


def qt(pyside: Path) -> None:
    """Remove every module and plugin of Qt that Lou does not use."""
    for name in _QT_SURPLUS:
        remove(pyside / name)
    kept = {f"qtbase_{language}.qm" for language in QT_LANGUAGES}
    for texts in (*pyside.glob("translations/*"), *pyside.glob("Qt/translations/*")):
        if texts.name not in kept:
            remove(texts)
    for module in (*pyside.glob("Qt*.abi3.so"), *pyside.glob("Qt*.pyd")):
        if module.name.removeprefix("Qt").partition(".")[0] not in QT_MODULES:
            remove(module)
    for program in (*pyside.glob("*.exe"), pyside / "opengl32sw.dll"):
        remove(program)
    inside = (pyside / "Qt" / "plugins", pyside / "plugins")
    _plugins(next(each for each in inside if each.is_dir()))


def _plugins(plugins: Path) -> None:
    for folder in plugins.iterdir():
        kept = QT_PLUGINS.get(folder.name, ())
        for plugin in folder.iterdir():
            name = plugin.stem.removeprefix("lib").removeprefix("q")
            if "*" not in kept and name not in kept:
                remove(plugin)
        if not any(folder.iterdir()):
            remove(folder)
