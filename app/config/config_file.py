"""Reads and writes config.json, together with edits that a person makes in it.

In: functions that change a `Config`. Out: the `Config` in force, announcements of changes, and why
the file cannot be used. A file that cannot be parsed is never overwritten: the last configuration
stays in force, changes are refused, and the file is read again when it changes.
"""

from __future__ import annotations

import logging
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from app.config import config_model, config_text
from app.config.config_model import Config, InvalidPart
from app.config.config_text import ConfigText
from app.errors import SettingsError
from app.formats.spans import FormatError
from app.system import files, paths
from app.system.listeners import Listeners
from app.system.safe_write import ChangedError, Disk
from servers.contract import ownership

log = logging.getLogger(__name__)

GONE = "config_gone"
_TRIES = 20
_Stamp = tuple[int, int, int] | None


class ConfigFile:
    """The configuration in force, and the only way to change it.

    A change is a function of the configuration, so edits that were made meanwhile are kept: the
    file is read again before it is replaced, and compared afterwards.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = Config(config_model.defaults())
        self.problems: tuple[str, ...] = ()
        """A sentence for each part of the file that is invalid."""
        self.changed: Listeners[Config] = Listeners()
        self.trouble: SettingsError | None = None
        """Why the file cannot be used; None while it can."""
        self.troubled: Listeners[SettingsError | None] = Listeners()
        """The file cannot be used; or, with None, it can be used again."""
        self.is_known = False
        """Whether the configuration in force was read from the file, or there was no file yet."""
        self._last: ConfigText | None = None
        self._stamp: _Stamp = None
        self._broken_once: tuple[_Stamp] | None = None
        self._disk = _PrivateDisk()

    @classmethod
    def of_home(cls) -> ConfigFile:
        """The file of this Lou, read once."""
        file = cls(paths.config_file())
        file.load()
        return file

    def load(self) -> None:
        """Read the file; while it cannot be used the defaults are in force."""
        self._stamp = self._stat()
        try:
            content = self._read()
        except SettingsError as trouble:
            self._set_trouble(trouble)
            return
        self._apply(config_text.empty() if content is None else self._parse(content))

    def refresh(self, *, at_once: bool = True) -> bool:
        """Apply edits made in the file; returns whether they changed the configuration.

        Not `at_once`, a broken or missing file is reported only at the second check, since some
        programs empty a file before they write it.
        """
        stamp = self._stat()
        if stamp == self._stamp:
            return False
        try:
            found = self._read_present()
        except SettingsError as trouble:
            if at_once or self._broken_once == (stamp,):
                self._stamp = stamp
                self._set_trouble(trouble)
            self._broken_once = (stamp,)
            return False
        self._stamp, self._broken_once = stamp, None
        return self._apply(found)

    def require_writable(self) -> None:
        """Check that the file can be parsed and written now; raises SettingsError if not."""
        if self._read_or_report() is not None:
            self._check_writable()

    def update(self, change: Callable[[Config], Config]) -> Config:
        """Apply `change`, maybe more than once, and save it; raises SettingsError if it cannot."""
        for _ in range(_TRIES):
            content = self._read_or_report()
            found = self._last or config_text.empty()
            if content is not None:
                found = self._parse(content)
            before, invalid_parts = config_model.parse(found.values, self.config)
            after = change(before)
            try:
                values = config_model.merge(found.values, after, before)
            except SettingsError as refused:
                raise _with_place(refused, invalid_parts, found) from None
            written = found.changed(values)
            try:
                if written != content:
                    self._write(content, written)
            except ChangedError:
                continue
            self._remember_stamp(written)
            saved = self._parse(written)
            self._adopt(after, saved, invalid_parts)
            return self.config
        raise SettingsError(
            "config.json kept changing while Lou was writing it.",
            "Close the program that writes it, and try again.",
            code="busy",
        )

    def _read_or_report(self) -> bytes | None:
        """The bytes of the file; None without one. An error in it goes to the listeners, too."""
        try:
            return self._read()
        except SettingsError as trouble:
            self._stamp = self._stat()
            self._set_trouble(trouble)
            raise

    def _read_present(self) -> ConfigText:
        content = self._read()
        if content is None:
            raise SettingsError(
                "config.json is gone. What was in force goes on.",
                "The next change in Lou rewrites it. To start over, quit Lou first.",
                code=GONE,
            )
        return self._parse(content)

    def _read(self) -> bytes | None:
        """The bytes of a file that can be parsed; None without a file."""
        if self.path.is_symlink() and not self.path.exists():
            raise self._unreadable("it is a link to what is not there")
        try:
            content = ownership.read(str(self.path), follows_last=True)
        except FileNotFoundError:
            return None
        except ownership.ForeignError as foreign:
            raise files.not_ours(foreign, self.path) from foreign
        except OSError as failure:
            is_folder = self.path.is_dir()
            raise self._unreadable("it is no file" if is_folder else failure.strerror) from failure
        if content is not None:
            self._parse(content)
        return content

    def _parse(self, content: bytes) -> ConfigText:
        try:
            return config_text.read(content)
        except FormatError as broken:
            raise SettingsError(
                f"config.json is broken at line {broken.line}, column {broken.column}: "
                f"{broken.reason}",
                f"Mend {self.path}. Lou notices by itself, and changes nothing in it until then.",
                code="broken_config",
            ) from None

    def _unreadable(self, why: str | None) -> SettingsError:
        return SettingsError(
            f"config.json cannot be read: {why}.",
            f"Check what {self.path} is, and its permissions.",
            code="unreadable",
        )

    def _check_writable(self) -> None:
        if not self.path.resolve().stat().st_mode & stat.S_IWUSR:
            raise SettingsError(
                "config.json is read-only, so Lou does not change it.",
                f"Make it writable, if Lou may change it: {self.path.resolve()}",
                code="read_only",
            )

    def _write(self, content: bytes | None, written: bytes) -> None:
        """Replace `content` by `written`; what cannot be replaced stays as it is."""
        real = self.path.resolve()
        try:
            if content is not None:
                self._check_writable()
            self._disk.make_folder(real.parent)
            self._disk.swap(real, content, written)
        except ChangedError:
            raise
        except OSError as failure:
            raise files.not_written(self.path, failure) from failure

    def _remember_stamp(self, written: bytes) -> None:
        """Remember the stamp of the file, unless it was edited again meanwhile."""
        stamp = self._stat()
        try:
            is_ours = self._disk.read(self.path) == written
        except OSError:
            is_ours = False
        self._stamp = stamp if is_ours else None

    def _apply(self, found: ConfigText) -> bool:
        config, invalid_parts = config_model.parse(found.values, self.config)
        for invalid in invalid_parts:
            log.warning("%s", invalid.words)
        return self._adopt(config, found, invalid_parts)

    def _adopt(self, config: Config, found: ConfigText, invalid_parts: list[InvalidPart]) -> bool:
        is_new, was_broken = config != self.config, self.trouble is not None
        self.config, self._last, self.is_known = config, found, True
        self.problems = tuple(f"{each.words} {_place(each, found)}" for each in invalid_parts)
        self.trouble = None
        if is_new:
            self.changed.notify(config)
        if was_broken:
            self.troubled.notify(None)
        return is_new

    def _set_trouble(self, trouble: SettingsError) -> None:
        before, self.trouble = self.trouble, trouble
        if before is None or before.title != trouble.title:
            self.troubled.notify(trouble)

    def _stat(self) -> _Stamp:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


class _PrivateDisk(Disk):
    """A disk whose files only this user can read."""

    def take_after(self, handle: int, found: os.stat_result) -> None:
        super().take_after(handle, found)
        if sys.platform != "win32":
            os.fchmod(handle, files.PRIVATE)


def _place(invalid: InvalidPart, found: ConfigText) -> str:
    line, column = found.position(*invalid.path)
    return f"It is at line {line}, column {column}."


def _with_place(
    refused: SettingsError, invalid_parts: list[InvalidPart], found: ConfigText
) -> SettingsError:
    """The same error; if it is about an invalid part, with its line and column."""
    for invalid in invalid_parts:
        if invalid.words.startswith(refused.title):
            title = f"{refused.title} {_place(invalid, found)}"
            return SettingsError(title, refused.hint, code=refused.code)
    return refused
