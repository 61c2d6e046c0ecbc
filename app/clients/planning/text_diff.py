"""A change as a person reads it: a unified diff, with lines of unusual length cut."""

from __future__ import annotations

from collections.abc import Callable

_WIDEST = 400
_LONGEST = 50 * _WIDEST
"""Characters of a line that are looked at."""


def unified(
    name: str, before: bytes | None, after: bytes | None, mask: Callable[[str], str] = str
) -> str:
    """The lines that go and the lines that come, after `mask`; empty when nothing changes."""
    import difflib  # noqa: PLC0415 - only while a person looks at a change

    now, then = (name if each is not None else "no file" for each in (before, after))
    lines = difflib.unified_diff(_lines(before), _lines(after), lineterm="")
    shown = mask("\n".join(line[:_LONGEST] for line in list(lines)[2:]))
    if not shown:
        return ""
    return "\n".join((f"--- {now}", f"+++ {then}", *map(_short, shown.split("\n"))))


def _lines(content: bytes | None) -> list[str]:
    return [] if content is None else content.decode("utf-8", "replace").splitlines()


def _short(line: str) -> str:
    if len(line) <= _WIDEST:
        return line
    return f"{line[:_WIDEST]}... ({len(line) - _WIDEST:,} more characters)"
