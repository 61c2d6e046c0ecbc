"""The secrets that this process holds or held, taken out of all it says."""

from __future__ import annotations

from collections.abc import Iterable

from servers.contract import harmless
from servers.contract.redaction import Redactor

_redactor = Redactor()


def redact(text: str) -> str:
    """`text` without the secrets that this process holds or held."""
    return _redactor(text)


def protect(secrets: Iterable[str]) -> None:
    """Take these, too, out of everything from now on."""
    _redactor.learn(secrets)


def excerpt(text: object, most: int) -> str:
    """The first `most` characters of `text`, on one line: cut only when no secret is in it."""
    looked_at = str(text)[: most + _MARGIN]
    return harmless.one_line(redact(looked_at), most)


_MARGIN = 8_000
"""Characters behind the cut; the end of them may cut a secret where nobody sees it."""
