"""Fields read from a tool's JSON Schema, and from the settings. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Final

from app.ui.fields import UNSET, Field, Kind
from app.ui.present import words

_DEEPEST: Final = 3
_SHORT_TEXT: Final = 400
_PLAIN_KINDS: Final = {
    "string": Kind.TEXT,
    "integer": Kind.INTEGER,
    "number": Kind.NUMBER,
    "boolean": Kind.SWITCH,
}


def from_schema(schema: Mapping[str, Any]) -> tuple[Field, ...]:
    """The fields of an object schema, in its own order."""
    definitions = schema.get("$defs", schema.get("definitions", {}))
    return _properties(schema, definitions, depth=0)


def from_settings(settings: Iterable[dataclasses.Field[Any]]) -> tuple[Field, ...]:
    """The fields of the settings, with the words each of them carries."""
    return tuple(_setting(each) for each in settings)


def _properties(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], *, depth: int
) -> tuple[Field, ...]:
    required = schema.get("required", ())
    properties = schema.get("properties", {})
    return tuple(
        _property(name, part, definitions, required=name in required, depth=depth)
        for name, part in properties.items()
        if isinstance(part, Mapping)
    )


def _property(
    name: str,
    schema: Mapping[str, Any],
    definitions: Mapping[str, Any],
    *,
    required: bool,
    depth: int,
) -> Field:
    shape, nullable = _resolve(schema, definitions)
    kind = _kind(shape, depth)
    return Field(
        name=name,
        kind=kind,
        title=words(name),
        help=str(schema.get("description") or shape.get("description") or ""),
        default=schema.get("default", shape.get("default", UNSET)),
        required=required,
        choices=_choices(shape),
        least=_bound(shape, "minimum", "exclusiveMinimum", 1),
        most=_bound(shape, "maximum", "exclusiveMaximum", -1),
        nullable=nullable,
        parts=_properties(shape, definitions, depth=depth + 1) if kind is Kind.GROUP else (),
    )


def _resolve(
    schema: Mapping[str, Any], definitions: Mapping[str, Any]
) -> tuple[Mapping[str, Any], bool]:
    """The schema behind references and `or null`, and whether null is allowed."""
    nullable = False
    for _ in range(8):  # a schema may refer to itself
        if "$ref" in schema:
            schema = definitions.get(str(schema["$ref"]).rsplit("/", 1)[-1], {})
            continue
        options = schema.get("anyOf", schema.get("oneOf"))
        if not isinstance(options, list):
            break
        others = [option for option in options if option.get("type") != "null"]
        nullable = nullable or len(others) < len(options)
        if len(others) != 1:
            return {}, nullable
        schema = others[0]
    kinds = schema.get("type")
    if isinstance(kinds, list):
        others = [kind for kind in kinds if kind != "null"]
        nullable = nullable or "null" in kinds
        schema = {**schema, "type": others[0] if len(others) == 1 else None}
    return schema, nullable


def _kind(shape: Mapping[str, Any], depth: int) -> Kind:
    if _choices(shape):
        return Kind.CHOICE
    kind = _PLAIN_KINDS.get(str(shape.get("type")), Kind.JSON)
    if kind is Kind.TEXT and int(shape.get("maxLength", 0)) > _SHORT_TEXT:
        return Kind.LONG
    if shape.get("type") == "array" and shape.get("items", {}).get("type") == "string":
        return Kind.TEXTS
    if shape.get("type") == "object" and shape.get("properties") and depth < _DEEPEST:
        return Kind.GROUP
    return kind


def _choices(shape: Mapping[str, Any]) -> tuple[Any, ...]:
    if "const" in shape:
        return (shape["const"],)
    return tuple(value for value in shape.get("enum", ()) if value is not None)


def _bound(shape: Mapping[str, Any], inclusive: str, exclusive: str, step: int) -> float | None:
    if isinstance(shape.get(inclusive), int | float):
        return float(shape[inclusive])
    bound = shape.get(exclusive)
    if isinstance(bound, int | float) and not isinstance(bound, bool):
        return float(bound) + (step if shape.get("type") == "integer" else 0)
    return None


_SETTING_KINDS: Final = {bool: Kind.SWITCH, int: Kind.INTEGER, str: Kind.TEXT}


def _setting(each: dataclasses.Field[Any]) -> Field:
    told = each.metadata
    least, most = told["bounds"] or (None, None)
    return Field(
        name=each.name,
        kind=Kind.CHOICE if told["choices"] else _SETTING_KINDS[type(each.default)],
        title=told["label"],
        help=told["help"],
        default=each.default,
        required=True,
        choices=tuple(told["choices"]),
        words=tuple(told["choices"].values()),
        least=least,
        most=most,
        group=told["group"],
    )
