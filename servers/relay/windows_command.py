"""The command line of a batch file on Windows, such as `npx.cmd`.

In: a program and its arguments. Out: one line of text. CreateProcess hands a batch file to cmd.exe,
which reads `&`, `%` and quotes in the arguments as its own. So they are quoted here for cmd.exe,
and a line break, which nothing can quote, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PureWindowsPath

_BATCH = (".bat", ".cmd")
_PLAIN = re.compile(r"[A-Za-z0-9#$*+\-./:?@\\_]*[A-Za-z0-9#$*+\-./:?@_]")
_BEFORE_QUOTE = re.compile(r'(?<!\\)(\\*)("|$)')
_NOTHING = "%%cd:~,%"
"""A per cent sign and a variable's empty part: cmd.exe then takes what follows for no variable."""


def is_batch(program: str) -> bool:
    """Whether cmd.exe runs `program`; Windows drops dots and blanks at the end of its name."""
    return PureWindowsPath(program.rstrip(". ")).suffix.lower() in _BATCH


def batch_line(argv: Sequence[str]) -> str:
    """The line after `cmd /c` that runs the batch file `argv[0]` with the other words as they are.

    Raises:
        ValueError: a word has a character that cannot be passed.
    """
    if any(character in word for word in argv for character in "\r\n\0"):
        raise ValueError("a batch file (.cmd, .bat) takes no line break in an argument")
    return " ".join((f'"{argv[0].replace("%", _NOTHING)}"', *map(_quoted, argv[1:])))


def _quoted(word: str) -> str:
    if _PLAIN.fullmatch(word):
        return word
    doubled = _BEFORE_QUOTE.sub(r"\1\1\2", word)  # as the program that gets it reads them
    return '"' + doubled.replace('"', '""').replace("%", _NOTHING) + '"'
