"""What clients wrote, in the form the parts expect; what cannot be meant is refused in words."""

from __future__ import annotations

import re
from collections.abc import Collection

from servers.host.service import ToolFailure
from servers.search.providers.countries import code_of

_LONGEST_QUERY = 400
_LONGEST_QUESTION = 4000
_SITE = re.compile(r"^(?:https?://)?(?:www\.)?([^/\s?#]+).*$", re.IGNORECASE)
_LANGUAGE = re.compile(r"[a-z]{2,3}")


def query(text: str) -> str:
    """The search text on one line."""
    return _text(text, "query", _LONGEST_QUERY)


def question(text: str) -> str:
    """The question on one line."""
    return _text(text, "question", _LONGEST_QUESTION)


def site(text: str) -> str:
    """The bare domain in what a model wrote for a site, e.g. `https://www.example.org/a`."""
    return _SITE.sub(r"\1", text.strip().removeprefix("site:")).lower()


def country(text: str) -> str:
    """The two-letter code of a country."""
    return code_of(text)


def language(text: str) -> str:
    """The two-letter code in `en`, `EN` or `en-US`; empty when it is none."""
    found = _LANGUAGE.match(text.strip().lower())
    return found.group(0) if found else ""


def providers(text: str, known: Collection[str]) -> list[str]:
    """The names in `brave+tavily`, each once; none for `auto`."""
    names = [name for name in re.split(r"[+,\s]+", text.lower()) if name]
    if not names or names == ["auto"]:
        return []
    unknown = [name for name in names if name not in known]
    if unknown:
        message = f"No provider named {unknown[0][:40]!r}; there are auto, {', '.join(known)}."
        raise ToolFailure(message, kind="bad_argument")
    return list(dict.fromkeys(names))


def email(text: str) -> str:
    """The address in its normal form."""
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - here only

    try:
        return validate_email(text.strip(), check_deliverability=False).normalized
    except EmailNotValidError as wrong:
        message = f"{text[:80]!r} is no e-mail address: {wrong}"
        raise ToolFailure(message, kind="bad_argument") from None


def _text(text: str, name: str, longest: int) -> str:
    plain = " ".join(text.split())
    if not plain:
        raise ToolFailure(f"The {name} is empty; say what is meant.", kind="bad_argument")
    if len(plain) > longest:
        message = f"The {name} has {len(plain)} characters; {longest} are the most."
        raise ToolFailure(message, kind="bad_argument")
    return plain
