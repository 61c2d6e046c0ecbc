"""Removes or spells invisible characters and terminal commands in text of others.

In: any text. Out: the same for a terminal, a table, a log file, a label or a model. Letters of
every script stay, also the joiners of scripts and emoji, tabs and line ends.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_COMMANDS = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters
    "\u2028\u2029\u202a-\u202e\u2066-\u2069"  # line ends and directions that turn text around
    "\ud800-\udfff\ufff9-\ufffb\U000e0000-\U000e0fff"  # halves, annotations, tags
)
_MARKS = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2060-\u2065\u206a-\u206f"
    "\u3164\ufeff\uffa0"
)
"""Invisible, but harmless to a terminal."""
_JOINED = "\u0600-\u0fff\u1780-\u17ff"
"""Scripts that use joiners."""
_EMOJI = "\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff"
_SCREEN_COMMANDS = (
    r"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]"  # colours, movements
    r"|\x1b\][^\x07\x1b\n]{0,400}(?:\x07|\x1b\\)"  # titles, links
)
_SCREEN_COMMAND = re.compile(_SCREEN_COMMANDS)
_INVISIBLE = re.compile(
    rf"{_SCREEN_COMMANDS}|[{_COMMANDS}{_MARKS}]|\r(?!\n)"
    rf"|(?<![{_JOINED}{_EMOJI}\ufe0f])[\u200c\u200d]|(?<=[{_EMOJI}\ufe0f])\u200c"
    rf"|(?<=[{_EMOJI}\ufe0f])\u200d(?![{_EMOJI}])"
    rf"|[\ufe00-\ufe0d]|(?<![{_EMOJI}#*0-9])[\ufe0e\ufe0f]"
)
_PERHAPS_INVISIBLE = re.compile(rf"[{_COMMANDS}{_MARKS}\r\u200c\u200d\ufe00-\ufe0f]")
"""What `_INVISIBLE` begins with; looking for that alone takes a tenth of the time."""
_RUN_OF_COMMANDS = re.compile(rf"(?:[{_COMMANDS}]|\r(?!\n))++")
_LINE_ENDS = dict.fromkeys("\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", "\n") | {"\x1f": " "}
_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in "0123456789\u00b9\u00b2\u00b3"
}
_BREAKS = re.compile("[\t\n\r\x0b\x0c\x1c-\x1f\x85\u2028\u2029]+")


def visible(text: str) -> str:
    """`text` without invisible characters and terminal commands."""
    if not _PERHAPS_INVISIBLE.search(text):
        return text
    return _INVISIBLE.sub(lambda found: _LINE_ENDS.get(found[0], ""), text)


def spelled(text: str) -> str:
    """`text` for a terminal, with control characters as JSON escapes such as \\u001b.

    JSON stays equivalent JSON.
    """
    if text.isascii() and text.isprintable():
        return text
    return _RUN_OF_COMMANDS.sub(_as_json, text)


def logged(text: str) -> str:
    """`text` for a log: without colours, and with other control characters escaped."""
    return spelled(_SCREEN_COMMAND.sub("", text) if "\x1b" in text else text)


def cell(text: str) -> str:
    """`text` for one row of a terminal: as `spelled`, without line breaks."""
    return spelled(_BREAKS.sub(" ", text))


def one_line(text: str, most: int) -> str:
    """The `visible` text on one line of at most `most` characters."""
    start = text[: 8 * most]  # a long text costs no more than a short one
    line = " ".join(visible(start).split())
    is_cut = len(line) > most or len(start) < len(text)
    return line[: most - 1] + "\u2026" if is_cut else line


def width(text: str) -> int:
    """The columns that `text` takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(one: str) -> int:
    if unicodedata.category(one) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(one) in {"W", "F"} else 1


def is_device(name: str) -> bool:
    """Whether Windows takes a file called `name` for a device, such as `con.log` or `NUL`."""
    return name.partition(".")[0].rstrip().casefold() in _DEVICES


def _as_json(found: re.Match[str]) -> str:
    text = found[0]
    return _escaped_before(text) if len(text) == 1 else _escaped(text)


def _escaped(text: str) -> str:
    units = text.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


_escaped_before = lru_cache(256)(_escaped)
