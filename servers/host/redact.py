"""The secrets that this process holds or held, taken out of all it says."""

from __future__ import annotations

from collections.abc import Iterable

from servers.contract.redaction import Redactor

_redactor = Redactor()


def redact(text: str) -> str:
    """`text` without the secrets that this process holds or held."""
    return _redactor(text)


def protect(secrets: Iterable[str]) -> None:
    """Take these, too, out of everything from now on."""
    _redactor.learn(secrets)
