"""A change as a person reads it: a unified diff, with lines of unusual length cut."""

from __future__ import annotations

_WIDEST = 400


def unified(name: str, before: bytes | None, after: bytes | None) -> str:
    """The lines that go and the lines that come; empty when nothing changes."""
    import difflib  # noqa: PLC0415 - only while a person looks at a change

    now, then = (name if each is not None else "no file" for each in (before, after))
    lines = difflib.unified_diff(_lines(before), _lines(after), now, then, lineterm="")
    return "\n".join(lines)


def _lines(content: bytes | None) -> list[str]:
    text = "" if content is None else content.decode("utf-8", "replace")
    return [_short(line) for line in text.splitlines()]


def _short(line: str) -> str:
    if len(line) <= _WIDEST:
        return line
    return f"{line[:_WIDEST]}... ({len(line) - _WIDEST:,} more characters)"
