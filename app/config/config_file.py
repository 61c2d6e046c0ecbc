"""config.json on disk: read, kept in step with edits made by hand, and never lost.

A file that is not understood is never written over. While it is broken the configuration in force
stays as it is, every change is refused with the line and column, and the file is looked at again
whenever it changes.
"""

from __future__ import annotations

import logging
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from app.config import config_model, config_text
from app.config.config_model import Config, Misfit
from app.config.config_text import ConfigText
from app.errors import SettingsError
from app.formats.spans import FormatError
from app.system import files
from app.system.listeners import Listeners
from app.system.safe_write import ChangedError, Disk
from servers.contract import ownership

log = logging.getLogger(__name__)

GONE = "config_gone"
_TRIES = 20
_Stamp = tuple[int, int, int] | None


class ConfigFile:
    """The configuration in force, and the one way to change it.

    A change is a function of the configuration, so an edit made by hand meanwhile is kept: the file
    is read again before it is replaced, and looked at once more when it was.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = Config(config_model.defaults())
        self.problems: tuple[str, ...] = ()
        """Parts of the file that were not understood, as sentences."""
        self.changed: Listeners[Config] = Listeners()
        self.trouble: SettingsError | None = None
        """Why the file cannot be used, while it cannot."""
        self.troubled: Listeners[SettingsError | None] = Listeners()
        """The file was found broken, or, with None, mended."""
        self.is_known = False
        """Whether what is in force was read from the file, or there was none yet."""
        self._last: ConfigText | None = None
        self._stamp: _Stamp = None
        self._suspect: tuple[_Stamp] | None = None
        self._disk = _PrivateDisk()

    def load(self) -> None:
        """Read the file; while it cannot be used the defaults are in force."""
        self._stamp = self._stat()
        try:
            content = self._read()
        except SettingsError as trouble:
            self._tell(trouble)
            return
        self._take(config_text.empty() if content is None else self._understood(content))

    def refresh(self, *, at_once: bool = True) -> bool:
        """Take over what was changed on disk by hand; true when that changed something.

        Args:
            at_once: False to believe only at the second look that the file is broken or gone, since
                some programs empty a file before they write it.
        """
        stamp = self._stat()
        if stamp == self._stamp:
            return False
        try:
            found = self._found()
        except SettingsError as trouble:
            if at_once or self._suspect == (stamp,):
                self._stamp = stamp
                self._tell(trouble)
            self._suspect = (stamp,)
            return False
        self._stamp, self._suspect = stamp, None
        return self._take(found)

    def require_writable(self) -> None:
        """Make sure that a change could be saved now, before something else depends on it.

        Raises:
            SettingsError: the file is not understood, or may not be written.
        """
        if self._current() is not None:
            self._check_writable()

    def update(self, change: Callable[[Config], Config]) -> Config:
        """Put `change` into force and on disk; it may be asked for more than once.

        Raises:
            SettingsError: the file is not understood, or could not be written; nothing changed.
        """
        for _ in range(_TRIES):
            content = self._current()
            found = self._last or config_text.empty()
            if content is not None:
                found = self._understood(content)
            before, misfits = config_model.parse(found.values, self.config)
            after = change(before)
            try:
                values = config_model.merge(found.values, after, before)
            except SettingsError as refused:
                raise _with_place(refused, misfits, found) from None
            written = found.changed(values)
            try:
                if written != content:
                    self._write(content, written)
            except ChangedError:
                continue
            self._settle(written)
            saved = self._understood(written)
            self._adopt(after, saved, misfits)
            return self.config
        raise SettingsError(
            "config.json kept changing while Lou was writing it.",
            "Close the program that writes it, and try again.",
            code="busy",
        )

    def _current(self) -> bytes | None:
        """The file's bytes now; None when there are none.

        Raises:
            SettingsError: it is not understood; that is told to the others too.
        """
        try:
            return self._read()
        except SettingsError as trouble:
            self._stamp = self._stat()
            self._tell(trouble)
            raise

    def _found(self) -> ConfigText:
        """What the file says.

        Raises:
            SettingsError: it is not understood, or gone.
        """
        content = self._read()
        if content is None:
            raise SettingsError(
                "config.json is gone. What was in force goes on.",
                "The next change in Lou writes it anew. To begin afresh, quit Lou first.",
                code=GONE,
            )
        return self._understood(content)

    def _read(self) -> bytes | None:
        """The bytes of a file that is understood; None when there is no file."""
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
            self._understood(content)
        return content

    def _understood(self, content: bytes) -> ConfigText:
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
        """Replace `content` by `written`.

        Raises:
            ChangedError: the file holds something else by now; that is untouched.
            SettingsError: it could not be written; it is as it was.
        """
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

    def _settle(self, written: bytes) -> None:
        """Remember what the file was like; one that is edited already is looked at again."""
        stamp = self._stat()
        try:
            is_ours = self._disk.read(self.path) == written
        except OSError:
            is_ours = False
        self._stamp = stamp if is_ours else None

    def _take(self, found: ConfigText) -> bool:
        config, misfits = config_model.parse(found.values, self.config)
        for misfit in misfits:
            log.warning("%s", misfit.words)
        return self._adopt(config, found, misfits)

    def _adopt(self, config: Config, found: ConfigText, misfits: list[Misfit]) -> bool:
        is_new, was_broken = config != self.config, self.trouble is not None
        self.config, self._last, self.is_known = config, found, True
        self.problems = tuple(_placed(misfit, found) for misfit in misfits)
        self.trouble = None
        if is_new:
            self.changed.tell(config)
        if was_broken:
            self.troubled.tell(None)
        return is_new

    def _tell(self, trouble: SettingsError) -> None:
        before, self.trouble = self.trouble, trouble
        if before is None or before.title != trouble.title:
            self.troubled.tell(trouble)

    def _stat(self) -> _Stamp:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


class _PrivateDisk(Disk):
    """What it writes in place of another file is for this user alone."""

    def take_after(self, handle: int, found: os.stat_result) -> None:
        super().take_after(handle, found)
        if sys.platform != "win32":
            os.fchmod(handle, files.PRIVATE)


def _placed(misfit: Misfit, found: ConfigText) -> str:
    return f"{misfit.words} {_place(misfit, found)}"


def _place(misfit: Misfit, found: ConfigText) -> str:
    line, column = found.position(*misfit.path)
    return f"It is at line {line}, column {column}."


def _with_place(refused: SettingsError, misfits: list[Misfit], found: ConfigText) -> SettingsError:
    """The same refusal; about a part that was not understood, with the place of that."""
    for misfit in misfits:
        if misfit.words.startswith(refused.title):
            title = f"{refused.title} {_place(misfit, found)}"
            return SettingsError(title, refused.hint, code=refused.code)
    return refused
