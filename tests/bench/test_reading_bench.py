"""How well and how fast pages and documents are read, beside what else a user could pick.

`LOU_PAGES` names a folder of pages with their main texts, as the Web Content eXtraction Benchmark
lays them out; `LOU_PAGES_STEP` reads only every n-th. The model learned from 340 pages of that
benchmark's development split: of those pages, only `tests.bench.train_page_model --folds` tells how
well it reads, since there no model knows a page of the sites that it reads.
"""

from __future__ import annotations

import gzip
import importlib
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from servers.search.pages.documents import DocumentReader
from servers.search.pages.extract import extract
from tests.conftest import Figures
from tests.search.test_documents import pdf

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

CROWD = """
import asyncio, resource
from servers.search.pages.extract import Extractor

async def main():
    said = "A heron stood on the weir and did not move for the whole time I watched it. "
    part = "<section class='entry'><h2>Heron {}</h2><p>{}</p></section>"
    page = "".join(part.format(number, said * 6) for number in range(190))
    page = f"<html><body><main>{page}</main></body></html>"
    read = Extractor().read
    await asyncio.gather(*(read(f"{page}{at}", f"https://e.org/{at}", "text") for at in range(40)))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)

asyncio.run(main())
"""
"""40 pages of 100 KB, asked for at once; prints the most memory that it took."""

KINDS = {
    "article": 0.95,
    "documentation": 0.94,
    "service": 0.84,
    "forum": 0.84,
    "collection": 0.76,
    "listing": 0.75,
    "product": 0.75,
}


def _trafilatura(page: str, library: Any) -> str:
    return library.extract(page, include_comments=False) or ""


def _readability(page: str, library: Any) -> str:
    from lxml import html

    return str(html.fromstring(library.Document(page).summary()).text_content())


def _newspaper(page: str, library: Any) -> str:
    article = library.Article("https://example.org/")
    article.download(input_html=page)
    article.parse()
    return str(article.text)


def _resiliparse(page: str, library: Any) -> str:
    return str(library.extract_plain_text(page, main_content=True))


RIVALS: dict[str, tuple[str, Callable[[str, Any], str]]] = {
    "trafilatura": ("trafilatura", _trafilatura),
    "readability-lxml": ("readability", _readability),
    "newspaper4k": ("newspaper", _newspaper),
    "resiliparse": ("resiliparse.extract.html2text", _resiliparse),
}


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))


def f1(found: str, wanted: str) -> float:
    ours, theirs = words(found), words(wanted)
    both = sum((ours & theirs).values())
    return 2 * both / (sum(ours.values()) + sum(theirs.values())) if both else float(ours == theirs)


def readers() -> dict[str, Callable[[str, str], str]]:
    """Lou, and the rivals that are installed."""
    found: dict[str, Callable[[str, str], str]] = {
        "Lou": lambda page, url: extract(page, url, "text").text
    }
    for name, (module, read) in RIVALS.items():
        try:
            library = importlib.import_module(module)
        except ImportError:
            continue
        found[name] = lambda page, _url, read=read, library=library: read(page, library)
    return found


@pytest.mark.skipif("LOU_PAGES" not in os.environ, reason="LOU_PAGES names no folder of pages")
@pytest.mark.filterwarnings("ignore")  # of the rivals, some of which warn when they are imported
def test_pages_of_every_kind_against_other_readers(figure: Figures) -> None:
    folder = Path(os.environ["LOU_PAGES"])
    scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    seconds: Counter[str] = Counter()
    several = readers()
    for read in several.values():  # what is loaded once is no time of a page
        read("<article><p>A heron stood on the weir.</p></article>", "")
    every = int(os.environ.get("LOU_PAGES_STEP", "1"))
    for path in sorted((folder / "ground-truth").glob("*.json"))[::every]:
        truth = json.loads(path.read_text())
        page = gzip.decompress((folder / "html" / f"{path.stem}.html.gz").read_bytes())
        text, kind = page.decode("utf-8", "replace"), truth["_internal"]["page_type"]["primary"]
        for name, read in several.items():
            began = time.process_time()
            found = ""
            with suppress(Exception):  # a page that a reader cannot stand counts as unread
                found = read(text, truth["url"])
            seconds[name] += time.process_time() - began
            score = f1(found, truth["ground_truth"]["main_content"])
            scores[name][kind].append(score)
            scores[name]["all"].append(score)
    for name, kinds in scores.items():
        for kind in ("all", *KINDS):
            told = kinds[kind]
            least = KINDS.get(kind, 0.89) if name == "Lou" else None
            mean = sum(told) / len(told) if told else 0.0
            figure(f"reading: word F1, {kind} ({len(told)}), {name}", mean, "", at_least=least)
        per_page = seconds[name] * 1e3 / len(kinds["all"])
        figure(f"reading: time a page, {name}", per_page, "ms")
    figure(
        "reading: time against trafilatura",
        seconds["Lou"] / seconds["trafilatura"],
        "x",
        at_most=0.8,
    )
    best = max(scores, key=lambda name: sum(scores[name]["all"]))
    figure("reading: Lou is first", float(best == "Lou"), "", at_least=1)


def test_memory_of_40_pages_at_once(figure: Figures) -> None:
    told = subprocess.run([sys.executable, "-c", CROWD], capture_output=True, text=True, check=True)
    figure("reading: memory, 40 pages at once", float(told.stdout), "MB", at_most=300)


@pytest.mark.anyio
async def test_the_first_pages_of_a_long_pdf(figure: Figures) -> None:
    line = "A heron stood on the weir and did not move for the whole time I watched it."
    content = pdf([line] * 100)
    began = time.perf_counter()
    told = await DocumentReader().read(content, (1, 10), marked=True)
    took = time.perf_counter() - began
    assert told.text.count("heron") == 10
    assert told.note.startswith("Pages 1 to 10 of 100.")
    figure("reading: 10 pages of a PDF of 100", took, "s", at_most=1.5)
