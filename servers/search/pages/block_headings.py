"""Under which heading a block stands: how far it is from the last short text that opens a part.

Shops and forums name their parts alike, whatever their elements are called.
"""

from __future__ import annotations

from collections.abc import Iterator

from servers.search.pages.block_surroundings import Row, Surroundings
from servers.search.pages.blocks import Block

_PARTS = (
    "review reviews rating ratings testimonial testimonials feedback stars",
    "related similar may might also recommended recommend recommendations recently popular "
    "trending sponsored suggested pairs bestsellers best latest next linked explore keep discover "
    "more shop",
    "comment comments reply replies responses answer answers discussion",
    "shipping delivery returns return warranty payment guarantee financing policies pickup",
    "description details overview features specifications specs specification ingredients material "
    "materials included includes highlights dimensions summary about",
    "newsletter subscribe contact touch follow share join connect ready book schedule request",
    "faq faqs question questions frequently asked",
    "filter filters sort refine categories category brand size color colour narrow browse tags",
    "contents navigation menu skip jump sections",
    "us author story mission team company help support legal information resources links",
)
_PART_OF = {word: number for number, words in enumerate(_PARTS) for word in words.split()}
_LONGEST, _LOOKED_AT = 7, 5
"""Words of a text that may open a part, and how many of them are looked at."""
_FAR = 999.0


def parts(blocks: list[Block], around: Surroundings) -> Iterator[Row]:
    """For each part how many blocks ago it was opened, and how many elements up it meets a block.

    Blocks stand in the order of the page, so the element that holds two of them is the highest of
    those that hold two neighbours between them.
    """
    opened: list[tuple[int, int] | None] = [None] * len(_PARTS)
    highest = [0] * len(_PARTS)
    before = None
    for at, block in enumerate(blocks):
        element = around.of_blocks[at]
        if before is not None:
            shared = around.shared_depth(before, element)
            highest = [min(one, shared) for one in highest]
        if block.words <= _LONGEST:
            for word in block.tokens[:_LOOKED_AT]:
                part = _PART_OF.get(word)
                if part is not None:
                    depth = around.depths[element]
                    opened[part], highest[part] = (at, depth), depth
        row: Row = []
        for one, high in zip(opened, highest, strict=True):
            row += (_FAR, _FAR) if one is None else (at - one[0], one[1] - high)
        yield row
        before = element
