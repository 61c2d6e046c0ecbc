"""The redactor of this process: it knows every secret that the process holds or held."""

from __future__ import annotations

import json
from collections.abc import Iterable

from servers.contract import harmless
from servers.contract.redaction import Redactor

_redactor = Redactor()


def redact(text: str) -> str:
    """`text` without the secrets that this process holds or held."""
    return _redactor(text)


def redacted_json(value: object) -> str:
    """`value` as JSON, without the secrets alone; `null` if it would be no JSON without them."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    safe = _redactor.without_values(text)
    if safe != text:
        try:
            json.loads(safe)
        except ValueError:
            return "null"
    return safe


def protect(secrets: Iterable[str]) -> None:
    """Redact `secrets`, too, from now on."""
    _redactor.learn(secrets)


def excerpt(text: object, most: int) -> str:
    """At most `most` characters of `text` on one line, redacted before it is cut."""
    return harmless.one_line(redact(str(text)[: most + _MARGIN]), most)


_MARGIN = 8_000
"""Characters after the cut that are redacted, too, so that no half of a secret stays before it."""
