"""Renders and parses the lines of log files: one record, one line.

`2026-11-22 17:40:00,123 - servers.search - INFO - message`. A line break inside a message is
written as U+23CE, so a record cannot forge another one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

BREAK = "\u23ce"
STAMP_LENGTH = len("2026-11-22 17:40:00,123")


@dataclass(frozen=True, slots=True)
class StoredLine:
    """One record of a file; `at` is its local time as text."""

    server: str
    at: str
    logger: str
    level: str
    message: str


class Stamps:
    """Renders times; caches the text of the current second."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def __call__(self, at: float) -> str:
        second = int(at)
        if second != self._second:
            self._second = second
            self._text = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
        return f"{self._text},{int(at * 1000) % 1000:03d}"


@dataclass(frozen=True, slots=True)
class Line:
    """One record of a server; `n` is its running number, `call` the tool call that caused it."""

    n: int
    at: float
    server: str
    level: str
    logger: str
    message: str
    call: str = ""

    def stored(self) -> StoredLine:
        """The line in the form of a log file."""
        return StoredLine(self.server, Stamps()(self.at), self.logger, self.level, self.message)


def render(stamp: str, logger: str, level: str, message: str) -> str:
    """The line with its newline."""
    if "\n" in message or "\r" in message:
        message = BREAK.join(message.splitlines())
    return f"{stamp} - {logger} - {level} - {message}\n"


def parse(server: str, text: str) -> StoredLine:
    """The record in `text`; a line of another form becomes the message as a whole."""
    parts = text.split(" - ", 3)
    if len(parts) < 4:
        return StoredLine(server, text[:STAMP_LENGTH], "", "INFO", text)
    at, logger, level, message = parts
    return StoredLine(server, at, logger, level, message.replace(BREAK, "\n"))
