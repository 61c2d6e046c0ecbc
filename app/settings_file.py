"""config.json on disk: read, kept in step with edits made by hand, and never lost."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app import config as meaning
from app import files
from app.config import Config
from app.errors import SettingsError
from app.observe import Listeners

log = logging.getLogger(__name__)

_BROKEN = "broken_config"
_DEFAULTS = "The defaults are used."
_IN_FORCE = "What was in force before is used."
_Stamp = tuple[int, int, int] | None


class SettingsFile:
    """The configuration in force, and the one way to change it.

    A change is a function of the configuration, so an edit made by hand meanwhile is kept: the file
    is read again before it is replaced.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = Config(meaning.defaults())
        self.problems: tuple[str, ...] = ()
        """What could not be taken from the file, as sentences."""
        self.changed: Listeners[Config] = Listeners()
        self.trouble: SettingsError | None = None
        """Why the defaults are used, when they are."""
        self.troubled: Listeners[SettingsError] = Listeners()
        """The file was found broken: it lies beside, untouched, and the title names it."""
        self._stamp: _Stamp = None

    def load(self) -> None:
        """Read the file; broken, it is kept aside and the defaults are used."""
        stamp = self._stat()
        try:
            self._take(self._read(), stamp)
        except SettingsError as trouble:
            self._take(None, stamp)
            self._tell(self._put_aside(_DEFAULTS)[0] if trouble.code == _BROKEN else trouble)

    def _tell(self, trouble: SettingsError) -> None:
        self.trouble = trouble
        self.troubled.tell(trouble)

    def _put_aside(self, instead: str) -> tuple[SettingsError, Path]:
        aside = files.set_aside(self.path, "broken")
        log.error("config.json is broken; it was kept as %s", aside)
        trouble = SettingsError(
            f"config.json is broken. {instead}",
            f"Your file is untouched: {aside}. Mend it and rename it to {self.path.name}.",
            code=_BROKEN,
        )
        return trouble, aside

    def refresh(self) -> bool:
        """Take over what was changed on disk by hand; true when something was.

        A file that is broken at this moment is left alone: the person is still editing it.
        """
        stamp = self._stat()
        if stamp == self._stamp:
            return False
        try:
            is_new = self._take(self._read(), stamp)
            self.trouble = None
            return is_new
        except SettingsError as broken:
            self._stamp = stamp
            log.warning("%s The settings in force stay as they were.", broken.title)
            self.problems = (broken.title,)
            return False

    def update(self, change: Callable[[Config], Config]) -> Config:
        """Put `change` into force and on disk.

        Raises:
            SettingsError: it could not be saved; nothing changed.
        """
        try:
            content = self._read()
        except SettingsError as trouble:
            if trouble.code != _BROKEN:
                raise
            return self._replace_broken(change)
        document = _decode(content) if content is not None else {}
        before, problems = meaning.parse(document)
        after = change(before)
        written = _encode(meaning.merge(document, after, before))
        if written != content:
            files.write_atomic(self.path, written)
        self._adopt(after, problems, self._stat())
        return self.config

    def _replace_broken(self, change: Callable[[Config], Config]) -> Config:
        """Somebody's edit went wrong while what it was made from is in force: that goes on."""
        after = change(self.config)
        written = _encode(meaning.merge({}, after, Config(meaning.defaults())))
        trouble, aside = self._put_aside(_IN_FORCE)
        try:
            files.write_atomic(self.path, written)
        except SettingsError:
            aside.rename(self.path.resolve())
            raise
        self._adopt(after, [], self._stat())
        self._tell(trouble)
        return self.config

    def _read(self) -> bytes | None:
        if self.path.exists() and not self.path.is_file():  # a pipe would be read for ever
            raise self._unreadable("it is no file")
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as failure:
            raise self._unreadable(failure.strerror) from failure
        _decode(content)
        return content

    def _unreadable(self, why: str | None) -> SettingsError:
        return SettingsError(
            f"config.json cannot be read: {why}.",
            f"Check what {self.path} is, and its permissions.",
            code="unreadable",
        )

    def _take(self, content: bytes | None, stamp: _Stamp) -> bool:
        config, problems = meaning.parse(_decode(content) if content is not None else {})
        for problem in problems:
            log.warning("%s", problem)
        return self._adopt(config, problems, stamp)

    def _adopt(self, config: Config, problems: list[str], stamp: _Stamp) -> bool:
        is_new = config != self.config
        self.config, self.problems, self._stamp = config, tuple(problems), stamp
        if is_new:
            self.changed.tell(config)
        return is_new

    def _stat(self) -> _Stamp:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _decode(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as broken:
        raise SettingsError(
            f"config.json is broken: {broken}.", "Mend the file.", code=_BROKEN
        ) from None
    if not isinstance(found, dict):
        raise SettingsError(
            "config.json is broken: it is not an object.", "Mend the file.", code=_BROKEN
        )
    return found


def _encode(document: dict[str, Any]) -> bytes:
    text = json.dumps(document, indent=2, ensure_ascii=False)
    # Half a surrogate pair, which JSON can spell and UTF-8 cannot, becomes JSON's spelling again.
    return text.encode("utf-8", "backslashreplace") + b"\n"
