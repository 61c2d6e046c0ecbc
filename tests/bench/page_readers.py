"""Other readers of pages than Lou: which they are, and a program that lets one read many pages.

    python -m tests.bench.page_readers NAME ... < pages.json

In come `{"pages": [{"path", "url", "model"}], "models": [table], "rounds"}`, where `model` is the
number of the one that Lou shall read that page with, or null. Each page is read by each reader in
turn, so many rounds long. Out go by name the texts, and the seconds of processor time that they
took: of each page the median of its rounds. A page that a reader cannot stand is an empty text.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib
import json
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

EASY = "<article><h1>Herons</h1><p>A heron stood on the weir and did not move.</p></article>"
"""Read once before the clock starts, since what is loaded once is no time of a page."""


def page_text(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    return content.decode("utf-8", "replace")


@dataclass(frozen=True)
class Known:
    """What a reader may use: its library, the address of the page, and a model of Lou's."""

    library: Any
    url: str
    model: Any


def _lou(page: str, known: Known) -> str:
    return str(known.library.extract(page, known.url, "text", known.model).text)


def _trafilatura(page: str, known: Known) -> str:
    return known.library.extract(page, include_comments=False) or ""


def _readability(page: str, known: Known) -> str:
    from lxml import html

    return str(html.fromstring(known.library.Document(page).summary()).text_content())


def _newspaper(page: str, known: Known) -> str:
    article = known.library.Article("https://example.org/", fetch_images=False)
    article.download(input_html=page)
    article.parse()
    return str(article.text)


def _resiliparse(page: str, known: Known) -> str:
    return str(known.library.extract_plain_text(page, main_content=True))


READERS: dict[str, tuple[str, str, Callable[[str, Known], str]]] = {
    "Lou": ("", "servers.search.pages.extract", _lou),
    "trafilatura": ("trafilatura", "trafilatura", _trafilatura),
    "readability-lxml": ("readability-lxml==0.9", "readability", _readability),
    "newspaper4k": ("newspaper4k==0.9.6", "newspaper", _newspaper),
    "resiliparse": ("resiliparse==2.0.1", "resiliparse.extract.html2text", _resiliparse),
}
"""By name: the package, the module, and how it reads a page."""


LEARNED = Path(__file__).with_name("learned_pages.txt")
"""The digests of the pages that the shipped page model learned from."""


def digest(page: str) -> str:
    """By which a page is known again."""
    return hashlib.sha256(page.encode("utf-8", "replace")).hexdigest()[:16]


def in_turn(page: str, known: dict[str, Known], rounds: int) -> dict[str, tuple[str, float]]:
    """What each reader makes of the `page`, and the median of the seconds that it takes."""
    texts, took = dict.fromkeys(known, ""), {name: list[float]() for name in known}
    for _ in range(rounds):
        for name, one in known.items():
            began = time.process_time()
            with suppress(Exception):
                texts[name] = READERS[name][2](page, one)
            took[name].append(time.process_time() - began)
    return {name: (texts[name], median(took[name])) for name in known}


def main(names: list[str]) -> None:
    warnings.simplefilter("ignore")
    asked = json.load(sys.stdin)
    if "Lou" in names:
        from servers.search.pages.block_model import BlockModel

        asked["models"] = [BlockModel(table) for table in asked["models"]]
    with redirect_stdout(sys.stderr):
        libraries = {name: importlib.import_module(READERS[name][1]) for name in names}
        told = []
        for one in ({"page": EASY}, *asked["pages"]):
            page = one.get("page") or page_text(Path(one["path"]))
            model = asked["models"][one["model"]] if one.get("model") is not None else None
            known = {name: Known(libraries[name], one.get("url", ""), model) for name in names}
            told.append(in_turn(page, known, asked["rounds"]))
    columns = {name: zip(*(one[name] for one in told[1:]), strict=True) for name in names}
    json.dump({name: [texts, sum(took)] for name, (texts, took) in columns.items()}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
