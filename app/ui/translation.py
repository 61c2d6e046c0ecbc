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
_SENTENCE = re.compile(r"(?<=[.!?])(?<!e\.g\.)(\s+)|(\n)")
_COLON = re.compile(r"(?<=:)(\s+)")
_RUN = 5
"""How many sentences in a row are looked for as one text, at most."""
_DEEPEST = 10
"""How many texts are put into each other, at most: a list of reasons is its first and the rest."""
_HOLE = re.compile(r"(\{#?\})")
_TAIL = re.compile(r"(?<=[.!?]) ?\{(?:#?|\d)\}$")
"""A hole behind the last sentence, which may stay empty."""
_ANY, _FIGURE = r"([^\n]{1,300}?)", r"([\d.,]+)"
_WITHIN_SENTENCE = r"((?:(?!\. )[^\n]){1,300}?)"
_PROSE = re.compile(
    r"\b(the|that|this|these|is|are|was|has|have|can|you|your|it|its|not|only|when|what)\b"
)
"""What no name contains. A short template around an English clause would give half a translation,
so that such a sentence stays English as a whole."""
_SAYS = re.compile("[a-z]")
"""What a template lacks that only joins texts: what is put in must be translated, then."""
_TELLING = 30
"""Letters of a template that is so special that what is put in may be several sentences."""


class Catalogue:
    """The texts of one language; `marks` turns the marks of an English figure into its own."""

    def __init__(self, texts: Mapping[str, str], marks: Mapping[int, str]) -> None:
        self._marks = marks
        both = [text for text, said in texts.items() if _TAIL.search(text) and _TAIL.search(said)]
        texts = {**{_TAIL.sub("", text): _TAIL.sub("", texts[text]) for text in both}, **texts}
        self._exact = {text: said for text, said in texts.items() if not _HOLE.search(text)}
        templates = sorted(filter(_HOLE.search, texts), key=_plain_length, reverse=True)
        self._templates = [(*_ends(text), text, texts[text]) for text in templates]

    def text(self, english: str) -> str:
        """The translation of a whole text, else of each of its sentences that has one."""
        if not english.strip() or len(english) > _LONGEST:
            return english
        joined, is_whole = self._joined(english, (_SENTENCE, _COLON), wide=False)
        return joined if is_whole else self._joined(english, (_SENTENCE, _COLON), wide=True)[0]

    def _joined(
        self, english: str, cuts: tuple[re.Pattern[str], ...], *, wide: bool
    ) -> tuple[str, bool]:
        """`english` as one text, else cut into sentences, and what is left at its colons.

        Some texts have several sentences, so that the longest run of them is looked for first.
        Returns it, and whether nothing stayed English.
        """
        said = self._one(english, wide=wide)
        if said is not None or not cuts or not english.strip():
            return (english, not english.strip()) if said is None else (said, True)
        parts = [part for part in cuts[0].split(english) if part]
        joined, is_whole = [], True
        while parts:
            longest = min(2 * _RUN, len(parts) + 1) - 1 if parts[0].strip() else 0
            for length in range(longest - (longest + 1) % 2, 1, -2):  # a sentence at either end
                said = self._one("".join(parts[:length]), wide=wide)
                if said is not None:
                    break
            else:
                length = 1
                said, is_said = self._joined(parts[0], cuts[1:], wide=wide)
                is_whole = is_whole and is_said
            joined.append(said)
            del parts[:length]
        return "".join(joined), is_whole

    def _one(self, english: str, *, wide: bool, deep: int = _DEEPEST) -> str | None:
        """Where `wide`, several sentences may be put into a text that is special enough."""
        said = self._exact.get(english)
        if said is not None or not deep:
            return said
        for begin, end, text, translated in self._templates:
            if not (english.startswith(begin) and english.endswith(end)):
                continue  # most of them, and quicker than the pattern says so
            found = _pattern(text, wide=wide).fullmatch(english)
            if found:
                filled = [
                    (part, self._one(part, wide=wide, deep=deep - 1)) for part in found.groups()
                ]
                is_whole = _is_telling(text) or all(
                    said or not _PROSE.search(part) for part, said in filled
                )
                if is_whole and (_SAYS.search(text) or any(said for _, said in filled)):
                    figures = [hole == "{#}" for hole in _HOLE.findall(text)]
                    holes = zip(filled, figures, strict=True)
                    return translated.format(
                        *(
                            part.translate(self._marks) if is_figure else said or part
                            for (part, said), is_figure in holes
                        )
                    )
        return None


def choose(language: str) -> None:
    """Use `language` from now on: `en`, another one, or `system` for that of the desktop."""
    global _catalogue, _language, _marks  # noqa: PLW0603 - one for the whole process
    _language = QLocale.system().name()[:2] if language == "system" else language
    tr.cache_clear()
    _catalogue = catalogue(_language) if _language in LANGUAGES else None
    _marks = _marks_of(_language) if _catalogue else {}


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
    return Catalogue(texts_of(language), _marks_of(language))


def _marks_of(language: str) -> Mapping[int, str]:
    locale = QLocale(language)
    return str.maketrans({",": locale.groupSeparator(), ".": locale.decimalPoint()})


def texts_of(language: str) -> dict[str, str]:
    """The file of a catalogue: English text to text."""
    file = paths.resource("translations", f"{language}.json")
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return found


@lru_cache(maxsize=2_000)
def tr(english: str) -> str:
    """`english` in the chosen language."""
    return _catalogue.text(english) if _catalogue else english


def figure(english: str) -> str:
    """A figure such as `1,234.5`, with the marks of the chosen language."""
    return english.translate(_marks)


_catalogue: Catalogue | None = None
_language = "en"
_marks: Mapping[int, str] = {}


def _ends(text: str) -> tuple[str, str]:
    """What stands before the first hole and behind the last one."""
    parts = _HOLE.split(text)
    return parts[0], parts[-1]


def _plain_length(text: str) -> int:
    return len(_HOLE.sub("", text))


def _is_telling(text: str) -> bool:
    return _plain_length(text) >= _TELLING


@lru_cache(maxsize=2_000)
def _pattern(text: str, *, wide: bool) -> re.Pattern[str]:
    loose = _ANY if wide and _is_telling(text) else _WITHIN_SENTENCE
    fits = {"{}": loose, "{#}": _FIGURE}
    return re.compile("".join(fits.get(part) or re.escape(part) for part in _HOLE.split(text)))
