"""Derives a tool's input and output schema from its signature, and checks arguments.

In: a tool. Out: JSON Schema that every client accepts (no `$ref`, no generated titles, no nullable
inputs), a function that checks arguments, and one that encodes the result.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model

from servers.host.redact import excerpt
from servers.host.tools.service import Range, Tool

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,40}")
_LONGEST_SUMMARY = 1000
_LISTED_PROBLEMS = 5
_WRONG_TYPE = ("_type", "_parsing")


class ArgumentError(ValueError):
    """Wrong arguments; the message says which, and what the tool takes."""


@dataclass(frozen=True, slots=True)
class Signature:
    """The schemas of one tool and their functions. `output` is None if it returns nothing."""

    summary: str
    input: dict[str, Any]
    output: dict[str, Any] | None
    take: Callable[[Mapping[str, Any]], dict[str, Any]]
    give: Callable[[Any], bytes]
    """Encodes the result as one JSON object."""


_known: dict[tuple[str, Any], Signature] = {}
"""The signatures by name and function: a fork finds those that were derived before it."""


def derive(tool: Tool) -> Signature:
    """Raises TypeError if clients could not use the tool; the message says why."""
    key = (tool.name, getattr(tool.run, "__func__", tool.run))
    if key not in _known:
        _known[key] = _derived(tool)
    return _known[key]


def _derived(tool: Tool) -> Signature:
    hints = get_type_hints(tool.run, include_extras=True)
    returns = hints.pop("return", None)
    model = _arguments(tool, hints)
    schema = _tidy(model.model_json_schema())
    schema.setdefault("properties", {})
    output, give = _result(returns)
    return Signature(_summary(tool), schema, output, _taker(model, schema), give)


def _summary(tool: Tool) -> str:
    if not _NAME.fullmatch(tool.name):
        raise TypeError(f"tool name {tool.name!r} does not match {_NAME.pattern}")
    summary = inspect.getdoc(tool.run) or ""
    if not summary or not summary.isascii() or len(summary) >= _LONGEST_SUMMARY:
        raise TypeError(f"the docstring of {tool.name} must be ASCII and 1 to 999 characters long")
    return summary


def _arguments(tool: Tool, hints: Mapping[str, Any]) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(tool.run).parameters.items():
        hint = hints[name]
        if type(None) in get_args(hint if get_origin(hint) is not Annotated else get_args(hint)[0]):
            raise TypeError(f"{tool.name}: {name} may be None; use a default of the same type")
        required = parameter.default is inspect.Parameter.empty
        fields[name] = (_annotated(hint), ... if required else parameter.default)
    config = ConfigDict(extra="forbid", arbitrary_types_allowed=False)
    return create_model(f"{tool.name}_arguments", __config__=config, **fields)


def _annotated(hint: Any) -> Any:
    """`hint` with its texts and `Range`s turned into pydantic fields."""
    if get_origin(hint) is not Annotated:
        return hint
    base, *notes = get_args(hint)
    return Annotated[(base, *(_metadata(note) for note in notes))]


def _metadata(note: Any) -> Any:
    if isinstance(note, str):
        return Field(description=note)
    if isinstance(note, Range):
        return Field(ge=note.at_least, le=note.at_most)
    return note


def _taker(
    model: type[BaseModel], schema: Mapping[str, Any]
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    validate = model.__pydantic_validator__.validate_python

    def take(arguments: Mapping[str, Any]) -> dict[str, Any]:
        try:
            values: dict[str, Any] = validate(arguments).__dict__
            return values
        except ValidationError as refused:
            repaired = _parsed_texts(arguments, refused)
            if repaired is None:
                raise ArgumentError(_explain(refused, schema)) from None
        try:
            return dict(validate(repaired).__dict__)
        except ValidationError as refused:
            raise ArgumentError(_explain(refused, schema)) from None

    return take


def _parsed_texts(arguments: Mapping[str, Any], refused: ValidationError) -> dict[str, Any] | None:
    """`arguments` with lists and objects parsed that a model wrote as JSON text; None if none."""
    repaired = dict(arguments)
    for error in refused.errors(include_url=False, include_context=False):
        name = error["loc"][0] if error["loc"] else None
        value = arguments.get(str(name))
        if isinstance(value, str) and error["type"].endswith(_WRONG_TYPE) and value[:1] in "[{":
            try:
                repaired[str(name)] = json.loads(value)
            except (ValueError, RecursionError):
                return None
    return repaired if repaired != arguments else None


def _explain(refused: ValidationError, schema: Mapping[str, Any]) -> str:
    errors = refused.errors(include_url=False, include_context=False, include_input=False)
    problems = "; ".join(_problem(dict(error)) for error in errors[:_LISTED_PROBLEMS])
    more = f"; and {len(errors) - _LISTED_PROBLEMS} more" if len(errors) > _LISTED_PROBLEMS else ""
    takes = ", ".join(schema["properties"]) or "nothing"
    return f"Wrong arguments. {problems}{more}. This tool takes: {takes}."


def _problem(error: Mapping[str, Any]) -> str:
    where = excerpt(".".join(map(str, error["loc"])), 80)
    match error["type"]:
        case "missing":
            return f"`{where}` is missing"
        case "extra_forbidden":
            return f"`{where}` is not known"
        case _:
            return f"`{where}`: {excerpt(error['msg'], 200)}"


def _result(returns: Any) -> tuple[dict[str, Any] | None, Callable[[Any], bytes]]:
    if returns is None or returns is type(None):
        return None, lambda _: b"{}"
    adapter: TypeAdapter[Any] = TypeAdapter(returns)
    schema = _tidy(adapter.json_schema(mode="serialization"), without=("title", "default"))
    dump = adapter.serializer.to_json
    if schema.get("type") == "object" and (is_dataclass(returns) or "properties" in schema):
        return schema, lambda value: dump(value, warnings="error")
    if schema.get("type") == "object":
        return schema, dump
    wrapped = {"type": "object", "properties": {"result": schema}, "required": ["result"]}
    return wrapped, lambda value: b'{"result":' + dump(value, warnings="error") + b"}"


def _tidy(schema: dict[str, Any], *, without: tuple[str, ...] = ("title",)) -> dict[str, Any]:
    """`schema` without references and the keywords `without`, such as generated titles."""
    definitions = schema.pop("$defs", {})
    return dict(_tidied(schema, definitions, without, named=False))


def _tidied(
    node: Any, definitions: Mapping[str, Any], without: tuple[str, ...], *, named: bool
) -> Any:
    if isinstance(node, list):
        return [_tidied(item, definitions, without, named=False) for item in node]
    if not isinstance(node, dict):
        return node
    if not named and "$ref" in node:
        target = definitions[node["$ref"].rsplit("/", 1)[1]]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return {
        key: _tidied(value, definitions, without, named=not named and key == "properties")
        for key, value in node.items()
        if named or key not in without
    }
