"""Form fields and the parser of their input: text in, typed values or FieldError out. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final


class Kind(Enum):
    """Which kind of editor a field gets."""

    TEXT = "text"
    LONG = "long"
    CHOICE = "choice"
    INTEGER = "integer"
    NUMBER = "number"
    SWITCH = "switch"
    TEXTS = "texts"
    GROUP = "group"
    JSON = "json"


class _Unset(Enum):
    UNSET = "unset"


UNSET: Final = _Unset.UNSET
"""No value: the field is left out of the arguments, and its default applies."""


_LARGEST_SHOWN: Final = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Field:
    """One input field. `parts` are the fields of a group."""

    name: str
    kind: Kind
    title: str
    help: str = ""
    default: Any = UNSET
    required: bool = False
    choices: tuple[Any, ...] = ()
    words: tuple[str, ...] = ()
    """The label of each choice; empty when the choices label themselves."""
    least: float | None = None
    most: float | None = None
    nullable: bool = False
    group: str = ""
    parts: tuple[Field, ...] = ()


class FieldError(Exception):
    """The input is not valid; the message says why."""


def read(field: Field, text: str) -> Any:
    """The value of `field` in `text`, UNSET for a blank one; raises FieldError if it has none."""
    if not text.strip():
        return _read_nothing(field)
    match field.kind:
        case Kind.INTEGER | Kind.NUMBER:
            return _read_number(field, text.strip())
        case Kind.TEXTS:
            return [line.strip() for line in text.splitlines() if line.strip()]
        case Kind.JSON:
            return _read_json(text)
        case _:
            return text


def written(field: Field, value: Any) -> str:
    """Format `value` as input text for `field`."""
    if value is UNSET or value is None:
        return ""
    if field.kind is Kind.TEXTS and isinstance(value, Sequence) and not isinstance(value, str):
        return "\n".join(str(item) for item in value)
    if field.kind is Kind.JSON:
        return json.dumps(value, ensure_ascii=False, indent=2)
    return str(value)


def expectation(field: Field) -> str:
    """The placeholder of an empty field, e.g. `1 to 20, 5 if empty`."""
    bounds = _bounds(field)
    default = field.default
    has_default = default is not UNSET and default not in (None, "", [], {})
    shown = written(field, default) if has_default and field.kind is not Kind.JSON else ""
    shown = shown if len(shown) <= 40 and "\n" not in shown else ""
    return ", ".join(part for part in (bounds, f"{shown} if empty" if shown else "") if part)


def _read_nothing(field: Field) -> Any:
    if not field.required:
        return UNSET
    if field.nullable:
        return None
    if field.kind is Kind.TEXTS:
        return []
    raise FieldError("This is needed.")


def _read_number(field: Field, text: str) -> int | float:
    is_whole = field.kind is Kind.INTEGER
    try:
        value: int | float = int(text) if is_whole else float(text)
    except ValueError:
        wanted = "a whole number" if is_whole else "a number"
        raise FieldError(f"This must be {wanted}.") from None
    below = field.least is not None and value < field.least
    above = field.most is not None and value > field.most
    if not (is_whole or math.isfinite(value)):
        raise FieldError(f"This must be {_bounds(field) or 'a number'}.")
    if below or above:
        bounds = _bounds(field)
        raise FieldError(f"This must be {bounds}." if bounds else "This is too large.")
    return value


def _read_json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        raise FieldError(f"This is not valid JSON: {error}.") from None
    except RecursionError:
        raise FieldError("This is nested too deeply.") from None


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no value of it")


def _bounds(field: Field) -> str:
    least, most = _bound(field.least), _bound(field.most)
    if least and most:
        return f"{least} to {most}"
    if least:
        return f"{least} or more"
    return f"{most} or less" if most else ""


def _bound(value: float | None) -> str:
    """Format a bound; empty for the limits of 64-bit integers, which say nothing to a user."""
    if value is None or abs(value) >= _LARGEST_SHOWN:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.12g}"
