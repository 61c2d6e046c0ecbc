"""The errors of the app, as the user reads them.

```
AppError(title, hint)            what the user reads; everything else is a bug
├── SettingsError                a file that cannot be read or written
├── VaultError                   locked, absent, denied, timed out
├── ClientConfigError            unreadable, changed meanwhile, not writable
└── ServerError                  not launchable, no answer, gave up, unknown
```
"""


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
