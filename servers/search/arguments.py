"""Checks and normalises the arguments of the tools. In come texts, out go values or ToolErrors."""

from __future__ import annotations

import re
from collections.abc import Collection

from servers.contract.harmless import visible
from servers.host.redact import excerpt
from servers.host.tools.service import ToolError

_LONGEST_QUERY = 400
_LONGEST_QUESTION = 4000
_LONGEST_DOMAIN = 253
_MOST_EXCLUDED = 100
_SITE = re.compile(
    r"(?:site:\s*)?+(?:https?://)?+(?:\*\.)?+(?:www\.)?+([\w-]+(?:\.[\w-]+)*)\.?(?:[/?#:]\S*)?"
)
_AROUND = " \t\r\n.\"'`[](){}<>@|*"
"""What models write around a domain: as in a list of JSON, or as a pattern."""
_BETWEEN = re.compile(r"[,;|\s\u3001\uff0c]+")
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_].*)?")
_LANGUAGES = {
    name: code
    for code, names in {
        "ar": "arabic ara", "cs": "czech ces cze", "da": "danish dan", "de": "german deu ger",
        "el": "greek ell gre", "en": "english eng", "es": "spanish spa", "fi": "finnish fin",
        "fr": "french fra fre", "he": "hebrew heb", "hi": "hindi hin", "hu": "hungarian hun",
        "id": "indonesian ind", "it": "italian ita", "ja": "japanese jpn", "ko": "korean kor",
        "nl": "dutch nld dut", "no": "norwegian nor", "pl": "polish pol", "pt": "portuguese por",
        "ro": "romanian ron rum", "ru": "russian rus", "sv": "swedish swe", "th": "thai tha",
        "tr": "turkish tur", "uk": "ukrainian ukr", "vi": "vietnamese vie", "zh": "chinese zho chi",
    }.items()
    for name in names.split()
}  # fmt: skip


def query(text: str) -> str:
    return _text(text, "query", _LONGEST_QUERY)


def question(text: str) -> str:
    return _text(text, "question", _LONGEST_QUESTION)


def site(text: str) -> str:
    """The bare domain in what a model wrote for a site, e.g. `https://www.example.org/a`."""
    plain = visible(text).strip(_AROUND).lower()
    if not plain:
        return ""
    found = _SITE.fullmatch(plain)
    if found is None or len(found.group(1)) > _LONGEST_DOMAIN:
        message = (
            f"{excerpt(text, 80)!r} is not one domain; leave `site` empty to search everywhere."
        )
        raise ToolError(message, kind="bad_argument")
    return found.group(1)


def excluded(text: str) -> tuple[str, ...]:
    """The bare domains in `a.org, b.com`, in a fixed order and each once."""
    parts = (part.strip(_AROUND).removeprefix("-") for part in _BETWEEN.split(visible(text)))
    names = [name for name in parts if name]
    if len(names) > _MOST_EXCLUDED:
        message = f"`exclude` names {len(names)} domains; {_MOST_EXCLUDED} are the most."
        raise ToolError(message, kind="bad_argument")
    return tuple(sorted({site(name) for name in names}))


def language(text: str) -> str:
    """The short code in `en`, `EN`, `en-US`, `eng` or `English`; empty when it is none."""
    plain = text.strip().lower()
    found = _LANGUAGE.fullmatch(plain)
    code = found.group(1) if found else plain
    return _LANGUAGES.get(code, code if found else "")


def providers(text: str, known: Collection[str]) -> list[str]:
    """The names in `brave+tavily`, each once; none for `auto`."""
    names = [name for name in re.split(r"[+,\s]+", text.lower()) if name]
    if not names or names == ["auto"]:
        return []
    names = [name for name in names if name != "auto"]
    unknown = [name for name in names if name not in known]
    if unknown:
        message = (
            f"No provider named {excerpt(unknown[0], 40)!r}; there are auto, {', '.join(known)}."
        )
        raise ToolError(message, kind="bad_argument")
    return list(dict.fromkeys(names))


def email(text: str) -> str:
    """The address in its normal form."""
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - here only

    try:
        return validate_email(text.strip(), check_deliverability=False).normalized
    except EmailNotValidError as wrong:
        message = f"{excerpt(text, 80)!r} is no e-mail address: {excerpt(wrong, 200)}"
        raise ToolError(message, kind="bad_argument") from None


def _text(text: str, name: str, longest: int) -> str:
    plain = " ".join(visible(text).split())
    if not plain:
        raise ToolError(f"The {name} is empty; say what is meant.", kind="bad_argument")
    if len(plain) > longest:
        message = f"The {name} has {len(plain)} characters; {longest} are the most."
        raise ToolError(message, kind="bad_argument")
    return plain
