"""Checks what a server lists, since one odd entry makes strict clients drop the whole list.

In: the result of `tools/list`, `resources/list`, `resources/templates/list` or `prompts/list`. Out:
the entries that every client takes, and why the others are left out. A member that is null where it
may be absent is dropped, and `properties: []`, PHP's empty object, becomes `{}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Check = Callable[[Any], str]
"""Returns what is wrong with a value; empty if nothing is."""


@dataclass(frozen=True, slots=True)
class CheckedList:
    """The good entries, the faults as (name, why) of the bad, and whether a good one was mended."""

    entries: list[dict[str, Any]]
    faults: list[tuple[str, str]]
    is_mended: bool


def _of(is_right: Callable[[Any], bool], fault: str) -> Check:
    return lambda value: "" if is_right(value) else fault


_text = _of(lambda value: isinstance(value, str), "it is not a text")
_named = _of(lambda value: isinstance(value, str) and bool(value), "it is not a text")
_boolean = _of(lambda value: isinstance(value, bool), "it is neither true nor false")
_number = _of(lambda value: type(value) in {int, float}, "it is not a number")
_object = _of(lambda value: isinstance(value, dict), "it is not an object")
_list = _of(lambda value: isinstance(value, list), "it is not a list")


_HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
_INNER = frozenset((
    *("title", "description", "required", "audience", "priority", "lastModified"), *_HINTS,
))  # fmt: skip
"""The members within `annotations` and `arguments` that are absent rather than null."""


def _texts(value: Any) -> str:
    return "it is not a list of texts" if _list(value) or any(map(_text, value)) else ""


def _schemas(value: Any) -> str:
    members = value.items() if isinstance(value, dict) else ()
    bad = (f"{name} is not a schema" for name, each in members if not isinstance(each, dict | bool))
    return _object(value) or next(bad, "")


def _input_schema(value: Any) -> str:
    if fault := _object(value):
        return fault
    if value.get("type") != "object":
        return 'its type is not "object"'
    return _members(value, {}, {"properties": _schemas, "required": _texts})


def _arguments(value: Any) -> str:
    known = {"description": _text, "title": _text, "required": _boolean}
    arguments = value if isinstance(value, list) else []
    faults = (_object(each) or _members(each, {"name": _named}, known) for each in arguments)
    return _list(value) or next(filter(None, faults), "")


def _hints(value: Any) -> str:
    return _object(value) or _members(value, {}, {"title": _text} | dict.fromkeys(_HINTS, _boolean))


_SHOWN: Mapping[str, Check] = {
    "title": _text,
    "description": _text,
    "icons": _list,
    "_meta": _object,
}
_RESOURCE = {**_SHOWN, "mimeType": _text, "size": _number, "annotations": _object}

_KINDS: Mapping[str, tuple[Mapping[str, Check], Mapping[str, Check]]] = {
    "tools": (
        {"name": _named, "inputSchema": _input_schema},
        {**_SHOWN, "outputSchema": _object, "annotations": _hints, "execution": _object},
    ),
    "resources": ({"uri": _named, "name": _text}, _RESOURCE),
    "resourceTemplates": ({"uriTemplate": _named, "name": _text}, _RESOURCE),
    "prompts": ({"name": _named}, {**_SHOWN, "arguments": _arguments}),
}
"""By the member of the result: the members that each entry must have, and those that it may."""

_NAMES = ("name", "uri", "uriTemplate", "title")

LISTS: Mapping[str, str] = {
    "tools/list": "tools",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
    "prompts/list": "prompts",
}
"""The member of the result that holds the list, by method."""


def check(kind: str, listed: Any, *, is_modern: bool) -> CheckedList:
    """Sort what a server lists; `kind` is a value of `LISTS`."""
    required, optional = _KINDS[kind]
    if kind == "tools" and not is_modern:
        optional = {**optional, "outputSchema": _input_schema}
    entries: list[dict[str, Any]] = []
    names: set[str] = set()
    faults: list[tuple[str, str]] = []
    is_mended = not isinstance(listed, list)
    for entry in listed if isinstance(listed, list) else []:
        mended = _mended(entry, optional) if isinstance(entry, dict) else entry
        fault = _object(mended) or _members(mended, required, optional)
        if kind == "tools" and not fault:
            fault = "another tool has its name" if mended["name"] in names else ""
            names.add(mended["name"])
        if fault:
            faults.append((_name(entry), fault))
        else:
            entries.append(mended)
            is_mended = is_mended or mended is not entry
    return CheckedList(entries, faults, is_mended)


def _name(entry: Any) -> str:
    named = entry if isinstance(entry, dict) else {}
    return str(next((named[key] for key in _NAMES if named.get(key)), "without a name"))


def _members(
    value: Mapping[str, Any], required: Mapping[str, Check], optional: Mapping[str, Check]
) -> str:
    for name, fault_of in (*required.items(), *optional.items()):
        if name in value:
            fault = fault_of(value[name])
        else:
            fault = "it is missing" if name in required else ""
        if fault:
            return f"{name}: {fault}"
    return ""


def _without_null(value: Any) -> Any:
    """An object, or each object of a list, without the known members that are null."""
    if isinstance(value, list):
        return [_without_null(each) for each in value]
    if isinstance(value, dict):
        return {key: each for key, each in value.items() if each is not None or key not in _INNER}
    return value


def _mended(entry: dict[str, Any], optional: Mapping[str, Check]) -> dict[str, Any]:
    """`entry` itself if nothing is to be mended."""
    changed: dict[str, Any] = {}
    for name in ("inputSchema", "outputSchema"):
        schema = entry.get(name)
        if isinstance(schema, dict) and schema.get("properties") == []:
            changed[name] = {**schema, "properties": {}}
    for name in ("annotations", "arguments"):
        kept = _without_null(entry.get(name))
        if kept != entry.get(name):
            changed[name] = kept
    dropped = {name for name in optional if name in entry and entry[name] is None}
    if not changed and not dropped:
        return entry
    return {name: value for name, value in {**entry, **changed}.items() if name not in dropped}
