"""Parses the text of config.json, and edits it without changing other bytes. Pure.

In: bytes. Out: values, positions, and bytes after a change. A text that is no JSON or has a key
twice is refused with line and column.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from app.formats import json_editor
from app.formats.json_reader import decoder, duplicate_in, members_of, skip
from app.formats.spans import FormatError, Layout, UnreadableError, decoded, position, refuse_depths

_BOM = "\ufeff"
_LARGEST = 16 << 20
"""The largest configuration that Lou reads, in bytes."""
_LAYOUT = Layout("json", ("mcpServers",))
_OBJECTS = ("mcpServers", "settings")
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class ConfigText:
    """A text and the `values` in it."""

    text: str
    values: dict[str, Any]
    bom: bool = False

    def position(self, *path: str) -> tuple[int, int]:
        """Line and column, from 1, of the member at `path`, or of its last existing parent."""
        start, at = skip(self.text, 0), 0
        for key in path:
            if self.text[start] != "{":
                break
            member = members_of(self.text, start).get(key)
            if member is None:
                break
            start, at = member.value, member.start
        return position(self.text, at)

    def changed(self, values: dict[str, Any]) -> bytes:
        """The bytes of a file with `values`, in the style of this one."""
        text = self.text if values == self.values else self._edit(values)
        return (_BOM * self.bom + text).encode("utf-8")

    def _edit(self, values: dict[str, Any]) -> str:
        text = json_editor.rewritten(self.text, _LAYOUT, values)
        try:
            is_right = decoder.decode(text) == values
        except ValueError:
            is_right = False
        return text if is_right else self._write_anew(values)

    def _write_anew(self, values: dict[str, Any]) -> str:
        found = _INDENT.search(self.text)
        text = json_editor.dumped(values, indent=found[0] if found else "  ") + "\n"
        return text.replace("\n", "\r\n") if "\r\n" in self.text else text


def empty() -> ConfigText:
    return ConfigText("{}\n", {})


def read(content: bytes) -> ConfigText:
    """Raises FormatError for what is no configuration in UTF-8, or has a key twice."""
    text = _decoded(content)
    bom = text.startswith(_BOM)
    text = text.removeprefix(_BOM)
    values = _values(text)
    duplicate = duplicate_in(text)
    if duplicate is not None:
        raise FormatError(
            f"`{duplicate.key:.60}` is there twice.", *position(text, duplicate.start)
        )
    found = ConfigText(text, values, bom)
    for key in _OBJECTS:
        if not isinstance(values.get(key, {}), dict):
            raise FormatError(f"`{key}` is not an object.", *found.position(key))
    return found


def _decoded(content: bytes) -> str:
    if len(content) > _LARGEST:
        raise UnreadableError(f"It has {len(content):,} bytes, too many for settings.", 1, 1)
    if content[:2] in _UTF_16 or b"\0" in content[:2]:
        raise UnreadableError("It is UTF-16; save it as UTF-8.", 1, 1)
    return decoded(content, "It is not UTF-8 here.")


def _values(text: str) -> dict[str, Any]:
    if not text.strip():
        raise UnreadableError("It is empty; at least {} has to be in it.", 1, 1)
    try:
        values = decoder.decode(text)
    except json.JSONDecodeError as broken:
        raise _readable_error(text, broken) from None
    except RecursionError:
        raise UnreadableError("It is nested too deeply.", 1, 1) from None
    except ValueError as broken:  # NaN and Infinity
        at = max(text.find(str(broken)), 0)
        raise UnreadableError(f"{broken} is not JSON.", *position(text, at)) from None
    if not isinstance(values, dict):
        raise UnreadableError("It is not an object.", *position(text, skip(text, 0)))
    refuse_depths(values)
    return values


def _readable_error(text: str, broken: json.JSONDecodeError) -> UnreadableError:
    """The error, with the usual mistake at this place as its reason."""
    at = broken.pos
    before = text[:at].rstrip()
    if text[at : at + 1] in {"}", "]"} and before.endswith(","):
        at, reason = len(before) - 1, "There is a comma before the closing bracket."
    elif text[at : at + 2] in {"//", "/*"} or text[at : at + 1] == "#":
        reason = "There is a comment, and JSON has none."
    elif at >= len(text.rstrip()):
        reason = f"It ends too early: {broken.msg[:1].lower()}{broken.msg[1:]}."
    else:
        reason = f"{broken.msg}."
    return UnreadableError(reason, *position(text, at))
