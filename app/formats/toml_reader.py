"""Reads TOML with the standard library; refuses a text that would take it too long."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from typing import Any

from app.formats.spans import TOO_DEEP, UnreadableError, position, refuse_depths, refuse_many

_AT = re.compile(r" ?\(at (?:line (\d+), column (\d+)|end of document)\)$")
_LONG_KEY = re.compile(
    r"""(?:^|[\[{,])(?=[ \t]*+[\w"'-])(?:[ \t]*+(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.){100}""",
    re.MULTILINE,
)
_MARKS = re.compile(r"[\n,.=\[{]")
"""What stands before or behind each value of a text."""


def value_of(text: str, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """The values in `text`; raises UnreadableError when it is no TOML, or takes too long."""
    if found := _LONG_KEY.search(text):
        raise UnreadableError(TOO_DEEP, *position(text, found.start()))
    refuse_many(text, _MARKS, 10_000)
    try:
        value = tomllib.loads(text, parse_float=parse_float)
    except tomllib.TOMLDecodeError as broken:
        words = str(broken)
        at = _AT.search(words)
        where = (int(at[1]), int(at[2])) if at and at[1] else position(text, len(text))
        raise UnreadableError(f"{_AT.sub('', words)}.", *where) from None
    except RecursionError:
        raise UnreadableError(TOO_DEEP, 1, 1) from None
    except ValueError as odd:  # a number of thousands of digits
        raise UnreadableError(f"{odd}.", 1, 1) from None
    refuse_depths(value)
    return value
