"""Translates what the window shows: `tr` is the one seam, and English the text of the source.

In: an English text as it is about to be shown. Out: the text in the chosen language, or the same
where its catalogue has none: data of the user and sentences of servers stay as they are.

A catalogue is `resources/translations/LANGUAGE.json`: English text to text. `{}` stands for what
changes and `{#}` for a figure, in the translation `{0}`, `{1}` and so on, in any order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from app.system import paths

LANGUAGES = ("de",)
_LONGEST = 1_000
_SENTENCE = re.compile(r"(?<=[.!?:])(?<!e\.g\.)(\s+)|(\n)")
_HOLE = re.compile(r"(\{#?\})")
_ANY, _FIGURE = r"([^\n]{1,300}?)", r"([\d.,]+)"
_WITHIN_SENTENCE = r"((?:(?!\. )[^\n]){1,300}?)"
_PROSE = re.compile(
    r"\b(the|that|this|these|is|are|was|has|have|can|you|your|it|its|not|only|when|what)\b"
)
"""What no name contains. A short template around an English clause would give half a translation,
so that such a sentence stays English as a whole."""
_TELLING = 30
"""Letters of a template that is so special that what is put in may be several sentences."""


class Catalogue:
    """The texts of one language."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._exact = {text: said for text, said in texts.items() if not _HOLE.search(text)}
        patterns = sorted(filter(_HOLE.search, texts), key=_plain_length, reverse=True)
        self._patterns = [(_pattern(text), texts[text], _is_telling(text)) for text in patterns]

    def text(self, english: str) -> str:
        """The translation of a whole text, else of each of its sentences that has one."""
        if not english.strip() or len(english) > _LONGEST:
            return english
        whole = self._one(english)
        if whole is not None:
            return whole
        parts = [part for part in _SENTENCE.split(english) if part]
        if len(parts) < 2:
            return english
        return "".join(self._one(part) or part for part in parts)

    def _one(self, english: str) -> str | None:
        said = self._exact.get(english)
        if said is not None:
            return said
        for pattern, text, is_telling in self._patterns:
            found = pattern.fullmatch(english)
            if found:
                filled = [(part, self._one(part)) for part in found.groups()]
                if is_telling or all(said or not _PROSE.search(part) for part, said in filled):
                    return text.format(*(said or part for part, said in filled))
        return None


def choose(language: str) -> None:
    """Use `language` from now on: `en`, another one, or `system` for that of the desktop."""
    global _catalogue, _language  # noqa: PLW0603 - one for the whole process, chosen at its start
    _language = QLocale.system().name()[:2] if language == "system" else language
    tr.cache_clear()
    _catalogue = catalogue(_language) if _language in LANGUAGES else None


def translate_qt() -> None:
    """Give Qt's own texts, as those of its context menus, the chosen language too."""
    app = QCoreApplication.instance()
    assert app
    for old in app.findChildren(QTranslator):
        app.removeTranslator(old)
        old.deleteLater()
    if _catalogue:
        new = QTranslator(app)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if new.load(f"qtbase_{_language}", folder):
            app.installTranslator(new)


def catalogue(language: str) -> Catalogue:
    return Catalogue(texts_of(language))


def texts_of(language: str) -> dict[str, str]:
    """The file of a catalogue: English text to text."""
    file = paths.resource("translations", f"{language}.json")
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return found


@lru_cache(maxsize=2_000)
def tr(english: str) -> str:
    """`english` in the chosen language."""
    return _catalogue.text(english) if _catalogue else english


_catalogue: Catalogue | None = None
_language = "en"


def _plain_length(text: str) -> int:
    return len(_HOLE.sub("", text))


def _is_telling(text: str) -> bool:
    return _plain_length(text) >= _TELLING


def _pattern(text: str) -> re.Pattern[str]:
    loose = _ANY if _is_telling(text) else _WITHIN_SENTENCE
    fits = {"{}": loose, "{#}": _FIGURE}
    return re.compile("".join(fits.get(part) or re.escape(part) for part in _HOLE.split(text)))
