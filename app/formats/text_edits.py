"""Reads and edits the text of a client's file, whatever its format.

The modules of the formats offer candidate edits. This one applies the first after which the reader
finds the old content with the requested change, and nothing else changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from app.formats.spans import (
    AmbiguousError,
    Edit,
    FormatError,
    Layout,
    Outline,
    UnreadableError,
    decoded,
    position_of,
)

_BOM = "\ufeff"
LARGEST = 64 << 20
"""Bytes of a file that Lou still reads; the readers of TOML and YAML are slower."""
_LARGEST_OF = {"toml": 4 << 20, "yaml": 200_000}


@dataclass(frozen=True, slots=True)
class ClientText:
    """The text of a file, and whether it begins with a byte order mark."""

    text: str
    bom: bool = False

    def encoded(self) -> bytes:
        return ((_BOM if self.bom else "") + self.text).encode("utf-8", "surrogateescape")

    def with_text(self, text: str) -> ClientText:
        """The same file with another text."""
        return ClientText(text, self.bom)


def decode(content: bytes, layout: Layout) -> ClientText:
    """Raises UnreadableError for what is not UTF-8, or a byte order mark the client refuses."""
    if len(content) > _LARGEST_OF.get(layout.format, LARGEST):
        raise UnreadableError(
            f"The file has {len(content):,} bytes, too many for a settings file.", 1, 1
        )
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UnreadableError("The file is UTF-16; the client reads UTF-8.", 1, 1)
    text = decoded(content, "The file is not UTF-8 here.")
    if not text.startswith(_BOM):
        return ClientText(text)
    if not layout.bom and not text[1:].strip():
        return ClientText(text[1:])  # it says nothing, so that the mark may go with the rest
    if not layout.bom:
        reason = "The file begins with a byte order mark, which this client cannot read."
        raise UnreadableError(reason, 1, 1)
    return ClientText(text[1:], bom=True)


def read(text: str, layout: Layout) -> Outline:
    """Raises FormatError if `text` cannot be read, or can be read in two ways."""
    outline: Outline = _module(layout).outline(text, layout)
    return outline


def add(
    text: str, layout: Layout, entries: Mapping[str, Any], before: Outline | None = None
) -> Edit:
    """The edit that adds `entries`; `before` is the outline of `text`, where it is known.

    Raises:
        FormatError: the text cannot be read, or each candidate changes more.
    """
    before = before or read(text, layout)
    wanted = {**before.servers, **entries}
    edits: Iterator[Edit] = _module(layout).insertions(text, layout, entries)
    for edit in edits:
        after = _read_or_none(edit.apply(text), layout)
        if after and after.rest == before.rest and after.servers == wanted:
            return edit
    reason = f"Lou cannot add to `{layout.root[0]}` without rewriting what is there."
    raise AmbiguousError(reason, *position_of(text, layout.root[0]))


def take_back(text: str, layout: Layout, edits: Sequence[Edit], names: Sequence[str]) -> str | None:
    """`text` as it was before one of `edits`; None if the entries of that edit changed."""
    for edit in edits:
        for whole in _whole(text, layout, edit, names):
            shorter = whole.replace(edit.new, edit.old)
            after = _read_or_none(shorter, layout)
            if after and _lost_only(read(text, layout), after, edit):
                return shorter
    return None


def remove(text: str, layout: Layout, names: Sequence[str], *, drop_root: bool = False) -> str:
    """`text` without the entries called `names`; without an empty root too, when `drop_root`.

    Raises:
        FormatError: they cannot be removed without another change.
    """
    for name in names:
        text = _without(text, layout, name)
    if not drop_root:
        return text
    outline = read(text, layout)
    if outline.has_root and not outline.servers:
        for shorter in _module(layout).without_root(text, layout):
            after = _read_or_none(shorter, layout)
            if after and not after.has_root and after.rest == outline.rest:
                return str(shorter)
    return text


def _without(text: str, layout: Layout, name: str) -> str:
    before = read(text, layout)
    if name not in before.servers:
        return text
    wanted = {key: value for key, value in before.servers.items() if key != name}
    for shorter in _module(layout).removals(text, layout, name):
        after = _read_or_none(shorter, layout)
        if after and after.rest == before.rest and after.servers == wanted:
            return str(shorter)
    reason = f"Lou cannot take `{name}` out without rewriting what is around it."
    raise AmbiguousError(reason, *position_of(text, name))


def _whole(text: str, layout: Layout, edit: Edit, names: Sequence[str]) -> Iterator[str]:
    """`text` with what `edit` wrote: as it is, or without what the client put into `names`."""
    if not edit.new:
        return
    if text.count(edit.new) == 1:
        yield text
    elif layout.format.startswith("json"):
        from app.formats import json_editor  # noqa: PLC0415 - see `_module`

        again = json_editor.as_written(text, layout, edit.new, names)
        if again.count(edit.new) == 1:
            yield again


def _lost_only(before: Outline, after: Outline, edit: Edit) -> bool:
    lost = before.servers.keys() - after.servers.keys()
    kept = {name: value for name, value in before.servers.items() if name not in lost}
    return (
        bool(lost)
        and after.rest == before.rest
        and after.servers == kept
        and all(name in edit.new for name in lost)
    )


def _read_or_none(text: str, layout: Layout) -> Outline | None:
    try:
        return read(text, layout)
    except FormatError:
        return None


def _module(layout: Layout) -> ModuleType:
    """The module of the format; TOML and YAML modules are loaded when they are needed."""
    if layout.format == "toml":
        from app.formats import toml_editor  # noqa: PLC0415 - see the docstring

        return toml_editor
    if layout.format == "yaml":
        from app.formats import yaml_editor  # noqa: PLC0415 - see the docstring

        return yaml_editor
    from app.formats import json_editor  # noqa: PLC0415 - see the docstring

    return json_editor
