"""Converts a tool's JSON Schema, or the settings, to form fields. Pure."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from app.ui.form_fields import UNSET, Field, Kind
from app.ui.wording import words

Schema = Mapping[str, Any]
"""A schema from an unknown server: any part of it may be of any type."""

_RESOURCE: Final = re.compile(r"\s?\bSee (?!https?:)[a-z][a-z0-9+.-]{0,30}://\S+")
"""A sentence that sends a model to a resource; a person cannot go there."""
_DEEPEST: Final = 3
_SHORT_TEXT: Final = 400
_PLAIN_KINDS: Final = {
    "string": Kind.TEXT,
    "integer": Kind.INTEGER,
    "number": Kind.NUMBER,
    "boolean": Kind.SWITCH,
}
_NO_DEFAULT: Final = (UNSET, None)
_YES_OR_NO: Final = ((True, False), ("Yes", "No"))


def from_schema(schema: Mapping[str, Any]) -> tuple[Field, ...]:
    """The fields of an object schema, in its order. A part not understood becomes JSON input."""
    return _properties(schema, schema, depth=0)


def from_settings(settings: Iterable[dataclasses.Field[Any]]) -> tuple[Field, ...]:
    """The fields of the settings, with the label and help of each."""
    return tuple(_setting(each) for each in settings)


def _properties(schema: Schema, root: Schema, *, depth: int) -> tuple[Field, ...]:
    required = _list(schema.get("required"))
    return tuple(
        _property(name, part, root, required=name in required, depth=depth)
        for name, part in _mapping(schema.get("properties")).items()
        if isinstance(part, Mapping)
    )


def _property(name: str, schema: Schema, root: Schema, *, required: bool, depth: int) -> Field:
    shape, nullable = _resolve(schema, root)
    default = schema.get("default", shape.get("default", UNSET))
    choices, labels = _choices(shape)
    if shape.get("type") == "boolean" and not choices and not required and default in _NO_DEFAULT:
        choices, labels = _YES_OR_NO  # a switch cannot show that nothing was chosen
    kind = Kind.CHOICE if choices else _kind(shape, depth)
    return Field(
        name=name,
        kind=kind,
        title=words(name),
        help=_RESOURCE.sub("", str(schema.get("description") or shape.get("description") or "")),
        default=default,
        required=required,
        choices=choices,
        words=labels,
        least=_bound(shape, "minimum", "exclusiveMinimum", 1),
        most=_bound(shape, "maximum", "exclusiveMaximum", -1),
        nullable=nullable,
        parts=_properties(shape, root, depth=depth + 1) if kind is Kind.GROUP else (),
    )


def _resolve(schema: Schema, root: Schema) -> tuple[Schema, bool]:
    """Resolve references and optional types; returns the schema and whether null is allowed."""
    nullable = False
    for _ in range(8):  # a schema may refer to itself
        if "$ref" in schema:
            schema = _pointed(root, schema["$ref"])
        elif _list(schema.get("allOf")):
            schema = _joined(schema, root)
        else:
            options = _list(schema.get("anyOf", schema.get("oneOf")))
            others = [each for each in options if _mapping(each).get("type") != "null"]
            nullable = nullable or len(others) < len(options)
            if len(others) != 1:
                schema = _one_of_constants(schema, others)
                break
            schema = _mapping(others[0])
    kinds = schema.get("type")
    if isinstance(kinds, list):
        others = [kind for kind in kinds if kind != "null"]
        nullable = nullable or "null" in kinds
        schema = {**schema, "type": others[0] if len(others) == 1 else None}
    return schema, nullable


def _pointed(root: Schema, reference: object) -> Schema:
    """The target of a reference within the same schema; empty for any other reference."""
    place: object = root
    head, *names = str(reference).split("/")
    for name in names if head == "#" else ("",):
        place = _mapping(place).get(name.replace("~1", "/").replace("~0", "~"))
    return _mapping(place)


def _joined(schema: Schema, root: Schema) -> Schema:
    """Merge the parts of `allOf` into `schema`; the keys of `schema` itself take precedence."""
    whole: dict[str, Any] = {name: value for name, value in schema.items() if name != "allOf"}
    for part in map(_mapping, schema["allOf"]):
        more = _pointed(root, part["$ref"]) if "$ref" in part else part
        properties = {**_mapping(more.get("properties")), **_mapping(whole.get("properties"))}
        required = [*_list(more.get("required")), *_list(whole.get("required"))]
        whole = {**more, **whole, "properties": properties, "required": required}
    return whole


def _one_of_constants(schema: Schema, options: list[Any]) -> Schema:
    """Convert options that are constants to an enum with titles."""
    if not options:
        return schema
    if not all("const" in _mapping(option) for option in options):
        return {}
    values = [option["const"] for option in options]
    return {"enum": values, "titles": [option.get("title") or "" for option in options]}


def _kind(shape: Schema, depth: int) -> Kind:
    kind = _PLAIN_KINDS.get(str(shape.get("type")), Kind.JSON)
    longest = shape.get("maxLength", 0)
    if kind is Kind.TEXT and isinstance(longest, int | float) and longest > _SHORT_TEXT:
        return Kind.LONG
    if shape.get("type") == "array" and _mapping(shape.get("items")).get("type") == "string":
        return Kind.TEXTS
    if shape.get("type") == "object" and _mapping(shape.get("properties")) and depth < _DEEPEST:
        return Kind.GROUP
    return kind


def _choices(shape: Schema) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """The values to choose from, and the label of each."""
    values = [shape["const"]] if "const" in shape else _list(shape.get("enum"))
    titles = _list(shape.get("titles")) or [""] * len(values)
    rows = [pair for pair in zip(values, titles, strict=False) if pair[0] is not None]
    return tuple(value for value, _ in rows), tuple(
        str(labels) or _value_text(v) for v, labels in rows
    )


def _value_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _bound(shape: Schema, inclusive: str, exclusive: str, step: int) -> float | None:
    for name, inward in (
        (inclusive, 0),
        (exclusive, step if shape.get("type") == "integer" else 0),
    ):
        bound = shape.get(name)
        if isinstance(bound, int | float) and not isinstance(bound, bool):
            return bound + inward
    return None


def _mapping(value: object) -> Schema:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


_SETTING_KINDS: Final = {bool: Kind.SWITCH, int: Kind.INTEGER, str: Kind.TEXT}


def _setting(each: dataclasses.Field[Any]) -> Field:
    metadata = each.metadata
    least, most = metadata["bounds"] or (None, None)
    return Field(
        name=each.name,
        kind=Kind.CHOICE if metadata["choices"] else _SETTING_KINDS[type(each.default)],
        title=metadata["label"],
        help=metadata["help"],
        default=each.default,
        required=True,
        choices=tuple(metadata["choices"]),
        words=tuple(metadata["choices"].values()),
        least=least,
        most=most,
        group=metadata["group"],
    )
