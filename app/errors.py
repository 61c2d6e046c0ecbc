"""The error classes of the app, with title, hint and stable code, and `did_you_mean` for hints.

```
AppError(title, hint)            what the user reads; everything else is a bug
├── SettingsError                a file that cannot be read or written
├── VaultError                   locked, absent, denied, timed out
├── ClientConfigError            unreadable, changed meanwhile, not writable
└── ServerError                  not launchable, no answer, gave up, unknown
```
"""

from __future__ import annotations

from collections.abc import Iterable

from servers.contract.ownership import ForeignError


class AppError(Exception):
    """An error for the user: `title` says what happened, `hint` what to do; `code` is stable."""

    def __init__(self, title: str, hint: str = "", *, code: str = "failed") -> None:
        super().__init__(f"{title} {hint}".strip())
        self.title = title
        self.hint = hint
        self.code = code


class SettingsError(AppError):
    """A file of Lou's own cannot be read or written."""


class VaultError(AppError):
    """The keyring gave no answer or refused."""


class ClientConfigError(AppError):
    """The file of a client was not changed."""


class ServerError(AppError):
    """A server or one of its tools did not do what was asked."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question that names what in `known` is spelled much like `word`; empty for nothing."""
    import difflib  # noqa: PLC0415 - loaded only for a wrong word

    near = difflib.get_close_matches(word.lower()[:100], list(known), n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else ""


def of_system(failure: OSError) -> AppError:
    """What the system refused, as an error for the user."""
    if isinstance(failure, ForeignError):
        return AppError(f"{failure.what}.", failure.remedy)
    return AppError(f"The system refused this: {said_by_system(failure)}.")


def said_by_system(failure: BaseException | None) -> str:
    """The path and the words of `failure`, without its number."""
    words = getattr(failure, "strerror", None) or str(failure) or type(failure).__name__
    path = getattr(failure, "filename", None)
    return f"{path}: {words}" if path else str(words)
