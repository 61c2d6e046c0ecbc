"""Forms are made from schemas and settings; what a person types is read or refused in words."""

from __future__ import annotations

from typing import Any

import pytest

from app.config.config_model import Config
from app.config.settings import shown_fields
from app.ui.form_fields import UNSET, Field, FieldError, Kind, expectation, read, written
from app.ui.schema_fields import from_schema, from_settings
from app.ui.setting_choices import choices


def one(schema: dict[str, Any], **around: Any) -> Field:
    (field,) = from_schema({"type": "object", "properties": {"it": schema}, **around})
    return field


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, Kind.TEXT),
        ({"type": "string", "maxLength": 4000}, Kind.LONG),
        ({"enum": ["a", "b"]}, Kind.CHOICE),
        ({"const": "a"}, Kind.CHOICE),
        ({"type": "integer"}, Kind.INTEGER),
        ({"type": "number"}, Kind.NUMBER),
        ({"type": "boolean", "default": False}, Kind.SWITCH),
        ({"type": "boolean"}, Kind.CHOICE),
        ({"enum": [{"a": 1}, [1]]}, Kind.CHOICE),
        ({"oneOf": [{"const": "a", "title": "Apple"}, {"const": "b"}]}, Kind.CHOICE),
        ({"allOf": [{"type": "string"}, {"description": "x"}]}, Kind.TEXT),
        ({"type": "array", "items": {"type": "string"}}, Kind.TEXTS),
        ({"type": "array", "items": {"type": "object"}}, Kind.JSON),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, Kind.GROUP),
        ({"type": "object"}, Kind.JSON),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, Kind.TEXT),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, Kind.JSON),
        ({"type": ["integer", "null"]}, Kind.INTEGER),
        ({}, Kind.JSON),
        (True, None),
    ],
)
def test_every_shape_of_a_schema_becomes_a_field(schema: Any, kind: Kind | None) -> None:
    if kind is None:
        assert from_schema({"type": "object", "properties": {"it": schema}}) == ()
    else:
        assert one(schema).kind is kind


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("auto, or a name. See search://status.", "auto, or a name."),
        ("See https://a.example for more.", "See https://a.example for more."),
        ("See it.", "See it."),
    ],
)
def test_a_help_sends_nobody_to_what_only_a_model_can_read(told: str, shown: str) -> None:
    assert one({"type": "string", "description": told}).help == shown


def test_references_are_followed_and_one_to_itself_ends() -> None:
    mode = one({"$ref": "#/$defs/Mode"}, **{"$defs": {"Mode": {"enum": ["x", "y"]}}})
    assert mode.choices == ("x", "y")
    assert one({"$ref": "#/$defs/A"}, **{"$defs": {"A": {"$ref": "#/$defs/A"}}}).kind is Kind.JSON


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "required": True},
        {"type": "array", "items": [{"type": "string"}]},
        {"type": "array", "items": True},
        {"type": "string", "maxLength": "many"},
        {"type": "object", "properties": ["a"]},
        {"type": "object", "properties": {"b": {"type": "string"}}, "required": True},
        {"anyOf": [True, {"type": "null"}]},
        {"anyOf": {}},
        {"enum": "abc"},
        {"enum": None},
        {"allOf": [True]},
        {"$ref": 5},
        {"$ref": "#/$defs/A"},
        {"type": ["string", ["x"]]},
        {"type": "integer", "maximum": 10**400},
        {"description": ["a", "b"]},
    ],
)
def test_a_part_that_is_no_schema_is_asked_for_all_the_same(schema: Any) -> None:
    field = one(schema, **{"$defs": [1], "required": True})
    assert field.name == "it"
    expectation(field)


def test_what_is_chosen_from_is_told_in_its_own_words() -> None:
    fruits = {"oneOf": [{"const": "a", "title": "Apple"}, {"const": {"b": 1}}]}
    assert one(fruits).words == ("Apple", '{"b": 1}')
    flag = one({"type": "boolean"})
    assert (flag.choices, flag.words) == ((True, False), ("Yes", "No"))


def test_a_reference_leads_to_any_part_of_the_schema() -> None:
    whole = {"properties": {"it": {"$ref": "#/properties/other"}, "other": {"type": "integer"}}}
    assert [field.kind for field in from_schema(whole)] == [Kind.INTEGER] * 2


@pytest.mark.parametrize(
    ("field", "typed", "value"),
    [
        (Field("a", Kind.INTEGER, "A", least=1, most=20), " 7 ", 7),
        (Field("a", Kind.NUMBER, "A"), "0.5", 0.5),
        (Field("a", Kind.TEXTS, "A"), " x \n\n y", ["x", "y"]),
        (Field("a", Kind.JSON, "A"), '{"b": [1]}', {"b": [1]}),
        (Field("a", Kind.TEXT, "A"), "", UNSET),
        (Field("a", Kind.TEXT, "A", required=True, nullable=True), "", None),
    ],
)
def test_what_is_typed_is_read(field: Field, typed: str, value: Any) -> None:
    assert read(field, typed) == value
    if value not in (UNSET, None):
        assert read(field, written(field, value)) == value


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        (Field("a", Kind.INTEGER, "A", least=1, most=20), "21", "1 to 20"),
        (Field("a", Kind.INTEGER, "A"), "1.5", "whole number"),
        (Field("a", Kind.NUMBER, "A"), "nan", "number"),
        (Field("a", Kind.JSON, "A"), "{", "JSON"),
        (Field("a", Kind.JSON, "A"), "[NaN]", "JSON"),
        (Field("a", Kind.JSON, "A"), "[" * 100_000, "deeply"),
        (Field("a", Kind.NUMBER, "A"), "1e400", "number"),
        (Field("a", Kind.INTEGER, "A", most=2**63 - 1), "9" * 30, "too large"),
        (Field("a", Kind.TEXT, "A", required=True), "  ", "needed"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_words(field: Field, typed: str, said: str) -> None:
    with pytest.raises(FieldError, match=said):
        read(field, typed)


def test_an_empty_field_says_what_it_expects() -> None:
    assert expectation(Field("a", Kind.INTEGER, "A", default=5, least=1, most=20)) == (
        "1 to 20, 5 if empty"
    )


@pytest.mark.parametrize(
    ("least", "most", "told"),
    [
        (1_000_000, 50_000_000, "1000000 to 50000000"),
        (0.1, None, "0.1 or more"),
        (-(2**53) + 1, 2**53 - 1, ""),
        (0, 2**63 - 1, "0 or more"),
    ],
)
def test_bounds_are_told_as_a_person_writes_them(least: Any, most: Any, told: str) -> None:
    assert expectation(Field("a", Kind.INTEGER, "A", least=least, most=most)) == told


def test_every_setting_has_words_and_survives_a_change() -> None:
    assert len(from_settings(shown_fields())) == len(shown_fields())
    config = Config()
    for choice in choices():
        assert choice.field.title
        assert choice.field.help
        assert choice.field.group
        assert choice.read(choice.write(config, choice.field.default)) == choice.field.default


def test_a_servers_own_setting_keeps_its_neighbours() -> None:
    config = Config().with_own("search", {"library": {"enabled": True, "max_mb": 7}})
    library = next(c for c in choices() if c.field.name == "enabled")
    changed = library.write(config, False)
    assert changed.settings.of("search")["library"] == {"enabled": False, "max_mb": 7}
