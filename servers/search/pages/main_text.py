"""The part of a page that it is read for, from its tree. Blocks for tens of milliseconds.

A model tells for each block of text how likely it belongs to that part, whatever kind of page it
is. Trafilatura reads a page that says it is one article, too, since it is the better of the two
there, and one of a product where the model is unsure. The text of an article that is nearly all
sentences is taken as it is, if it holds most of those on the page, or all that stand where its own
do; else what trafilatura takes is weighed.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass
from itertools import compress, groupby
from operator import mul
from typing import TYPE_CHECKING, Any, Literal

from servers.search.pages import block_model
from servers.search.pages.block_features import SENTENCE, features
from servers.search.pages.block_model import BlockModel
from servers.search.pages.block_names import DIALOG, SIGNATURE, inside
from servers.search.pages.blocks import UNREAD, Block, blocks_of, ends_sentence, words_of
from servers.search.pages.page_facts import PageFacts
from servers.search.pages.posts import bylines
from servers.search.pages.rendering import rendered
from servers.search.pages.tables import DataTables

if TYPE_CHECKING:
    from lxml.html import HtmlElement

Format = Literal["markdown", "text"]


@dataclass(frozen=True, slots=True)
class MainText:
    """What a page is read for. `sure` is how many words of the page are likely to belong to it."""

    text: str
    sure: float = math.inf


_FEW = 100
"""Words; a page with fewer may hold its text for browsers without scripts."""
_PROSE, _PROSE_OF_PRODUCTS = 0.25, 0.15
"""The share of its words in sentences from which on a page may be an article, or be described."""
_UNSURE = 0.62
"""The word F1; where the best choice promises less, trafilatura is asked about a product, too."""
_LEAST_EXPECTED = 0.3
"""The word F1; where the best choice promises less, the page shows only what frames its text."""
_AGREED = 1.0
"""What it adds to the log-odds of a block that trafilatura takes it, or takes off if not."""
_OVER, _SIGNED = 2.0, 3.0
"""What it takes off the log-odds of a block that it stands in a dialog, of which 1 word of 80 is
text, or in the signature of a post."""
_RUNNING, _SHORTEST_ARTICLE = 0.9, 60
"""The share of its words in sentences, and how many words, that make it an article."""
_LEAST, _LEAST_IF_UNSURE = 0.12, 0.7
"""Of the words in sentences on the page; a choice with fewer missed the article, or a part of what
may be none."""
_RATHER, _MOST_LEFT = 0.5, 0.1
"""Where an article is whole: how likely its words are at least, and how many in sentences may be
left for each of its own in elements like its own."""
_ALL, _FEW_OF_ALL = 0.9, 0.1
"""The letters of a paragraph that are links, where it leads on; and the words of an article that
may stand in such paragraphs, if it is no list of links."""
_MOST = 0.8
"""Of the words of a title; what is like it and has as many says it again."""
_JOINERS, _LETTERS = "\u200c\u200d", "\U00010600\U00010601"
"""Joiners, and letters of a dead script for them: trafilatura drops what does not print."""


def page_blocks(tree: HtmlElement) -> list[Block]:
    """The blocks of text a person sees; those in `noscript` where there is little else."""
    blocks = blocks_of(tree)
    words = sum(block.words for block in blocks)
    if words < _FEW and next(tree.iter("noscript"), None) is not None:
        whole = blocks_of(tree, UNREAD - {"noscript"})
        if sum(block.words for block in whole) > 3 * words + 20:
            return whole
    return blocks


def main_text(
    tree: HtmlElement, url: str, form: Format, model: BlockModel | None = None
) -> MainText:
    """The main text of the page `tree` that came from `url`; empty when it holds none."""
    facts, blocks = PageFacts(tree, url), page_blocks(tree)
    words = [block.words for block in blocks]
    said = _in_sentences(blocks)
    prose = said / max(sum(words), 1)
    is_sure = facts.is_surely_article()
    may_be_article = is_sure or (facts.is_article() and prose >= _PROSE)
    article = _article(tree, form) if may_be_article else ""
    share = _share(article, said)
    least = _LEAST if is_sure else _LEAST_IF_UNSURE
    if not blocks or (share >= least and _runs_on(article)):
        return MainText(article, math.inf if blocks else 0)
    log_odds = _log_odds(blocks, facts, model or block_model.shipped())
    likely = [block_model.probability(one) for one in log_odds]
    _, best = block_model.best_threshold(likely, words)
    if facts.is_product and _LEAST_EXPECTED <= best < _UNSURE and prose >= _PROSE_OF_PRODUCTS:
        article = _article(tree, form)
    if best < _LEAST_EXPECTED and share < _LEAST:
        return MainText("", 0)
    if article:
        in_article = _taken(blocks, article)
        is_better = best < _UNSURE and share >= _LEAST_IF_UNSURE
        if facts.is_published() and (
            is_better or (_runs_on(article) and _is_whole(blocks, likely, in_article))
        ):
            return MainText(article)
        agreed = (_AGREED if one else -_AGREED for one in in_article)
        likely = [
            block_model.probability(one + more) for one, more in zip(log_odds, agreed, strict=True)
        ]
    likely = _whole_tables(blocks, likely)
    threshold, _ = block_model.best_threshold(likely, words)
    sure = sum(one * count for one, count in zip(likely, words, strict=True))
    taken = [one >= threshold for one in likely]
    if facts.is_discussion:
        taken = bylines(blocks, taken)
    _take_terms(blocks, taken)
    _leave_buttons(blocks, taken)
    chosen = _titled_once(_once(list(compress(blocks, taken))))
    if facts.is_article():
        chosen = _without_leads(chosen)
    return MainText(rendered(chosen, marked=form == "markdown"), sure)


def _log_odds(blocks: list[Block], facts: PageFacts, model: BlockModel) -> list[float]:
    """What the `model` tells of the `blocks`, less for those in dialogs and signatures."""
    log_odds = model.log_odds(*features(blocks, facts))
    aside = [(_OVER, DIALOG), *([(_SIGNED, SIGNATURE)] if facts.is_discussion else [])]
    for less, called in aside:
        is_in = inside(blocks, called)
        log_odds = [one - less * is_aside for one, is_aside in zip(log_odds, is_in, strict=True)]
    return log_odds


def _in_sentences(blocks: list[Block]) -> int:
    """How many words of the `blocks` are in sentences."""
    return sum(block.words for block in blocks if block.words >= SENTENCE and block.is_sentence)


def _share(text: str, said: int) -> float:
    """The words of `text`, which trafilatura chose, for each `said` one; 0 for no article."""
    words = len(words_of(text))
    return words / max(said, 1) if words > _SHORTEST_ARTICLE else 0.0


def _is_whole(blocks: list[Block], likely: list[float], taken: list[bool]) -> bool:
    """Whether the `taken` blocks are rather likely, and their text goes on in no other.

    A text goes on in such elements as it began in; teasers and comments stand in others.
    """
    words = [block.words for block in blocks]
    wanted = sum(compress(map(mul, likely, words), taken))
    sizes: dict[bool, Counter[tuple[object, ...]]] = {True: Counter(), False: Counter()}
    for block, is_taken in zip(blocks, taken, strict=True):
        if block.words >= SENTENCE and block.is_sentence:
            sizes[is_taken][_place(block)] += block.words
    left = sum(sizes[False][place] for place in sizes[True])
    is_likely = wanted >= _RATHER * sum(compress(words, taken)) > 0
    return is_likely and left <= _MOST_LEFT * sizes[True].total()


def _place(block: Block) -> tuple[object, ...]:
    """The tags of `block` and of what is around it, and what that is called."""
    around = block.element.getparent()
    return block.element.tag, *(() if around is None else (around.tag, around.get("class")))


def _runs_on(text: str) -> bool:
    """Whether nearly all of `text` is sentences, as only in articles."""
    lines = [(line.rstrip(), len(words_of(line))) for line in text.splitlines()]
    long = sum(count for line, count in lines if count >= SENTENCE and ends_sentence(line))
    return long >= _RUNNING * sum(count for _, count in lines)


def _whole_tables(blocks: list[Block], likely: list[float]) -> list[float]:
    """The probabilities of `blocks`, the same for all cells of a table of data."""
    table_of = DataTables().table_of
    smoothed: list[float] = []
    for table, group in groupby(zip(blocks, likely, strict=True), lambda one: table_of(one[0])):
        cells = list(group)
        if table is not None:
            words = sum(block.words for block, _ in cells)
            mean = sum(block.words * one for block, one in cells) / words
            cells = [(block, mean) for block, _ in cells]
        smoothed += [one for _, one in cells]
    return smoothed


def _take_terms(blocks: list[Block], taken: list[bool]) -> None:
    """Take the terms right before a definition that is taken, too."""
    for at in range(len(blocks) - 2, -1, -1):
        if taken[at + 1] and blocks[at].element.tag == "dt":
            taken[at] |= blocks[at + 1].element.tag in ("dt", "dd")


def _leave_buttons(blocks: list[Block], taken: list[bool]) -> None:
    """Leave out the buttons right beside code, which copy or run it."""
    for at, block in enumerate(blocks):
        if taken[at] and block.element.tag == "button" and block.words < SENTENCE:
            taken[at] = not any(near.code for near in blocks[max(at - 1, 0) : at + 2])


def _once(blocks: list[Block]) -> list[Block]:
    """The `blocks` without those that say again what one before them said at length.

    Answers quote what they answer, and pages hold a text for wide and for narrow screens; but what
    a text repeats itself, as a recipe does, are paragraphs apart from each other in one element.
    """
    first: dict[tuple[str, ...], Block] = {}
    found: list[Block] = []
    for block in blocks:
        is_kept = block.words < SENTENCE or block.code
        known = block if is_kept else first.setdefault(tuple(block.tokens), block)
        around = block.element.getparent()
        is_beside = block.element.tag == "p" and around is known.element.getparent()
        if known is block or (is_beside and block.tokens != found[-1].tokens):
            found.append(block)
    return found


def _titled_once(blocks: list[Block]) -> list[Block]:
    """The `blocks` without those that say the title again, as breadcrumbs and cards do."""
    title = next((block for block in blocks if block.element.tag == "h1"), None)
    if title is None:
        return blocks
    return [
        block
        for block, is_like in zip(blocks, _taken(blocks, title.text), strict=True)
        if block is title
        or not is_like
        or block.words < _MOST * title.words
        or block.code
        or block.element.tag in ("td", "th")
    ]


def _without_leads(blocks: list[Block]) -> list[Block]:
    """The `blocks` of an article without its few paragraphs that only lead to other pages."""
    leads = [
        block.element.tag == "p" and block.linked >= _ALL * len(block.text) for block in blocks
    ]
    words = [block.words for block in blocks]
    if sum(compress(words, leads)) > _FEW_OF_ALL * sum(words):
        return blocks
    return [block for block, leads_on in zip(blocks, leads, strict=True) if not leads_on]


def _taken(blocks: list[Block], article: str) -> list[bool]:
    """Whether each of the `blocks` is in the text of the `article`, wholly or for the most part."""
    tokens = words_of(article)
    known = set(zip(tokens, tokens[1:], tokens[2:], strict=False))
    taken = []
    for block in blocks:
        words = block.tokens
        runs = list(zip(words, words[1:], words[2:], strict=False))
        taken.append(sum(run in known for run in runs) > 0.5 * len(runs))
    return taken


def _article(tree: HtmlElement, form: Format) -> str:
    import trafilatura  # noqa: PLC0415 - takes 0.3 s, and only pages need it

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it complains of every odd page
    tree = deepcopy(tree)
    _stand_in(tree)
    found: Any = trafilatura.extract(
        tree,
        output_format="markdown" if form == "markdown" else "txt",
        include_links=False,
        include_images=False,
        include_tables=True,
        include_comments=False,
        fast=True,
    )
    return str(found or "").translate(str.maketrans(_LETTERS, _JOINERS))


def _stand_in(tree: HtmlElement) -> None:
    letters = str.maketrans(_JOINERS, _LETTERS)
    for element in tree.iter():
        for name in ("text", "tail"):
            text = getattr(element, name)
            if text and not text.isascii() and any(joiner in text for joiner in _JOINERS):
                setattr(element, name, text.translate(letters))
