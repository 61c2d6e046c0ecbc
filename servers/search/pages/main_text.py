"""The part of a page that it is read for, from its tree. Blocks for tens of milliseconds.

A model tells for each block of text how likely it belongs to that part, whatever kind of page it
is. Where running text prevails, trafilatura's choice is weighed against it: on articles it is the
better of the two.
"""

from __future__ import annotations

import logging
import re
from copy import deepcopy
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from servers.search.pages import block_model
from servers.search.pages.block_features import SENTENCE, PageFacts, features
from servers.search.pages.blocks import UNREAD, Block, blocks_of, ends_sentence
from servers.search.pages.rendering import DataTables, rendered

if TYPE_CHECKING:
    from lxml.html import HtmlElement

Format = Literal["markdown", "text"]

_FEW = 100
"""Words; a page with fewer may hold its text for browsers without scripts."""
_RUNNING = 0.5
"""The share of words in sentences from which on trafilatura's choice is asked for."""
_NEARLY, _AT_ALL = 0.95, 0.5
"""How much of the best F1 to expect its choice must reach; less on a stated article."""
_SURELY_RUNNING, _MOSTLY_RUNNING, _SHORT_ARTICLE = 0.9, 0.85, 150
_STANDING = {"\u200c": "\U00010600", "\u200d": "\U00010601"}
"""Joiners, and letters of a dead script for them: trafilatura drops what does not print."""
_STOOD = str.maketrans({letter: joiner for joiner, letter in _STANDING.items()})
_WORD = re.compile(r"\w+")


def page_blocks(tree: HtmlElement) -> list[Block]:
    """The blocks of text a person sees; those in `noscript` where there is little else."""
    blocks = blocks_of(tree)
    words = sum(block.words for block in blocks)
    if words < _FEW and next(tree.iter("noscript"), None) is not None:
        whole = blocks_of(tree, UNREAD - {"noscript"})
        if sum(block.words for block in whole) > 3 * words + 20:
            return whole
    return blocks


def main_text(tree: HtmlElement, url: str, form: Format) -> str:
    """The main text of the page `tree` that came from `url`; empty when it holds none."""
    facts = PageFacts(tree, url)
    article, needed = "", _NEARLY
    if facts.is_article():
        article = _article(tree, form)
        running = _running_lines(article)
        if running >= _SURELY_RUNNING:
            return article
        needed = _AT_ALL if running >= _MOSTLY_RUNNING else _NEARLY
    blocks = page_blocks(tree)
    if not blocks:
        return article
    likely = _whole_tables(blocks, block_model.chances(features(tree, blocks, facts)))
    words = [block.words for block in blocks]
    limit, expected = block_model.limit(likely, words)
    if not article and _running(blocks) >= _RUNNING:
        article = _article(tree, form)
    if article and _expected(article, blocks, likely) >= needed * expected:
        return article
    chosen = [block for block, chance in zip(blocks, likely, strict=True) if chance >= limit]
    return rendered(chosen, marked=form == "markdown")


def _whole_tables(blocks: list[Block], likely: list[float]) -> list[float]:
    """The chances of `blocks`, one for all cells of a table of data."""
    table_of = DataTables().table_of
    evened: list[float] = []
    for table, group in groupby(zip(blocks, likely, strict=True), lambda one: table_of(one[0])):
        cells = list(group)
        if table is not None:
            words = sum(block.words for block, _ in cells)
            mean = sum(block.words * chance for block, chance in cells) / words
            cells = [(block, mean) for block, _ in cells]
        evened += [chance for _, chance in cells]
    return evened


def _expected(article: str, blocks: list[Block], likely: list[float]) -> float:
    """The F1 to expect of `article`, the text of some of the `blocks`."""
    told = [word.lower() for word in _WORD.findall(article)]
    weights = [chance * block.words for chance, block in zip(likely, blocks, strict=True)]
    shares = _shares(blocks, told)
    right = sum(weight * share for weight, share in zip(weights, shares, strict=True))
    return block_model.expected_f1(right, len(told), sum(weights))


def _running(blocks: list[Block]) -> float:
    """The share of the words of `blocks` that are in sentences."""
    words = sum(block.words for block in blocks)
    long = [one.words for one in blocks if one.words >= SENTENCE and ends_sentence(one.text)]
    return sum(long) / words if words else 0


def _running_lines(text: str) -> float:
    """The share of the words of `text` that are in sentences; 0 when it is short."""
    lines = [(line.rstrip(), len(_WORD.findall(line))) for line in text.splitlines()]
    words = sum(count for _, count in lines)
    long = [count for line, count in lines if count >= SENTENCE and ends_sentence(line)]
    return sum(long) / words if words > _SHORT_ARTICLE else 0


def _shares(blocks: list[Block], told: list[str]) -> list[float]:
    """How much of each block is in the text of the words `told`."""
    known = set(zip(told, told[1:], told[2:], strict=False))
    single = set(told)
    shares = []
    for block in blocks:
        words = [word.lower() for word in _WORD.findall(block.text)]
        if len(words) < 3:
            shares.append(0.5 if single.issuperset(words) else 0.0)
            continue
        runs = list(zip(words, words[1:], words[2:], strict=False))
        shares.append(sum(run in known for run in runs) / len(runs))
    return shares


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
    return str(found or "").translate(_STOOD)


def _stand_in(tree: HtmlElement) -> None:
    for element in tree.iter():
        for name in ("text", "tail"):
            text = getattr(element, name)
            if text and not text.isascii() and any(joiner in text for joiner in _STANDING):
                setattr(element, name, text.translate(str.maketrans(_STANDING)))
