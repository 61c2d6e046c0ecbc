"""Reads YAML with ruamel: text in; nodes with positions, or plain comparable values out.

ruamel reads with libyaml (`ruamel.yaml.clib`), ten times faster than by itself.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from app.formats.spans import (
    TOO_DEEP,
    TOO_MUCH,
    AmbiguousError,
    Layout,
    Outline,
    UnreadableError,
    outline_of_list,
    position,
    refuse_many,
)

_PLAIN_FLOAT = re.compile(r"-?\d{1,9}\.\d{1,9}")
_MOST_NODES = 100_000
_DEEPEST = 100
_MOST_EVENTS = 5_000
"""Names, values, and beginnings and ends of lists and mappings in a text."""
_MOST_BY_RUAMEL = 1_000
"""The same in a text that libyaml refuses."""
_DIRECTIVE = re.compile(r"^%", re.MULTILINE)
_MOST_DIRECTIVES = 1_000
# YAML and its clients accept tabs here, ruamel does not; before a key nobody accepts them.
_TABBED = re.compile(
    r"(?<![ \t])[ \t]++(?=\r?$)|(?<![ \t\n])[ \t]++(?=#)|(?<=:)[ \t]++", re.MULTILINE
)
_TAG = "tag:yaml.org,2002:"


def outline(text: str, layout: Layout) -> Outline:
    """Raises FormatError if it is no YAML, or its servers are no mapping or list."""
    top = compose(text)
    if top is None or is_null(top):
        return Outline({}, False, {})
    if not isinstance(top, MappingNode):
        raise UnreadableError("The file holds no mapping of settings.", *_at(top))
    plain = _Plain()
    rest = {key_of(key): plain.of(value) for key, value in pairs(top) if not is_root(key, layout)}
    root = root_of(top, layout)
    if root is None or is_null(root):
        return Outline({}, root is not None, rest)
    if not layout.is_list:
        if not isinstance(root, MappingNode):
            raise AmbiguousError(f"`{layout.root[0]}` is no mapping.", *_at(root))
        servers = {key_of(key): plain.of(value) for key, value in pairs(root)}
        return Outline(servers, True, rest)
    if not isinstance(root, SequenceNode):
        raise AmbiguousError(f"`{layout.root[0]}` is no list.", *_at(root))
    return outline_of_list(((plain.of(item), _at(item)) for item in root.value), rest)


def plain_value(text: str) -> Any:
    """The value of `text`, None for an empty one; raises FormatError when it is no YAML."""
    top = compose(text)
    return None if top is None else _Plain().of(top)


@lru_cache(maxsize=8)
def compose(text: str) -> Node | None:
    """The root node, None for an empty text; raises FormatError when it is no YAML."""
    try:
        return _compose(text)
    except UnreadableError:
        spaced = _TABBED.sub(lambda gap: " " * len(gap[0]), text) if "\t" in text else text
        if spaced == text:
            raise
        return _compose(spaced)


def _compose(text: str) -> Node | None:
    try:
        yaml = YAML(typ="safe", pure=_needs_ruamel(text))
        yaml.composer.warn_double_anchors = False  # the warning is for programmers
        return yaml.compose(text)  # type: ignore[no-any-return]
    except UnreadableError:
        raise
    except MarkedYAMLError as broken:
        mark = broken.problem_mark or broken.context_mark
        where = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        kind = AmbiguousError if "another document" in str(broken.problem) else UnreadableError
        raise kind(f"{_sentence(broken)}.", *where) from None
    except YAMLError as broken:
        at = getattr(broken, "position", 0)
        raise UnreadableError(
            "The file holds a character that YAML forbids.", *position(text, at)
        ) from None
    except RecursionError:
        raise UnreadableError(TOO_DEEP, 1, 1) from None
    except (ValueError, IndexError, AttributeError):
        raise UnreadableError("The file is not YAML that can be read.", 1, 1) from None


def _needs_ruamel(text: str) -> bool:
    """Whether an anchor is set twice: YAML allows it, libyaml refuses it."""
    refuse_many(text, _DIRECTIVE, _MOST_DIRECTIVES)  # libyaml compares each with all others
    depth, anchors, is_twice = 0, set[str](), False
    for count, event in enumerate(YAML(typ="safe").parse(text), 1):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if isinstance(event, CollectionStartEvent | ScalarEvent) and event.anchor:
            is_twice = is_twice or event.anchor in anchors
            anchors.add(event.anchor)
        if depth > _DEEPEST:
            raise UnreadableError(TOO_DEEP, *_at(event))
        if count > (_MOST_BY_RUAMEL if is_twice else _MOST_EVENTS):
            raise UnreadableError(TOO_MUCH, *_at(event))
    return is_twice


def _sentence(broken: MarkedYAMLError) -> str:
    words = ", ".join(str(part).split("\n")[0] for part in (broken.context, broken.problem) if part)
    return words[:1].upper() + words[1:]


def _at(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def key_of(node: Node) -> str:
    return node.value if isinstance(node, ScalarNode) else repr(node.value)


def pairs(node: MappingNode) -> list[tuple[Node, Node]]:
    seen: set[str] = set()
    for key, _ in node.value:
        if key_of(key) in seen and key_of(key) != "<<":
            raise AmbiguousError(f"`{key_of(key):.60}` is there twice.", *_at(key))
        seen.add(key_of(key))
    return list(node.value)


def is_root(key: Node, layout: Layout) -> bool:
    """Whether this is the key of the servers."""
    return isinstance(key, ScalarNode) and key.value == layout.root[0]


def root_of(top: MappingNode, layout: Layout) -> Node | None:
    return next((value for key, value in top.value if is_root(key, layout)), None)


def is_flow(node: Node) -> bool:
    """Whether it is a flow mapping or sequence, in braces or brackets."""
    return bool(getattr(node, "flow_style", False))


def is_null(node: Node) -> bool:
    """Whether it is null: empty, `null` or a tilde."""
    return isinstance(node, ScalarNode) and node.tag == _TAG + "null"


class _Plain:
    """Turns nodes into plain values; refuses a text that grows too large by its aliases."""

    def __init__(self) -> None:
        self._left = _MOST_NODES

    def of(self, node: Node, depth: int = 0) -> Any:
        self._left -= 1
        if self._left < 0:
            raise UnreadableError(TOO_MUCH, *_at(node))
        if depth > _DEEPEST:
            raise UnreadableError(TOO_DEEP, *_at(node))
        if isinstance(node, MappingNode):
            return {key_of(key): self.of(value, depth + 1) for key, value in pairs(node)}
        if isinstance(node, SequenceNode):
            return [self.of(item, depth + 1) for item in node.value]
        return _scalar(node)


def _scalar(node: Node) -> Any:
    kind, text = str(node.tag).removeprefix(_TAG), str(node.value)
    if kind == "bool":
        return text.lower() == "true"
    if kind == "null":
        return None
    if kind == "int" and text.isdecimal() and len(text) < 19:
        return int(text)
    if kind == "float" and _PLAIN_FLOAT.fullmatch(text):
        return float(text)
    return text
