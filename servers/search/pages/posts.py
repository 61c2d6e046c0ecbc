"""Who wrote each post of a discussion, and when: the blocks that say so, beside the chosen ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from servers.search.pages.blocks import Block

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_WHO = re.compile(
    r"author|user-?_?name|poster|message-name|nickname|by-?line|creator|user-?details"
)
_WHEN = re.compile(r"date|(?<!run)time(?!line)|posted|attribution|post-?_?meta|comment-?_?meta")
_DATED = re.compile(r"\b(?:19|20)\d\d\b|\bago\b|\d{1,2}[:.]\d\d|yesterday|today", re.IGNORECASE)
_OTHER = re.compile(r"edited|joined|\d posts|register|start date|starter|seen", re.IGNORECASE)
"""What is told of people and changes, and not of a post."""
_NAMED = re.compile(r"[^\W\d]")
_MOST_WORDS = {"who": 4, "when": 12}
_FEW = 4
"""Names in one post: its author's for wide and for narrow screens, and those of who is quoted."""
_INNER = 8
"""Elements in a block that are looked at."""


def bylines(blocks: list[Block], taken: list[bool]) -> list[bool]:
    """`taken`, and of each post with a taken block the first that names its author or its date.

    Both may stand apart: the nearest element that holds some of a kind holds those of the post.
    """
    kinds = [_kind(block) for block in blocks]
    holding: dict[tuple[HtmlElement, str], list[int]] = {}
    for at, (block, kind) in enumerate(zip(blocks, kinds, strict=True)):
        for element in _upward(block.element) if kind else ():
            holding.setdefault((element, kind), []).append(at)
    found = list(taken)
    for block, kind, chosen in zip(blocks, kinds, taken, strict=True):
        if not chosen or kind:
            continue
        for wanted in _MOST_WORDS:
            near = (holding.get((one, wanted)) for one in _upward(block.element))
            several = next(filter(None, near), [])
            if 0 < len(several) <= _FEW and not any(taken[at] for at in several):
                found[several[0]] = True
    return found


def _upward(element: HtmlElement) -> Iterator[HtmlElement]:
    yield element
    yield from element.iterancestors()


def _kind(block: Block) -> str:
    """What of a post a block tells: `who`, `when`, or nothing of both."""
    if block.words > _MOST_WORDS["when"] or _OTHER.search(block.text):
        return ""
    inner = list(islice(block.element.iter(), _INNER))
    near = [block.element.getparent(), *inner]
    names = " ".join(
        f"{one.get('class')} {one.get('itemprop')}" for one in near if one is not None
    ).lower()
    if _DATED.search(block.text) and (
        _WHEN.search(names) or any(one.tag == "time" for one in inner)
    ):
        return "when"
    is_name = block.words <= _MOST_WORDS["who"] and _NAMED.search(block.text)
    return "who" if is_name and _WHO.search(names) else ""
