"""Makes `servers/search/pages/block_model.json` from a folder of pages and their main texts.

The folder holds `html/NNNN.html.gz` and `ground-truth/NNNN.json`, as the Web Content eXtraction
Benchmark does. Needs lightgbm, which nothing else of Lou does:

    python tests/bench/train_page_model.py FOLDER
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from servers.search.pages import block_model, markup
from servers.search.pages.block_features import features
from servers.search.pages.blocks import Block
from servers.search.pages.main_text import page_blocks
from servers.search.pages.page_facts import PageFacts
from servers.search.pages.visibility import drop_unseen

_TREES = 150
_HOW = {
    "objective": "cross_entropy",
    "learning_rate": 0.1,
    "num_leaves": 8,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.2,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5,
    "max_bin": 63,
    "seed": 3,
    "num_threads": 1,
    "verbosity": -1,
}
_DOUBTFUL = 0.5


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


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


def table(node: dict[str, Any]) -> Any:
    if "leaf_value" in node:
        return round(node["leaf_value"], 5)
    limit = float(f"{node['threshold']:.7g}")
    return [
        node["split_feature"],
        limit,
        table(node["left_child"]),
        table(node["right_child"]),
    ]


def main(folder: Path) -> None:
    import lightgbm  # type: ignore[import-not-found]  # installed by hand for this alone
    import numpy as np

    rows, wanted, weights = [], [], []
    for path in sorted((folder / "ground-truth").glob("*.json")):
        truth = json.loads(path.read_text())
        page = gzip.decompress((folder / "html" / f"{path.stem}.html.gz").read_bytes())
        tree = markup.parsed(page.decode("utf-8", "replace"))
        if tree is None:
            continue
        drop_unseen(tree)
        markup.space_apart(tree)
        blocks = page_blocks(tree)
        if not blocks:
            continue
        told = shares(blocks, truth["ground_truth"]["main_content"])
        size = sum(one.words for one, share in zip(blocks, told, strict=True) if share >= 0.5)
        rows += features(blocks, PageFacts(tree, truth["url"]))
        wanted += told
        weights += [block.words / (max(1, size) + 50) for block in blocks]
    weighed = np.array(weights) / np.mean(weights)
    data = lightgbm.Dataset(np.array(rows, dtype=np.float32), np.array(wanted), weight=weighed)
    trees = lightgbm.train(_HOW, data, _TREES).dump_model()["tree_info"]
    told = json.dumps([table(tree["tree_structure"]) for tree in trees], separators=(",", ":"))
    Path(block_model.__file__).with_suffix(".json").write_text(told)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
