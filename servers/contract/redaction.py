"""Takes secrets out of text before it is stored, sent or shown, in two layers.

The first knows the values: every secret in each form in which a program may print it. The second
knows the shapes of keys, for those that Lou was never given.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, quote_plus

MASK = "[redacted]"
_SHORTEST = 5
"""Characters. A shorter value would take ordinary words out of every line."""
_SHORTEST_LINE = 16

_SHAPES = re.compile(
    r"""\b(?:sk-|tvly-|gh[pousr]_|github_pat_|glpat-|xox[abprs]-|AKIA|AIza|ya29\.|BSA)[\w\-.]{12,}
    | \beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]*PRIVATE\ KEY-----|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
_LABELLED = re.compile(
    r"""((?:\bBearer|\bBasic)\s+
    | \w*(?:api_?key|token|secret|passw(?:or)?d|credential|private_key|app_id)\w*
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


_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
"""As `html.escape` writes them; that module brings a table of half a megabyte."""


class Redactor:
    """Callable on any text. What it learned once stays known; nothing of it is ever shown."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: tuple[str, ...] = ()
        self._known: re.Pattern[str] | None = None
        self.learn(secrets)

    def __call__(self, text: str) -> str:
        """`text` without the secrets, and without what looks like one."""
        # A plain search for each form is ten times faster than one pattern of all of them.
        if self._known is not None and any(map(text.__contains__, self._forms)):
            text = self._known.sub(MASK, text)
        if any(map(text.lower().__contains__, _HINTS)):
            text = _LABELLED.sub(rf"\1{MASK}", _SHAPES.sub(MASK, text))
        return text

    def learn(self, secrets: Iterable[str]) -> None:
        """Take these out, too, from now on; those of before stay known, for old words."""
        fresh = {form for value in secrets for part in _parts(value) for form in _spellings(part)}
        if not fresh <= set(self._forms):
            self._forms = tuple(sorted(fresh.union(self._forms), key=len, reverse=True))
            self._known = re.compile("|".join(map(re.escape, self._forms)))


def _parts(value: str) -> Iterator[str]:
    """A value and what of it may be met alone: items of a list, lines, secret members."""
    if len(value) < _SHORTEST:
        return
    yield value
    if value.lstrip().startswith("{"):
        yield from _members(value)
        return
    yield from (item for item in value.split(",") if _SHORTEST <= len(item) < len(value))
    if "\n" in value:
        yield from (line for line in value.splitlines() if len(line) >= _SHORTEST_LINE)


def _members(value: str) -> Iterator[str]:
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return
    for name, member in found.items():
        if isinstance(member, str) and "key" in name:
            yield from _parts(member)


def _spellings(secret: str) -> Iterator[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    once = {secret, *_escaped(secret)}
    yield from once.union(*map(_escaped, once))  # an error that quotes a message that quotes a URL
    yield from (raw.hex(), raw.hex().upper(), "\0".join(secret))
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield from _shifted(raw, encode)


def _escaped(text: str) -> Iterator[str]:
    """`text` as it stands inside a URL, a JSON text, a representation or a web page."""
    yield from (quote(text, safe=""), quote(text), quote_plus(text))
    yield from (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    yield from (repr(text)[1:-1], text.translate(_HTML))


def _shifted(raw: bytes, encode: Callable[[bytes], bytes]) -> Iterator[str]:
    """The Base64 of `raw` wherever it stands in a longer text: without the characters it shares."""
    for before in range(3):
        encoded = encode(b"\0" * before + raw).decode().rstrip("=")
        skip = -(-before * 8 // 6)
        keep = len(encoded) - (1 if (before + len(raw)) % 3 else 0)
        if keep - skip >= _SHORTEST:
            yield encoded[skip:keep]
