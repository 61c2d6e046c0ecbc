"""Makes `servers/search/pages/block_model.json` from a folder of pages and their main texts.

The folder holds `html/NNNN.html.gz` and `ground-truth/NNNN.json`, as the Web Content eXtraction
Benchmark does. Needs lightgbm and scikit-learn, which nothing else of Lou does:

    python -m tests.bench.train_page_model FOLDER
    python -m tests.bench.train_page_model FOLDER --folds
    python -m tests.bench.train_page_model FOLDER --models > models.json

With `--folds` nothing is written: five models are made, each from the pages of four fifths of the
sites, and read the pages of the other sites. That is how well pages of unknown sites are read.
`--models` prints these models and the pages of the other sites, for `test_reading_bench`.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightgbm  # type: ignore[import-not-found]  # installed by hand for this alone
import numpy as np  # type: ignore[import-not-found]
from scipy.sparse import vstack  # type: ignore[import-not-found]
from sklearn.feature_extraction.text import CountVectorizer  # type: ignore[import-not-found]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-not-found]

from servers.search.pages import markup
from servers.search.pages.block_features import features
from servers.search.pages.block_model import TABLE, BlockModel
from servers.search.pages.block_surroundings import Names
from servers.search.pages.blocks import Block
from servers.search.pages.extract import extract
from servers.search.pages.main_text import page_blocks
from servers.search.pages.page_facts import PageFacts
from servers.search.pages.visibility import drop_unseen
from tests.bench.page_readers import LEARNED, digest

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_TREES, _SEEDS = 80, (3, 5, 7)
_HOW = {
    "objective": "cross_entropy",
    "learning_rate": 0.1,
    "num_leaves": 8,
    "min_data_in_leaf": 170,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5,
    "max_bin": 63,
    "num_threads": 1,
    "verbosity": -1,
}
_SITES, _C = 5, 0.02
"""On how many sites a word of a name is that counts; how freely its weight is chosen."""
_DOUBTFUL = 0.5
_FOLDS = 5
_DROPPED, _LARGEST_DROPPED, _MOST_DROPPED, _UNNAMED = 0.25, 0.2, 0.5, 0.2
"""How many parts of a page are left out, how large one and all are at most, and how many pages lose
the meaning of their names, as of those that programs name."""
_OF_THINNED = 0.5
"""What a thinned page weighs beside the whole one."""
_HEAVIEST = 2.5
"""What one page weighs at most; most weigh 1.5, and 49 one whose text was marked as empty."""


@dataclass
class Sample:
    """A page to learn from."""

    name: str
    kind: str
    url: str
    page: str
    wanted: str
    rows: list[list[float]] = field(default_factory=list)
    names: list[Names] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    thinned: tuple[list[list[float]], list[float], list[float]] = ([], [], [])
    """The rows, shares and weights of the page without some of its parts."""

    @property
    def site(self) -> str:
        """The last two parts of its host; pages without an address are sites of their own."""
        host = re.sub(r"^https?://", "", self.url).partition("/")[0]
        return ".".join(host.split(".")[-2:]) or str(hash(self.page))


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def f1(found: str, wanted: str) -> float:
    ours, theirs = Counter(words(found)), Counter(words(wanted))
    both = sum((ours & theirs).values())
    return 2 * both / (ours.total() + theirs.total()) if both else float(ours == theirs)


def shares(blocks: list[Block], wanted: str) -> list[float]:
    """How much of each block is in the `wanted` text; doubtful ones are as their neighbours."""
    told = words(wanted)
    runs = set(zip(told, told[1:], told[2:], strict=False))
    lines = Counter(" ".join(words(line)) for line in wanted.splitlines())
    whole = f" {' '.join(told)} "
    found = []
    for block in blocks:
        own = block.tokens
        if len(own) < 3:
            line = " ".join(own)
            found.append(1.0 if lines[line] else _DOUBTFUL if f" {line} " in whole else 0.0)
            continue
        covered = [False] * len(own)
        for at in range(len(own) - 2):
            if tuple(own[at : at + 3]) in runs:
                covered[at : at + 3] = [True] * 3
        found.append(sum(covered) / len(own))
    for at, share in enumerate(found):
        if share == _DOUBTFUL:
            near = [one for one in found[max(0, at - 3) : at + 4] if one != _DOUBTFUL]
            found[at] = sum(near) / len(near) if near else 0.0
    return found


def samples(folder: Path) -> list[Sample]:
    found = []
    for path in sorted((folder / "ground-truth").glob("*.json")):
        truth = json.loads(path.read_text())
        raw = gzip.decompress((folder / "html" / f"{path.stem}.html.gz").read_bytes())
        kind = truth["_internal"]["page_type"]["primary"]
        wanted = truth["ground_truth"]["main_content"]
        page = raw.decode("utf-8", "replace")
        sample = Sample(path.stem, kind, truth["url"], page, wanted)
        _look(sample)
        found.append(sample)
    return found


def _look(sample: Sample) -> None:
    tree = markup.parsed(sample.page)
    if tree is None:
        return
    drop_unseen(tree)
    markup.space_apart(tree)
    blocks = page_blocks(tree)
    if not blocks:
        return
    facts = PageFacts(tree, sample.url)
    sample.rows, sample.names = features(blocks, facts)
    sample.shares, sample.weights = _wanted(blocks, sample)
    _thin(tree, blocks, random.Random(sample.name))
    blocks = page_blocks(tree)
    if blocks:
        told, weights = _wanted(blocks, sample)
        if max(told) >= 0.5:
            sample.thinned = features(blocks, facts)[0], told, weights


def _wanted(blocks: list[Block], sample: Sample) -> tuple[list[float], list[float]]:
    """How much of each block is wanted, and what the block weighs."""
    told = shares(blocks, sample.wanted)
    size = sum(one.words for one, share in zip(blocks, told, strict=True) if share >= 0.5)
    weights = [block.words / (max(1, size) + 50) for block in blocks]
    most = min(1.0, _HEAVIEST / sum(weights))
    return told, [most * weight for weight in weights]


def _thin(tree: HtmlElement, blocks: list[Block], dice: random.Random) -> None:
    """Take parts of the page away by chance, as if its site had left them out."""
    sizes: Counter[HtmlElement] = Counter()
    for block in blocks:
        for element in (block.element, *block.element.iterancestors()):
            sizes[element] += block.words
    total, left = sizes[tree], _MOST_DROPPED * sizes[tree]
    waiting = [tree]
    while waiting:
        for element in list(waiting.pop()):
            if sizes[element] > _LARGEST_DROPPED * total:
                waiting.append(element)
            elif 0 < sizes[element] <= left and dice.random() < _DROPPED:
                left -= sizes[element]
                element.getparent().remove(element)
    if dice.random() < _UNNAMED:
        for element in tree.iter("*"):
            element.attrib.pop("id", None)
            if names := element.get("class"):
                element.set("class", " ".join(f"x{digest(name)[:6]}" for name in names.split()))


def learned(several: list[Sample]) -> dict[str, Any]:
    """The table of a model that learned from `several` pages."""
    wanted = np.concatenate([one.shares for one in several])
    weights = np.concatenate([one.weights for one in several])
    rows, told, heavy = zip(*(one.thinned for one in several if one.thinned[0]), strict=True)
    heavy = np.concatenate([weights, *(_OF_THINNED * np.array(one) for one in heavy)])
    data = lightgbm.Dataset(
        np.array(
            [row for one in (*(page.rows for page in several), *rows) for row in one], np.float32
        ),
        np.concatenate([wanted, *told]),
        weight=heavy / heavy.mean(),
    )
    forests = [lightgbm.train(_HOW | {"seed": seed}, data, _TREES).dump_model() for seed in _SEEDS]
    return {
        "forests": [
            [_tree(tree["tree_structure"]) for tree in forest["tree_info"]] for forest in forests
        ],
        "words": _words(several, wanted, weights),
    }


def _words(several: list[Sample], wanted: Any, weights: Any) -> dict[str, float]:
    """What each word weighs that names around blocks hold on several sites."""
    sites: dict[str, set[str]] = defaultdict(set)
    for one in several:
        for word in set().union(*one.names):
            sites[word].add(one.site)
    usual = sorted(word for word, on in sites.items() if len(on) >= _SITES)
    counter = CountVectorizer(analyzer=lambda names: names, vocabulary=usual, binary=True)
    found = counter.transform([names for one in several for names in one.names])
    model = LogisticRegression(C=_C, fit_intercept=False, max_iter=200)
    weights = weights / weights.mean()
    model.fit(
        vstack([found, found]),
        np.repeat([1, 0], len(wanted)),
        sample_weight=np.concatenate([wanted * weights, (1 - wanted) * weights]),
    )
    told = {word: round(float(one), 3) for word, one in zip(usual, model.coef_[0], strict=True)}
    return {word: weight for word, weight in told.items() if weight}


def _tree(node: dict[str, Any]) -> Any:
    if "leaf_value" in node:
        return round(node["leaf_value"], 5)
    limit = float(f"{node['threshold']:.7g}")
    return [node["split_feature"], limit, _tree(node["left_child"]), _tree(node["right_child"])]


def folds(several: list[Sample]) -> Iterator[tuple[dict[str, Any], list[Sample]]]:
    """The tables of models, each with the pages of the sites that it does not know."""
    sites = sorted({one.site for one in several})
    random.Random(0).shuffle(sites)
    for fold in range(_FOLDS):
        held = set(sites[fold::_FOLDS])
        table = learned([one for one in several if one.rows and one.site not in held])
        yield table, [one for one in several if one.site in held]


def by_folds(several: list[Sample]) -> None:
    """Print the word F1 of pages that each were read by a model that knew no page of their site."""
    import trafilatura

    scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for table, held in folds(several):
        model = BlockModel(table)
        for one in held:
            texts = {
                "Lou": extract(one.page, one.url, "text", model).text,
                "trafilatura": trafilatura.extract(one.page, include_comments=False) or "",
            }
            for name, text in texts.items():
                for kind in ("all", one.kind):
                    scores[name][kind].append(f1(text, one.wanted))
    for name, kinds in scores.items():
        for kind, told in sorted(kinds.items()):
            print(f"{name:12} {kind:14} {len(told):4} {sum(told) / len(told):.3f}")


def main(folder: Path, how: list[str]) -> None:
    several = samples(folder)
    if "--folds" in how:
        by_folds(several)
        return
    if "--models" in how:
        told = [
            {"table": table, "pages": [one.name for one in held]} for table, held in folds(several)
        ]
        json.dump(told, sys.stdout)
        return
    table = learned([one for one in several if one.rows])
    TABLE.write_text(json.dumps(table, separators=(",", ":"), ensure_ascii=False))
    LEARNED.write_text("".join(f"{digest(one.page)}\n" for one in several))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
