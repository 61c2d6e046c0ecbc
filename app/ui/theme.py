"""The light and dark colours, the style sheet, and the choice between them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from functools import cache

from PySide6.QtCore import QObject, QSettings, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from app.system import paths

Colours = Mapping[str, str]
"""The colours of one scheme by their names."""
_COLOURS = {
    "window": ("#f6f7f8", "#1d2124"),
    "side": ("#eceef0", "#171a1d"),
    "card": ("#ffffff", "#252a2e"),
    "field": ("#ffffff", "#1b1f22"),
    "hover": ("#e9ecee", "#2e3439"),
    "chosen": ("#d8e9ea", "#1b3d42"),
    "line": ("#dfe3e6", "#363d43"),
    "strong_line": ("#c3c9ce", "#4d565e"),
    "text": ("#1b2126", "#e9edf0"),
    "soft": ("#56606a", "#a9b3bb"),
    "faint": ("#5c6670", "#98a3ac"),
    "disabled": ("#8b949c", "#7a858e"),
    "accent": ("#0f7079", "#4fb7bf"),
    "accent_hover": ("#0b5c64", "#6cc8cf"),
    "on_accent": ("#ffffff", "#08282b"),
    "good": ("#19703f", "#5fc48c"),
    "busy": ("#2160c4", "#78a9f5"),
    "warn": ("#8a5a00", "#e3ae4b"),
    "bad": ("#b3261e", "#f2897f"),
    "warn_card": ("#fdf3dc", "#3a3120"),
    "bad_card": ("#fce9e7", "#3f2826"),
    "good_card": ("#e3f3e9", "#203529"),
}
"""In the light and in the dark scheme. Text colours but `disabled` keep a contrast of 4.5 to 1 on
every background."""
LIGHT, DARK = ({name: both[dark] for name, both in _COLOURS.items()} for dark in (False, True))

_ROLES = {
    QPalette.ColorRole.Window: "window",
    QPalette.ColorRole.WindowText: "text",
    QPalette.ColorRole.Base: "field",
    QPalette.ColorRole.AlternateBase: "window",
    QPalette.ColorRole.Text: "text",
    QPalette.ColorRole.Button: "card",
    QPalette.ColorRole.ButtonText: "text",
    QPalette.ColorRole.BrightText: "bad",
    QPalette.ColorRole.Highlight: "accent",
    QPalette.ColorRole.HighlightedText: "on_accent",
    QPalette.ColorRole.PlaceholderText: "faint",
    QPalette.ColorRole.ToolTipBase: "card",
    QPalette.ColorRole.ToolTipText: "text",
    QPalette.ColorRole.Link: "accent",
    QPalette.ColorRole.LinkVisited: "accent",
    QPalette.ColorRole.Light: "card",
    QPalette.ColorRole.Midlight: "hover",
    QPalette.ColorRole.Mid: "line",
    QPalette.ColorRole.Dark: "strong_line",
    QPalette.ColorRole.Shadow: "strong_line",
}


_SIZES = {"title_size": 1.5, "part_size": 1.15, "small_size": 0.92}
_SCHEMES = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
_MIDDLE = 128
"""The lightness, from 0 to 255, below which a colour is dark."""


class Theme(QObject):
    """Applies the current colour scheme; follows the system unless the user chose light or dark.

    Most of the time only the tray's icon is shown. What the widgets alone need takes 1.3 MB, so
    `style_widgets` loads it.
    """

    changed = Signal()

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self.colours: Colours = LIGHT
        self.is_dark = False
        self._has_widgets = self._is_set = False
        self._appearance = "system"
        app.styleHints().colorSchemeChanged.connect(self._apply)

    def choose(self, appearance: str) -> None:
        """Use `light`, `dark` or `system` from now on."""
        self._appearance = appearance
        self._apply()

    def style_widgets(self) -> None:
        """Give the widgets their look and keep it current; called before the first is made."""
        if not self._has_widgets:
            self._has_widgets = True
            self._app.setStyle("Fusion")
            self._style_widgets()

    def colour(self, name: str) -> QColor:
        """The colour called `name` in the scheme in force."""
        return QColor(self.colours[name])

    def panel_is_dark(self) -> bool:
        """Whether the panel that holds the tray icon is dark; a guess on most desktops."""
        if sys.platform == "win32":
            personal = QSettings(
                r"HKEY_CURRENT_USER\Software\Microsoft\Windows\CurrentVersion\Themes\Personalize",
                QSettings.Format.NativeFormat,
            )
            return not int(str(personal.value("SystemUsesLightTheme", 0)))
        if self._appearance == "system":
            return _is_gnome() or self._app.palette().window().color().lightness() < _MIDDLE
        return _is_gnome() or self._appearance == "dark"

    def _apply(self) -> None:
        if self._has_widgets:
            self._style_widgets()
        else:
            self.changed.emit()

    def _style_widgets(self) -> None:
        hints = self._app.styleHints()
        hints.setColorScheme(_SCHEMES.get(self._appearance, Qt.ColorScheme.Unknown))
        # A platform without its own theme ignores setColorScheme.
        scheme = _SCHEMES.get(self._appearance, hints.colorScheme())
        is_dark = scheme == Qt.ColorScheme.Dark
        if self._is_set and is_dark == self.is_dark:
            return
        self._is_set, self.is_dark = True, is_dark
        self.colours = DARK if is_dark else LIGHT
        self._app.setPalette(_palette(self.colours))
        self._app.setStyleSheet(_style_sheet(is_dark))
        self.changed.emit()


@cache
def fixed_font() -> QFont:
    """The system's font for code and logs."""
    return QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)


def _palette(colours: Colours) -> QPalette:
    palette = QPalette()
    for role, name in _ROLES.items():
        palette.setColor(role, QColor(colours[name]))
    disabled = QPalette.ColorGroup.Disabled
    texts = QPalette.ColorRole
    for role in (texts.Text, texts.ButtonText, texts.WindowText):
        palette.setColor(disabled, role, QColor(colours["disabled"]))
    palette.setColor(disabled, QPalette.ColorRole.Highlight, QColor(colours["strong_line"]))
    return palette


def _style_sheet(is_dark: bool) -> str:
    """The style sheet with each `@name` replaced by that colour."""
    names = {**(DARK if is_dark else LIGHT)}
    body = QApplication.font().pointSizeF()
    names |= {size: f"{body * scale:.1f}pt" for size, scale in _SIZES.items()}
    for name in ("chevron", "tick"):
        names[name] = paths.resource("icons", f"{name}.svg").as_posix()
    text = paths.resource("style", "lou.qss").read_text(encoding="utf-8")
    return re.sub(r"@(\w+)", lambda found: names[found[1]], text)


def _is_gnome() -> bool:
    """GNOME's top bar is dark in both schemes."""
    return "GNOME" in os.environ.get("XDG_CURRENT_DESKTOP", "").upper()
