"""Takes secrets out of text before it is stored or shown, in two layers.

The first knows the values: every live key in each form in which a program may print it. The second
knows the shapes of keys, for those that Lou was never given.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

STARS = "[redacted]"
_SHORTEST = 6
"""Shorter values would blot out ordinary words."""
_SHORTEST_ENCODED = 8

_SHAPES = re.compile(
    r"""\b(?:sk-|tvly-|gh[pousr]_|github_pat_|glpat-|xox[abprs]-|AKIA|AIza|ya29\.|BSA)[\w\-.]{12,}
    | \beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]*PRIVATE\ KEY-----|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
_LABELLED = re.compile(
    r"""((?:\bBearer|\bBasic)\s+
    | (?:api_?key|token|secret|passw(?:or)?d|credential|private_key|app_id)\w*
      ["']?\s*[=:]\s*["']?
    | ://[^\s/@:]*:(?=[^\s/@]+@)
    | [?&]key=)
    (?!\[redacted\])[^\s"'&,;@}\])<>]{6,}""",
    re.VERBOSE | re.IGNORECASE,
)
_HINTS = (
    *("key", "token", "secret", "passw", "credential", "bearer", "basic", "app_id", "://"),
    *("sk-", "tvly-", "gh", "glpat-", "xox", "akia", "aiza", "ya29.", "bsa", "eyj", "-----begin"),
)
"""One of these is in every text that a shape can match; looking for them is cheaper."""


class Redactor:
    """Callable on any text. `learn` replaces what is known by name; nothing is ever shown."""

    def __init__(self) -> None:
        self._values: dict[str, frozenset[str]] = {}
        self._forms: tuple[str, ...] = ()
        self._known: re.Pattern[str] | None = None

    def __call__(self, text: str) -> str:
        # A plain search for each form is ten times faster than one pattern of all of them.
        if self._known is not None and any(map(text.__contains__, self._forms)):
            text = self._known.sub(STARS, text)
        if any(map(text.lower().__contains__, _HINTS)):
            text = _LABELLED.sub(rf"\1{STARS}", _SHAPES.sub(STARS, text))
        return text

    def learn(self, name: str, value: str) -> None:
        """Take out `value` from now on; one that it replaces stays known, for old words."""
        fresh = frozenset(form for secret in _secrets(value) for form in _forms(secret))
        known = self._values.get(name, frozenset())
        if not fresh <= known:
            self._values[name] = known | fresh
            self._compile()

    def _compile(self) -> None:
        forms = {form for forms in self._values.values() for form in forms}
        self._forms = tuple(sorted(forms, key=len, reverse=True))
        self._known = re.compile("|".join(map(re.escape, self._forms))) if forms else None


def _secrets(value: str) -> Iterator[str]:
    """The value, and what is secret in it: parts of a list, private members of an object."""
    yield value
    yield from (part for part in value.split(",") if part != value and "{" not in value)
    try:
        found = json.loads(value)
    except ValueError:
        return
    if isinstance(found, dict):
        for name, member in found.items():
            if isinstance(member, str) and "key" in name:
                yield member
                yield from member.splitlines()


def _forms(secret: str) -> Iterator[str]:
    if len(secret) < _SHORTEST:
        return
    yield from (secret, quote(secret), quote(secret, safe=""), quote_plus(secret))
    yield from (json.dumps(secret)[1:-1], repr(secret)[1:-1], html.escape(secret))
    raw = secret.encode()
    if len(raw) >= _SHORTEST_ENCODED:
        yield from (raw.hex(), raw.hex().upper(), *_base64_forms(raw))


def _base64_forms(raw: bytes) -> Iterable[str]:
    """What of `raw` is in any Base64 text around it, at each of the three alignments."""
    for shift in range(3):
        padded = b"\0" * shift + raw
        whole = base64.b64encode(padded[: len(padded) // 3 * 3]).decode()
        found = whole[(0, 2, 3)[shift] :]
        yield from (found, found.translate(_URL_SAFE))


_URL_SAFE = str.maketrans("+/", "-_")
