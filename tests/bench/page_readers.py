"""Other readers of pages than Lou: which they are, and a program that lets one read many pages.

    python -m tests.bench.page_readers NAME < paths

Prints one JSON object: the texts in the order of the paths (one a line, .html or .html.gz), and
the seconds of processor time that they took. A page that a reader cannot stand is an empty text.
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
from pathlib import Path
from typing import Any

EASY = "<article><h1>Herons</h1><p>A heron stood on the weir and did not move.</p></article>"
"""Read once before the clock starts, since what is loaded once is no time of a page."""


def page_text(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    return content.decode("utf-8", "replace")


def _trafilatura(page: str, library: Any) -> str:
    return library.extract(page, include_comments=False) or ""


def _readability(page: str, library: Any) -> str:
    from lxml import html

    return str(html.fromstring(library.Document(page).summary()).text_content())


def _newspaper(page: str, library: Any) -> str:
    article = library.Article("https://example.org/", fetch_images=False)
    article.download(input_html=page)
    article.parse()
    return str(article.text)


def _resiliparse(page: str, library: Any) -> str:
    return str(library.extract_plain_text(page, main_content=True))


READERS: dict[str, tuple[str, str, Callable[[str, Any], str]]] = {
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


def timed(pages: list[str], read: Callable[[str], str]) -> tuple[list[str], float]:
    """The text of each page, and the seconds of processor time for all of them."""
    texts, seconds = [], 0.0
    for page in (EASY, *pages):
        began = time.process_time()
        found = ""
        with suppress(Exception):
            found = read(page)
        if page is not EASY:
            seconds += time.process_time() - began
            texts.append(found)
    return texts, seconds


def main(name: str) -> None:
    warnings.simplefilter("ignore")
    pages = [page_text(Path(path)) for path in sys.stdin.read().splitlines()]
    _, module, read = READERS[name]
    with redirect_stdout(sys.stderr):
        library = importlib.import_module(module)
        texts, seconds = timed(pages, lambda page: read(page, library))
    json.dump({"texts": texts, "seconds": seconds}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
