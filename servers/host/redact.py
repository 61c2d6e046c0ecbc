"""Takes secrets out of text before it leaves this process: by value in every form they occur in."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, quote_plus

_MASK = "[secret]"
_SHORTEST = 5
"""Characters. A shorter value would take ordinary words out of every line."""
_SHORTEST_LINE = 16
_SECRET_MEMBERS = ("private_key", "private_key_id")

_PATTERNS = re.compile(
    r"""\b(?:sk-[A-Za-z0-9_-]{16,}|AIza[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{20,}|tvly-[A-Za-z0-9-]{12,})
    |(?<=Bearer[ ])[A-Za-z0-9._~+/=-]{8,}
    |-----BEGIN[ A-Z]*PRIVATE[ ]KEY-----.*?(?:-----END[ A-Z]*-----|\Z)
    |(?<=://)[^/\s:@]+:[^/\s@]+(?=@)
    |(?<=[?&])(?:[a-z_]*(?:key|token|secret)|app_id)=[^&\s"']+""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_HINTS = ("sk-", "iza", "gh", "tvly", "earer", "-----", "@", "=", "EARER")


class Redactor:
    """The secrets known now, in one expression."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret)}
        ordered = sorted(forms, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        """`text` without them, and without what looks like one."""
        if self._values:
            text = self._values.sub(_MASK, text)
        if any(hint in text for hint in _HINTS):
            text = _PATTERNS.sub(_MASK, text)
        return text


_known: set[str] = set()
_now = Redactor()


def redact(text: str) -> str:
    """`text` without the secrets that this process holds or held."""
    return _now(text)


def protect(secrets: Iterable[str]) -> None:
    """Take these, too, out of everything from now on."""
    global _now  # noqa: PLW0603 - one process, one set of secrets
    fresh = set(secrets) - _known
    if fresh:
        _known.update(fresh)
        _now = Redactor(_known)


def _forms(secret: str) -> Iterator[str]:
    for part in _parts(secret):
        raw = part.encode("utf-8", "surrogatepass")
        yield from _spellings(part, raw)
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield from _shifted(raw, encode)


def _spellings(part: str, raw: bytes) -> tuple[str, ...]:
    return (
        part,
        quote(part, safe=""),
        quote(part),
        quote_plus(part),
        json.dumps(part)[1:-1],
        json.dumps(part, ensure_ascii=False)[1:-1],
        repr(part)[1:-1],
        html.escape(part),
        raw.hex(),
        raw.hex().upper(),
    )


def _shifted(raw: bytes, encode: Callable[[bytes], bytes]) -> Iterator[str]:
    """The base64 of `raw` wherever it stands in a longer text: without the characters it shares."""
    for before in range(3):
        encoded = encode(b"\0" * before + raw).decode().rstrip("=")
        skip = -(-before * 8 // 6)
        keep = len(encoded) - (1 if (before + len(raw)) % 3 else 0)
        if keep - skip >= _SHORTEST:
            yield encoded[skip:keep]


def _parts(secret: str) -> Iterator[str]:
    """A secret, and what of a long one may be met alone: its lines, its secret members."""
    if len(secret) < _SHORTEST:
        return
    yield secret
    if "\n" in secret:
        yield from (line for line in secret.splitlines() if len(line) >= _SHORTEST_LINE)
    if secret.lstrip().startswith("{"):
        try:
            members = json.loads(secret)
        except (ValueError, RecursionError):
            return
        for name in _SECRET_MEMBERS:
            if isinstance(members.get(name), str):
                yield from _parts(members[name])
