"""The redactor of this process: it knows every secret that the process holds or held."""

from __future__ import annotations

from collections.abc import Iterable

from servers.contract import harmless
from servers.contract.redaction import Redactor

_redactor = Redactor()


def redact(text: str) -> str:
    """`text` without the secrets that this process holds or held."""
    return _redactor(text)


def protect(secrets: Iterable[str]) -> None:
    """Redact `secrets`, too, from now on."""
    _redactor.learn(secrets)


def excerpt(text: object, most: int) -> str:
    """At most `most` characters of `text` on one line, redacted before it is cut."""
    return harmless.one_line(redact(str(text)[: most + _MARGIN]), most)


_MARGIN = 8_000
"""Characters after the cut that are redacted, too, so that no half of a secret stays before it."""
