"""What a tool's signature becomes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic_core import PydanticSerializationError

from servers.host.tools.schema import ArgumentError, derive
from servers.host.tools.service import Range, Tool


class Color(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Inner:
    title: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Outer:
    inner: Inner
    more: tuple[Inner, ...]
    properties: dict[str, float]
    note: str | None = None


def _tool(run: Any) -> Tool:
    return Tool(run, "Title", read_only=True)


async def nested(
    color: Annotated[Color, "of it"],
    share: Annotated[float, "of all", Range(0, 1)] = 0.5,
    title: str = "",
    marks: list[int] = [],  # noqa: B006 - a schema's default
) -> Outer:
    """Nest."""
    return Outer(Inner(title, datetime(2026, 1, 2, tzinfo=UTC)), (), {})


def test_schemas_are_flat_and_untitled_but_for_what_is_called_title() -> None:
    found = derive(_tool(nested))
    assert found.input == {
        "type": "object",
        "additionalProperties": False,
        "required": ["color"],
        "properties": {
            "color": {"type": "string", "enum": ["red"], "description": "of it"},
            "share": {
                "type": "number",
                "description": "of all",
                "minimum": 0,
                "maximum": 1,
                "default": 0.5,
            },
            "title": {"type": "string", "default": ""},
            "marks": {"type": "array", "items": {"type": "integer"}, "default": []},
        },
    }
    inner = {
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "at": {"type": "string", "format": "date-time"},
        },
        "required": ["title", "at"],
    }
    assert found.output is not None
    properties = found.output["properties"]
    assert properties["inner"] == inner
    assert properties["more"] == {"type": "array", "items": inner}
    assert properties["note"]["anyOf"] == [{"type": "string"}, {"type": "null"}]


def test_arguments_arrive_as_their_types_and_defaults_are_the_functions_own() -> None:
    taken = derive(_tool(nested)).take({"color": "red", "share": "0.25"})
    assert taken == {"color": Color.RED, "share": 0.25, "title": "", "marks": []}


def test_results_are_json_as_their_schema_says() -> None:
    given = derive(_tool(nested)).give(
        Outer(Inner("t", datetime(2026, 1, 2, tzinfo=UTC)), (), {"a": 1.5})
    )
    assert given == (
        b'{"inner":{"title":"t","at":"2026-01-02T00:00:00Z"},"more":[],'
        b'"properties":{"a":1.5},"note":null}'
    )


def test_a_result_that_is_not_what_was_promised_is_an_error() -> None:
    give = derive(_tool(nested)).give
    with pytest.raises(PydanticSerializationError):
        give(Inner("t", datetime(2026, 1, 2, tzinfo=UTC)))
    with pytest.raises(PydanticSerializationError, match="Expected `float`"):
        give(Outer(Inner("t", datetime(2026, 1, 2, tzinfo=UTC)), (), {"a": "b"}))  # type: ignore[dict-item]


def test_defaults_are_not_shared_between_calls() -> None:
    take = derive(_tool(nested)).take
    take({"color": "red"})["marks"].append(1)
    assert take({"color": "red"})["marks"] == []


async def scalar(count: int) -> list[str]:
    """Count."""
    return ["x"] * count


async def nothing() -> None:
    """Do nothing."""


def test_results_that_are_no_objects_are_wrapped() -> None:
    found = derive(_tool(scalar))
    assert found.output == {
        "type": "object",
        "properties": {"result": {"type": "array", "items": {"type": "string"}}},
        "required": ["result"],
    }
    assert found.give(["x"]) == b'{"result":["x"]}'
    assert derive(_tool(nothing)).output is None


def test_many_problems_are_told_briefly() -> None:
    with pytest.raises(ArgumentError, match="and 5 more"):
        derive(_tool(nested)).take({f"x{n}": n for n in range(9)})


async def optional(text: str | None = None) -> None:
    """Take nothing."""


async def annotated_optional(text: Annotated[str | None, "text"] = None) -> None:
    """Take nothing."""


async def a_name_that_is_longer_than_the_forty_which_fit(text: str) -> None:
    """Be long."""


async def silent(text: str) -> None:
    pass


async def accented(text: str) -> None:
    """Sp\u00e9cial."""


@pytest.mark.parametrize(
    "run",
    [
        optional,
        annotated_optional,
        a_name_that_is_longer_than_the_forty_which_fit,
        silent,
        accented,
    ],
)
def test_tools_that_some_client_could_not_use_are_refused(run: Any) -> None:
    with pytest.raises(TypeError):
        derive(_tool(run))


async def chosen(mode: Annotated[Literal["a", "b"], "how"] = "a") -> str:
    """Choose."""
    return mode


def test_choices_are_enums() -> None:
    assert derive(_tool(chosen)).input["properties"]["mode"] == {
        "type": "string",
        "enum": ["a", "b"],
        "default": "a",
        "description": "how",
    }
